"""The command line: python -m embeddings inspect, convert, neighbors, layout, quality, cluster.

Results go to standard output, with --json as one JSON document and nothing else; progress and
notes go to standard error. Whatever the user got wrong ends in one line `error: ...` and status 2.
Heavy libraries are imported by the command that needs them.
"""

import argparse
import sys
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from embeddings import layouts, neighbors
from embeddings.arguments import FLAGS, method_params, parser
from embeddings.cache import Cache
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import read, save
from embeddings.files.options import CHOICE_NAMES, NothingFinite, ReadContext
from embeddings.layouts import Layout
from embeddings.neighbors.graph import load_or_build
from embeddings.terminal import TerminalProgress, note, print_result

_ROWS_LISTED = 20
_OTHERS_LISTED = 8


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0, or 2 where the user got something wrong."""
    try:
        options = parser(_COMMANDS).parse_args(arguments)
        options.run(options)
    except (EmbeddingError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


def inspect(options: argparse.Namespace) -> None:
    """Say what a set is and what is wrong with it."""
    from embeddings.analysis.summary import summarize, summarize_nothing

    context = _read_context(options)
    context.leave_out = True
    try:
        embedding_set = read([Path(file) for file in options.files], context)
    except NothingFinite as found:
        facts = summarize_nothing(found)
    else:
        facts = summarize(embedding_set, left_out=context.left_out)
    _say_choices(context)
    print_result(facts, options.json)


def convert(options: argparse.Namespace) -> None:
    """Write a set in the format that the name of the target says."""
    lost = save(_open(options, *options.source), options.target)
    if lost:
        note(f"{options.target} cannot hold: {', '.join(lost)}")


def find_neighbors(options: argparse.Namespace) -> None:
    """List the exact nearest neighbors of one item, in the original space."""
    embedding_set = _open(options, options.file)
    if (options.label is None) == (options.row is None):
        raise EmbeddingError("give either a LABEL or --row N, to say whose neighbors are wanted")
    row = _row_of(embedding_set, options.label) if options.row is None else options.row
    found = neighbors.query(embedding_set, row, options.k, options.metric)
    answers = [
        {"row": int(neighbor), "label": embedding_set.labels[neighbor], found.kind: float(value)}
        for neighbor, value in zip(found.rows, found.values, strict=True)
    ]
    if options.json:
        print_result(answers, as_json=True)
        return
    print(f"{'row':>9}  {found.metric} {found.kind}  label")
    width = len(f"{found.metric} {found.kind}")
    for answer in answers:
        print(f"{answer['row']:>9}  {answer[found.kind]:>{width}.4f}  {answer['label']}")


def layout(options: argparse.Namespace) -> None:
    """Lay a set out in 2D or 3D, write the coordinates and print how good they are, as JSON."""
    out = _parquet_path(options.out)
    spec = layouts.LayoutSpec(options.method, options.dims, method_params(options), options.seed)
    embedding_set = _open(options, options.file)
    with TerminalProgress() as progress:
        made = layouts.compute(embedding_set, spec, cache=Cache(), progress=progress)
    layouts.save_layout(made, embedding_set.labels, out)
    note(*made.notes)
    print_result(_judgment(made), as_json=True)


def quality(options: argparse.Namespace) -> None:
    """Judge a layout of a set, by trustworthiness and by the share of neighbors kept."""
    from embeddings.layouts.quality import evaluate_layout

    embedding_set, made = _open(options, options.file), layouts.load_layout(options.layout)
    _check_belongs(made, embedding_set)
    metric = layouts.layout_metric(embedding_set)
    with TerminalProgress() as progress:
        graph = load_or_build(embedding_set, Cache(), metric=metric, progress=progress)
    judgment = evaluate_layout(embedding_set, graph, made.coordinates)
    print_result(_judgment(replace(made, metric=metric, quality=judgment)), options.json)


def cluster(options: argparse.Namespace) -> None:
    """Find the clusters of a layout, and write the cluster of each item."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from embeddings.analysis import clusters
    from embeddings.analysis.cluster_names import name_clusters
    from embeddings.files.atomic import atomic_path

    out = _parquet_path(options.out)
    embedding_set = _open(options, options.file)
    if options.layout:
        made = layouts.load_layout(options.layout)
        _check_belongs(made, embedding_set)
    else:
        params = method_params(options)
        spec = layouts.LayoutSpec(options.method, options.dims, params, options.seed)
        with TerminalProgress() as progress:
            made = layouts.compute(
                embedding_set, spec, cache=Cache(), progress=progress, with_quality=False
            )
        note(*made.notes)
    found = clusters.cluster(made.coordinates, options.fineness)
    names = name_clusters(found, embedding_set.labels)
    columns = {
        "row": pa.array(range(len(embedding_set)), pa.int64()),
        "label": pa.array(embedding_set.labels, pa.string()),
        "cluster": found.labels,
        "name": pa.array([names[i] if i >= 0 else None for i in found.labels], pa.string()),
    }
    with atomic_path(out) as temporary:
        pq.write_table(pa.table(columns), temporary, compression="zstd")
    result = {
        "method": made.method,
        "seed": made.seed,
        "fineness": found.granularity,
        "clusters": found.count,
        "noise_share": found.noise_fraction,
        "sizes": list(found.sizes),
        "names": list(names),
    }
    print_result(result, options.json)


