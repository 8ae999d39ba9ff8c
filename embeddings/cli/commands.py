"""What each command does, in the order of `python -m embeddings --help`."""

import math
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from embeddings import layouts, neighbors
from embeddings.analysis import algebra
from embeddings.arrow_types import decoded
from embeddings.cache import Cache
from embeddings.cli.arguments import (
    CHOICE_FIELDS,
    ClusterArguments,
    ConvertArguments,
    FileArguments,
    InspectArguments,
    LayoutArguments,
    LayoutMethodArguments,
    NeighborsArguments,
    PlaceArguments,
    QualityArguments,
)
from embeddings.cli.terminal import TerminalProgress, note, print_result, text_table, write
from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import read, save
from embeddings.files.delimited.reading_summary import reading_summary
from embeddings.files.limits import limited_reading, read_limits
from embeddings.files.options import NothingFinite, ReadContext
from embeddings.labels import close_labels
from embeddings.layouts import Layout
from embeddings.neighbors import Neighbors
from embeddings.neighbors.graph import build_graph, load_or_build
from embeddings.settings import flag
from embeddings.supervision.limited_command import limited
from embeddings.text import count_noun, decimals_to_distinguish, listed

_COMMAND_TIMES = 10.0
_MAX_ROWS_LISTED = 20
_MAX_CANDIDATES_LISTED = 8


def inspect(arguments: InspectArguments) -> None:
    """Describe a set, and list what is wrong with it."""
    from embeddings.analysis.summary import summarize, summarize_nothing

    context = ReadContext(note, arguments.selections, leave_out=True, trusted=True)
    try:
        embedding_set = read(arguments.files, context)
    except NothingFinite as nothing:
        facts = summarize_nothing(nothing)
    else:
        _compile_search(embedding_set)
        with limited_reading(arguments.files):
            facts = summarize(embedding_set, left_out=context.left_out)
    _note_choices(context)
    print_result(facts, arguments.json)


def convert(arguments: ConvertArguments) -> None:
    """Write a set in the format that the name of the target stands for."""
    *sources, target = arguments.files
    lost = save(_open(arguments, *sources), target)
    if lost:
        note(f"{target} cannot hold: {', '.join(lost)}")


def find_neighbors(arguments: NeighborsArguments) -> None:
    """List the exact nearest neighbors of an item, or of an expression, in the original space."""
    embedding_set = _open(arguments, arguments.file)
    if arguments.expression is not None:
        found = _of_expression(embedding_set, arguments)
    else:
        row = arguments.row
        if row is None:
            row = _row_of(embedding_set, arguments.label or "", arguments.role)
        found = neighbors.query(embedding_set, row, arguments.k, arguments.metric)
    answers = [
        {"row": int(neighbor), "label": embedding_set.labels[neighbor], found.kind: float(value)}
        for neighbor, value in zip(found.rows, found.values, strict=True)
    ]
    if arguments.json:
        print_result(answers, as_json=True)
        return
    lines = [["row", f"{found.metric} {found.kind}", "label"]]
    decimals = decimals_to_distinguish(found.values, least=4)
    lines += [
        [f"{each['row']}", f"{each[found.kind]:.{decimals}f}", each["label"]] for each in answers
    ]
    write(text_table(lines, right=(True, True, False)))


def layout(arguments: LayoutArguments) -> None:
    """Compute a layout, write its coordinates and print its quality as JSON."""
    spec = arguments.spec
    embedding_set = _open(arguments, arguments.file)
    with TerminalProgress() as progress:
        made = layouts.compute(embedding_set, spec, cache=Cache(), progress=progress)
    layouts.save_layout(made, embedding_set.labels, arguments.out)
    note(*made.notes)
    print_result(_quality(made), as_json=True)


