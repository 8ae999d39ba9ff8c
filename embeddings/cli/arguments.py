"""The arguments of each command, one dataclass of settings for each."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from typing_extensions import Doc

from embeddings.analysis.clusters import GRANULARITY
from embeddings.errors import EmbeddingError
from embeddings.files.delimited.text_options import TextOptions
from embeddings.files.options import CHOICE_NAMES, ChoiceName
from embeddings.layouts import METHODS, AxesParams, LayoutSpec, find_method
from embeddings.metrics import Metric
from embeddings.settings import POSITIONAL, Alias, Metavar, check, describe, flag, hints

Json = Annotated[bool, Doc("Print one JSON document")]
File = Annotated[Path, POSITIONAL, Metavar("FILE"), Doc("Embedding file")]
ParquetOut = Annotated[Path, Metavar("OUT.parquet"), Doc("Parquet file to write")]

CHOICE_FIELDS: dict[ChoiceName, str] = {
    **{name: name for name in CHOICE_NAMES},
    "label": "label_column",
}
"""The field of FileArguments for each choice that a file may leave open."""


def reading_flags(selections: Mapping[ChoiceName, str], leave_out: bool = False) -> list[str]:
    """Return the flags of `embeddings` that read a file with these choices."""
    flags = []
    for name, value in selections.items():
        switches = {"yes": "--header", "no": "--no-header"} if name == "header" else {}
        flags.append(switches.get(value) or f"{flag(CHOICE_FIELDS[name])}={value}")
    return [*flags, *["--leave-out"] * leave_out]


def layout_flags(spec: LayoutSpec) -> list[str]:
    """Return the flags of `embeddings layout` that compute a layout, with all its parameters."""
    method = METHODS[spec.method]
    flags = [f"--method={method.name}", f"--dims={spec.dims}"]
    if method.uses_seed:
        flags.append(f"--seed={spec.seed}")
    for setting in describe(method.params):
        value = getattr(spec.params, setting.name)
        is_unused = isinstance(spec.params, AxesParams) and setting.name == "z" and spec.dims == 2
        if value is not None and not is_unused:
            flags.append(f"{setting.flag}={value}")
    return flags


@dataclass(frozen=True, kw_only=True)
class FileArguments(TextOptions, ABC):
    """How to read a file that can be read in more than one way."""

    # fmt: off

    vector: Annotated[str | None, Metavar("NAME"), Doc(
        "Column, array, tensor or obsm entry of the vectors; or columns, separated by "
        "commas")] = None
    label_column: Annotated[str | None, Metavar("NAME"), Doc(
        "Column or array of the labels")] = None
    split: Annotated[str | None, Metavar("NAME"), Doc(
        "Split of a data set: train, test, ...")] = None
    dimensions: Annotated[str | None, Metavar("NUMBER"), Doc(
        "Dimensions of the vectors, for a file of bare numbers")] = None
    ignore: Annotated[str | None, Metavar("NAMES"), Doc(
        "Columns to leave out, separated by commas")] = None
    category: Annotated[str | None, Metavar("NAMES"), Doc(
        "Columns to read as categories, separated by commas")] = None
    number: Annotated[str | None, Metavar("NAMES"), Doc(
        "Columns to read as numbers, separated by commas")] = None
    text: Annotated[str | None, Metavar("NAMES"), Doc(
        "Columns to read as text, separated by commas")] = None
    leave_out: Annotated[bool, Doc("Leave out rows with NaN or infinite numbers")] = False

    # fmt: on
    def __post_init__(self) -> None:
        check(self)

    @property
    def selections(self) -> dict[ChoiceName, str]:
        """The choices that were made."""
        given = {name: getattr(self, field) for name, field in CHOICE_FIELDS.items()}
        return {name: value for name, value in given.items() if value is not None}

    @property
    @abstractmethod
    def sources(self) -> tuple[Path, ...]:
        """The files of the set."""


@dataclass(frozen=True, kw_only=True)
class SingleFileArguments(FileArguments):
    """A set in one file, and how to read it."""

    file: File

    @property
    def sources(self) -> tuple[Path, ...]:
        """The file of the set."""
        return (self.file,)


@dataclass(frozen=True, kw_only=True)
class InspectArguments(FileArguments):
    """Describe a set, and list what is wrong with it."""

    files: Annotated[tuple[Path, ...], POSITIONAL, Metavar("FILE [FILE ...]"), Doc(
        "Embedding file, or several that are the parts of one set")] = ()  # fmt: skip
    json: Json = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.files:
            raise EmbeddingError("give at least one FILE; see python -m embeddings inspect --help")

    @property
    def sources(self) -> tuple[Path, ...]:
        """The parts of the set."""
        return self.files


@dataclass(frozen=True, kw_only=True)
class ConvertArguments(FileArguments):
    """Write a set in the format that the name of the target stands for."""

    files: Annotated[tuple[Path, ...], POSITIONAL, Metavar("IN [IN ...] OUT"), Doc(
        "File to read, or several that are the parts of one set; then the file to write"
        )] = ()  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.files) < 2:
            raise EmbeddingError("give IN and OUT; see python -m embeddings convert --help")

    @property
    def sources(self) -> tuple[Path, ...]:
        """The parts of the set."""
        return self.files[:-1]


@dataclass(frozen=True, kw_only=True)
class NeighborsArguments(SingleFileArguments):
    """List the exact nearest neighbors of an item, or of an expression, in the original space."""

    # fmt: off

    label: Annotated[str | None, POSITIONAL, Metavar("[LABEL]"), Doc("Label of the item")] = None
    row: Annotated[int | None, Doc("Row of the item, from 0, in place of its label")] = None
    expression: Annotated[str | None, Metavar('"king - man + woman"'), Doc(
        "Sum and difference of labels in place of one label; its operands are left out of the "
        "answer. Labels with signs are in double quotes")] = None
    role: Annotated[str | None, Doc(
        "Role of the item, where items of both sides have its label")] = None
    k: Annotated[int, Alias("-k"), Ge(1), Doc("Number of neighbors")] = 10
    metric: Annotated[Metric | None, Doc("Metric; default: the set's own")] = None
    json: Json = False

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        if [self.label, self.row, self.expression].count(None) != 2:
            raise EmbeddingError("give either a LABEL, --row N or --expression")


@dataclass(frozen=True, kw_only=True)
class _MethodArguments(SingleFileArguments):
    """A layout method, the dimensions and the seed."""

    # fmt: off

    method: Annotated[str, Metavar("{" + ",".join(METHODS) + "}"), Doc("Layout method")] = "umap"
    dims: Annotated[Literal[2, 3], Doc("Dimensions of the layout")] = 2
    seed: Annotated[int, Doc("Random seed")] = 0

    # fmt: on


def _parameters() -> Iterator[tuple[str, Any, Any]]:
    """Yield name, type and default of a field for each parameter of the layout methods."""
    owners: dict[str, list[str]] = {}
    for method in METHODS.values():
        for setting in describe(method.params):
            owners.setdefault(setting.name, []).append(method.title)
    for method in METHODS.values():
        for setting in describe(method.params):
            if setting.name in owners:
                titles = " and ".join(owners.pop(setting.name))
                default = "" if setting.default is None else f" (default: {setting.default})"
                hint, notes = hints(method.params)[setting.name]
                text = Doc(f"{titles}: {setting.help}{default}")
                yield setting.name, Annotated[hint | None, text, *notes], None


_Parameters: Any = dataclasses.make_dataclass(
    "_Parameters", _parameters(), frozen=True, kw_only=True
)
"""The parameters of all layout methods, each of which is None if it is not given."""


@dataclass(frozen=True, kw_only=True)
class LayoutMethodArguments(_Parameters, _MethodArguments):
    """A layout method with its parameters."""

    @property
    def spec(self) -> LayoutSpec:
        """The layout to compute.

        Raises
        ------
        EmbeddingError
            an unknown method, or a parameter of another method
        """
        method = find_method(self.method)
        names = {field.name for field in dataclasses.fields(_Parameters)}
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        known = hints(method.params).keys()
        for name in sorted(given.keys() - known):
            owners = [each.name for each in METHODS.values() if name in hints(each.params)]
            raise EmbeddingError(
                f"{flag(name)} is a parameter of {' and '.join(owners)}, not of {method.name}; "
                "leave it out or choose another method"
            )
        return LayoutSpec(method.name, self.dims, method.params(**given), self.seed)


@dataclass(frozen=True, kw_only=True)
class LayoutArguments(LayoutMethodArguments):
    """Compute a layout in 2D or 3D, write its coordinates and print its quality as JSON."""

    out: ParquetOut

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_parquet(self.out)


@dataclass(frozen=True, kw_only=True)
class QualityArguments(SingleFileArguments):
    """Measure how well a layout preserves the neighbors of a set."""

    layout: Annotated[Path, POSITIONAL, Metavar("LAYOUT.parquet"), Doc("Layout file of the set")]
    json: Json = False


@dataclass(frozen=True, kw_only=True)
class PlaceArguments(SingleFileArguments):
    """Place new vectors into a layout of a set, which does not move."""

    # fmt: off

    new: Annotated[Path, POSITIONAL, Metavar("NEW"), Doc(
        "File with the new vectors, read without the choices for FILE")]
    layout: Annotated[Path, Metavar("LAYOUT.parquet"), Doc("Layout file of the set")]
    out: ParquetOut

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        _check_parquet(self.out)

    @property
    def sources(self) -> tuple[Path, ...]:
        """Both files that are read."""
        return (self.file, self.new)


@dataclass(frozen=True, kw_only=True)
class ClusterArguments(LayoutMethodArguments):
    """Find the clusters of a layout, and write the cluster of each item."""

    # fmt: off

    out: ParquetOut
    layout: Annotated[Path | None, Metavar("LAYOUT.parquet"), Doc(
        "Layout file to cluster; default: a layout is computed by the method")] = None
    fineness: Annotated[float, Ge(0), Le(1), Doc("Size of the clusters: 0 coarse, 1 fine")] = (
        GRANULARITY
    )
    json: Json = False

    # fmt: on
    def __post_init__(self) -> None:
        super().__post_init__()
        _check_parquet(self.out)


def _check_parquet(out: Path) -> None:
    if out.suffix.lower() != ".parquet":
        raise EmbeddingError(f"--out {out}: the file is Parquet; let its name end in .parquet")