def _open(options: argparse.Namespace, *files: str) -> EmbeddingSet:
    """Open the files of one set; say what was assumed and what else could be chosen."""
    context = _read_context(options)
    embedding_set = read([Path(file) for file in files], context)
    _say_choices(context)
    return embedding_set


def _read_context(options: argparse.Namespace) -> ReadContext:
    answers = {what: getattr(options, f"choose_{what}") for what in CHOICE_NAMES}
    given = {what: answer for what, answer in answers.items() if answer is not None}
    return ReadContext(note, given, options.leave_out, trusted=True)


def _say_choices(context: ReadContext) -> None:
    """Say which choices were made by guess, how to make them otherwise, and what is left out."""
    if len(context.left_out):
        rows = ", ".join(map(str, context.left_out[:_ROWS_LISTED].tolist()))
        more = f" and {len(context.left_out) - _ROWS_LISTED:,} more"
        note(
            f"left out {len(context.left_out):,} rows that hold NaN or inf: {rows}"
            + more * (len(context.left_out) > _ROWS_LISTED)
        )
    for name, choice in context.choices.items():
        others = [each for each in choice.candidates if each != choice.selected]
        if others and not choice.certain:
            more = f" and {len(others) - _OTHERS_LISTED:,} more" * (len(others) > _OTHERS_LISTED)
            note(
                f"{name}: {choice.selected or 'none'}; --{FLAGS[name]} chooses another: "
                f"{', '.join(others[:_OTHERS_LISTED])}{more}"
            )


def _row_of(embedding_set: EmbeddingSet, label: str) -> int:
    """Return the row of the only item with this label; EmbeddingError names what else there is."""
    rows = [row for row, other in enumerate(embedding_set.labels) if other == label]
    if len(rows) == 1:
        return rows[0]
    if rows:
        listed = ", ".join(map(str, rows[:_ROWS_LISTED]))
        more = f" and {len(rows) - _ROWS_LISTED:,} more" if len(rows) > _ROWS_LISTED else ""
        raise EmbeddingError(
            f"{len(rows):,} items have the label {label!r}: rows {listed}{more}; "
            "choose one with --row N"
        )
    folded = {other.casefold(): other for other in embedding_set.labels}
    close = [folded[key] for key in get_close_matches(label.casefold(), folded, n=5)]
    hint = f"; close to it: {', '.join(close)}" if close else "; `inspect` shows what the set holds"
    raise EmbeddingError(f"no item has the label {label!r}{hint}")


def _check_belongs(made: Layout, embedding_set: EmbeddingSet) -> None:
    """Raise EmbeddingError for a layout of another number of items; warn of other vectors."""
    if len(made.coordinates) != len(embedding_set):
        raise EmbeddingError(
            f"the layout has {len(made.coordinates):,} rows and the set {len(embedding_set):,}; "
            "give the layout that was made from this set"
        )
    if made.fingerprint and made.fingerprint != embedding_set.fingerprint:
        note("warning: the layout was made from other vectors than these")


def _parquet_path(name: str) -> Path:
    """Return the path to write to, which must end in .parquet."""
    path = Path(name)
    if path.suffix.lower() != ".parquet":
        raise EmbeddingError(f"--out {name}: Parquet is written; let the name end in .parquet")
    return path


def _judgment(made: Layout) -> dict[str, Any]:
    """Return what `layout` and `quality` print."""
    return {
        "method": made.method,
        "dims": made.dims,
        "metric": made.metric,
        "seed": made.seed,
        "seconds": round(made.seconds, 3),
        **made.quality,
    }


_COMMANDS = {
    "inspect": inspect,
    "convert": convert,
    "neighbors": find_neighbors,
    "layout": layout,
    "quality": quality,
    "cluster": cluster,
}