def quality(arguments: QualityArguments) -> None:
    """Measure how well a layout preserves the neighbors of a set."""
    from embeddings.layouts.quality import evaluate_layout

    embedding_set = _open(arguments, arguments.file)
    made = layouts.load_layout(arguments.layout)
    _check_belongs(made, embedding_set)
    metric = layouts.layout_metric(embedding_set)
    with TerminalProgress() as progress:
        graph = load_or_build(embedding_set, Cache(), metric=metric, progress=progress)
    measured = evaluate_layout(embedding_set, graph, made.coordinates)
    print_result(_quality(replace(made, metric=metric, quality=measured)), arguments.json)


def place(arguments: PlaceArguments) -> None:
    """Place new vectors into a layout, write their coordinates and print how, as JSON."""
    embedding_set = _open(arguments, arguments.file)
    made = layouts.load_layout(arguments.layout)
    _check_belongs(made, embedding_set)
    context = ReadContext(note, trusted=True)
    new = read((arguments.new,), context)
    _note_choices(context)
    if new.dimensions != embedding_set.dimensions:
        raise EmbeddingError(
            f"{arguments.new.name} has vectors of {new.dimensions:,} dimensions, and "
            f"{arguments.file.name} of {embedding_set.dimensions:,}"
        )
    with TerminalProgress() as progress:
        placed = layouts.place(embedding_set, made, new.vectors, progress)
    result = replace(made, coordinates=placed.coordinates, notes=(placed.how,), quality={})
    layouts.save_layout(result, new.labels, arguments.out)
    print_result({"rows": len(new), "dims": made.dims, "how": placed.how}, as_json=True)


