"""The command line: python -m embeddings inspect, convert, neighbors, layout, quality, cluster.

Results go to standard output, with --json as one JSON document and nothing else; progress and
notes go to standard error. Whatever the user got wrong ends in one line `error: ...` and status 2.
Heavy libraries are imported by the command that needs them.
"""

import argparse
import os
import sys
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from embeddings import layouts, neighbors
from embeddings.cache import Cache
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import load, save
from embeddings.graphs import load_or_build
from embeddings.layouts import Layout
from embeddings.metrics import METRICS
from embeddings.terminal import Progress, note, print_result

_ROWS_LISTED = 20


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0, or 2 where the user got something wrong."""
    try:
        options = _parser().parse_args(arguments)
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
    from embeddings.summary import summarize

    first, *others = options.files
    print_result(summarize(load(first, others, note=note)), options.json)


def convert(options: argparse.Namespace) -> None:
    """Write a set in the format that the name of the target says."""
    lost = save(load(options.source, note=note), options.target)
    if lost:
        note(f"{options.target} cannot hold: {', '.join(lost)}")


def find_neighbors(options: argparse.Namespace) -> None:
    """List the exact nearest neighbors of one item, in the original space."""
    embedding_set = load(options.file, note=note)
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
    params = _params(options)
    embedding_set = load(options.file, note=note)
    with Progress() as report:
        made = layouts.compute(
            embedding_set, options.method, options.dims, params, options.seed,
            cache=Cache(), report=report,
        )  # fmt: skip
    layouts.save_layout(made, embedding_set.labels, out)
    note(*made.notes)
    print_result(_judgment(made), as_json=True)


def quality(options: argparse.Namespace) -> None:
    """Judge a layout of a set, by trustworthiness and by the share of neighbors kept."""
    from embeddings.quality import judge

    embedding_set, made = load(options.file, note=note), layouts.load_layout(options.layout)
    _check_belongs(made, embedding_set)
    metric = layouts.layout_metric(embedding_set)
    with Progress() as report:
        graph = load_or_build(embedding_set, Cache(), metric=metric, report=report)
    judgment = judge(embedding_set, graph, made.coordinates)
    print_result(_judgment(replace(made, metric=metric, quality=judgment)), options.json)


def cluster(options: argparse.Namespace) -> None:
    """Find the clusters of a layout, and write the cluster of each item."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from embeddings import clusters
    from embeddings.files.atomic import atomic_path

    out = _parquet_path(options.out)
    embedding_set = load(options.file, note=note)
    if options.layout:
        made = layouts.load_layout(options.layout)
        _check_belongs(made, embedding_set)
    else:
        with Progress() as report:
            made = layouts.compute(
                embedding_set, options.method, options.dims, _params(options), options.seed,
                cache=Cache(), report=report, judged=False,
            )  # fmt: skip
        note(*made.notes)
    found = clusters.cluster(made.coordinates, options.fineness)
    names = clusters.names(found, embedding_set.labels)
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
        "fineness": found.fineness,
        "clusters": found.count,
        "noise_share": found.noise_share,
        "sizes": list(found.sizes),
        "names": list(names),
    }
    print_result(result, options.json)


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


def _params(options: argparse.Namespace) -> layouts.Params:
    """Return the method's parameters from the options that were given."""
    kind = layouts.PARAMS[options.method]
    known = {field.name for field in fields(kind)}
    given = {name: getattr(options, name) for name in _param_help()}
    given = {name: value for name, value in given.items() if value is not None}
    for name in given.keys() - known:
        owners = [m for m, k in layouts.PARAMS.items() if name in {f.name for f in fields(k)}]
        raise EmbeddingError(
            f"--{name.replace('_', '-')} is a parameter of {' and '.join(owners)}, "
            f"not of {options.method}; leave it out or choose another method"
        )
    return kind(**given)


def _param_help() -> dict[str, str]:
    """Return the help of every method parameter, by name."""
    return {
        field.name: field.metadata["help"]
        for kind in layouts.PARAMS.values()
        for field in fields(kind)
    }


def _value(text: str) -> int | float | str:
    """Return a parameter as a number where it is one; its dataclass checks it."""
    for convert_to in (int, float):
        try:
            return convert_to(text)
        except ValueError:
            continue
    return text


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


class _Parser(argparse.ArgumentParser):
    """Wrong arguments are the user's errors like any other: one line, status 2."""

    def error(self, message: str) -> NoReturn:
        raise EmbeddingError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m embeddings", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=run.__doc__, description=run.__doc__, allow_abbrev=False
        )
        added.set_defaults(run=run)
        return added

    added = command("inspect", inspect)
    added.add_argument("files", metavar="FILE", nargs="+", help="several: the parts of one set")
    _add_json(added)

    added = command("convert", convert)
    added.add_argument("source", metavar="IN")
    added.add_argument("target", metavar="OUT")

    added = command("neighbors", find_neighbors)
    added.add_argument("file", metavar="FILE")
    added.add_argument("label", metavar="LABEL", nargs="?")
    added.add_argument("--row", type=int, help="row number instead of a label, from 0")
    added.add_argument("-k", type=int, default=10, help="how many (10)")
    added.add_argument("--metric", choices=METRICS, help="the set's own by default")
    _add_json(added)

    added = command("layout", layout)
    added.add_argument("file", metavar="FILE")
    _add_method(added)
    added.add_argument("--out", required=True, metavar="OUT.parquet")

    added = command("quality", quality)
    added.add_argument("file", metavar="FILE")
    added.add_argument("layout", metavar="LAYOUT.parquet")
    _add_json(added)

    added = command("cluster", cluster)
    added.add_argument("file", metavar="FILE")
    added.add_argument("--out", required=True, metavar="OUT.parquet")
    added.add_argument("--layout", metavar="LAYOUT.parquet", help="find the clusters of this one")
    _add_method(added)
    added.add_argument("--fineness", type=float, default=0.5, help="0 coarse to 1 fine (0.5)")
    _add_json(added)
    return parser


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _add_method(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--method", choices=layouts.METHODS, default="umap", help="umap by default")
    parser.add_argument("--dims", type=int, choices=(2, 3), default=2)
    parser.add_argument("--seed", type=int, default=0)
    for name, help_text in _param_help().items():
        spellings = dict.fromkeys((f"--{name.replace('_', '-')}", f"--{name}"))
        parser.add_argument(*spellings, dest=name, type=_value, help=help_text)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning costs tenfold on a busy machine
    sys.exit(main())