def cluster(arguments: ClusterArguments) -> None:
    """Find the clusters of a layout, and write the cluster of each item."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from embeddings.analysis import clusters
    from embeddings.analysis.cluster_names import name_clusters
    from embeddings.analysis.column_index import index_columns
    from embeddings.files.atomic import atomic_path

    spec = arguments.spec
    embedding_set = _open(arguments, arguments.file)
    if arguments.layout:
        made = layouts.load_layout(arguments.layout)
        _check_belongs(made, embedding_set)
    else:
        with TerminalProgress() as progress:
            made = layouts.compute(
                embedding_set, spec, cache=Cache(), progress=progress, with_quality=False
            )
        note(*made.notes)
    found = clusters.cluster(made.coordinates, arguments.fineness)
    names = name_clusters(found, embedding_set, index_columns(embedding_set))
    columns = {
        "row": pa.array(range(len(embedding_set)), pa.int64()),
        "label": pa.array(embedding_set.labels, pa.string()),
        "cluster": found.labels,
        "name": pa.array([names[i] if i >= 0 else None for i in found.labels], pa.string()),
    }
    with atomic_path(arguments.out) as temporary:
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
    print_result(result, arguments.json)


def run(name: str, arguments: FileArguments) -> None:
    """Run a command within the limits on reading its files: on memory and open files altogether.

    The time of a layout depends on its method more than on the files. So the time of commands that
    compute one is limited only while they read; `inspect` is limited while it reads and again while
    it describes what it has read. Others may take _COMMAND_TIMES the time of reading.
    """
    limits = read_limits(arguments.sources, trusted=True)
    seconds = limits.seconds * _COMMAND_TIMES
    if isinstance(arguments, InspectArguments | QualityArguments | LayoutMethodArguments):
        seconds = math.inf
    limits = replace(limits, seconds=seconds, activity=f"`{name}` of it")
    with limited(limits, arguments.sources[0].name):
        COMMANDS[name][1](arguments)


COMMANDS: dict[str, tuple[type[FileArguments], Callable[[Any], None]]] = {
    "inspect": (InspectArguments, inspect),
    "convert": (ConvertArguments, convert),
    "neighbors": (NeighborsArguments, find_neighbors),
    "layout": (LayoutArguments, layout),
    "quality": (QualityArguments, quality),
    "place": (PlaceArguments, place),
    "cluster": (ClusterArguments, cluster),
}
"""The arguments and the function of each command."""


def _compile_search(embedding_set: EmbeddingSet) -> None:
    """Compile the search for the neighbors of many rows, or load its code from numba's cache.

    This takes more than the limit on time of a small file, once after the installation.
    """
    if len(embedding_set) > 1:
        build_graph(EmbeddingSet.of(embedding_set.vectors[:2]), 1)


def _open(arguments: FileArguments, *files: Path) -> EmbeddingSet:
    """Open the files of one set; note which choices were guessed."""
    context = ReadContext(note, arguments.selections, arguments.leave_out, trusted=True)
    embedding_set = read(files, context)
    _note_choices(context)
    return embedding_set


def _note_choices(context: ReadContext) -> None:
    """Note how text was read, the rows left out, and the choices that were guessed."""
    if "encoding" in context.choices:
        note(f"read as: {reading_summary(context.choices.values())}")
    if len(context.left_out):
        rows = listed(context.left_out.tolist(), _MAX_ROWS_LISTED)
        note(f"left out {count_noun(len(context.left_out), 'row')} with NaN or inf: {rows}")
    for name, choice in context.choices.items():
        others = [each for each in choice.candidates if each != choice.selected]
        if others and not choice.certain:
            note(
                f"{name}: {choice.selected or 'none'}; {flag(CHOICE_FIELDS[name])} chooses "
                f"another: {listed(others, _MAX_CANDIDATES_LISTED)}"
            )


def _of_expression(embedding_set: EmbeddingSet, arguments: NeighborsArguments) -> Neighbors:
    """Find the neighbors of the expression; note how its operands were read."""
    expression = algebra.parse_expression(arguments.expression or "", embedding_set.labels)
    query = algebra.evaluate(embedding_set, expression, arguments.metric)
    note(*query.notes)
    candidates = query.candidates(len(embedding_set))
    return neighbors.query_vectors(
        embedding_set, query.vector, arguments.k, query.metric, candidates
    )


def _row_of(embedding_set: EmbeddingSet, label: str, role: str | None = None) -> int:
    """Return the row of the only item with this label and, if it is given, this role.

    Raises
    ------
    EmbeddingError
        several items have the label, or none has; the message lists their rows, or close labels;
        or no item with the label has the role
    """
    rows = [row for row, other in enumerate(embedding_set.labels) if other == label]
    roles: list[str] = []
    if "role" in embedding_set.metadata.column_names:
        column = decoded(embedding_set.metadata.column("role")).to_pylist()
        roles = [str(column[row]) for row in rows]
    if role is not None and rows:
        if role not in roles:
            found = f"it is a {listed(dict.fromkeys(roles))}" if roles else "no column role"
            raise EmbeddingError(f"no item {label!r} has the role {role!r}: {found}")
        rows = [row for row, other in zip(rows, roles, strict=True) if other == role]
    if len(rows) == 1:
        return rows[0]
    if rows:
        choices = [f"--role {shlex.quote(each)}" for each in dict.fromkeys(roles)]
        choices = [] if role is not None or len(choices) < len(rows) else choices
        raise EmbeddingError(
            f"{len(rows):,} items have the label {label!r}: rows "
            f"{listed(rows, _MAX_ROWS_LISTED)}; choose one with {', '.join([*choices, '--row N'])}"
        )
    close = close_labels(embedding_set.labels, label)
    hint = f"; close to it: {', '.join(close)}" if close else "; `inspect` shows what the set holds"
    raise EmbeddingError(f"no item has the label {label!r}{hint}")


def _check_belongs(made: Layout, embedding_set: EmbeddingSet) -> None:
    """Raise EmbeddingError for a layout of another number of items; warn if vectors differ."""
    if len(made.coordinates) != len(embedding_set):
        raise EmbeddingError(
            f"the layout has {len(made.coordinates):,} rows and the set {len(embedding_set):,}; "
            "give a layout of this set"
        )
    if made.fingerprint and made.fingerprint != embedding_set.fingerprint:
        note("warning: the layout was made from other vectors")


def _quality(made: Layout) -> dict[str, Any]:
    """Return what `layout` and `quality` print."""
    return {
        "method": made.method,
        "dims": made.dims,
        "metric": made.metric,
        "seed": made.seed,
        "seconds": round(made.seconds, 3),
        **made.quality,
    }
