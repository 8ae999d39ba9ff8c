"""Files, folders and archives become one draft; what each part is, is detected from its content.

The parts are a data set of several files, a Projector's config with the files that it names, shards
of one table, or vectors with files that describe their rows. Images are joined to the rows that
name them. Readers are imported when a file needs them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member, is_packed, unpacked
from embeddings.files.arrays.parts import read_parts
from embeddings.files.companions import (
    add_columns,
    count_rows,
    find_vectors,
    may_hold_vectors,
)
from embeddings.files.compression import title
from embeddings.files.detect import (
    ARROW,
    ELMO,
    JSON,
    NPY,
    NPZ,
    PARQUET,
    RAW,
    Format,
    detect_format,
    read_head,
)
from embeddings.files.draft import Draft
from embeddings.files.hugging_face import dataset
from embeddings.files.limits import error_context
from embeddings.files.members import visible_files
from embeddings.files.options import ReadContext
from embeddings.files.projector import checkpoint
from embeddings.files.projector.config import is_config
from embeddings.files.sizes.table_count import check_tables
from embeddings.files.tabular.infer_types import infer_types
from embeddings.files.unsupported import is_document, refuse, refuse_folder
from embeddings.media import is_media, media_type
from embeddings.text import listed

_MAX_FILES = 100_000


def read_draft(paths: Sequence[Path], context: ReadContext) -> Draft:
    """Return what files, folders and archives hold together.

    Raises
    ------
    EmbeddingError
        a part that does not exist, is of no known format, or does not fit the others
    """
    with ExitStack() as stack:
        packed = [path for path in paths if _holds_files(path)]
        members = [
            member
            for path in paths
            for member in (
                stack.enter_context(_contents(path, context))
                if path in packed
                else [Member(path.name, path)]
            )
        ]
        if not packed:
            return _read_members(members, context)
        with error_context(packed[0]):
            members = _without_documents(members, context)
            return _read_members(members, context, title(packed[0]))


def _holds_files(path: Path) -> bool:
    """Return True if a path is a folder, an archive or a compressed file, to be looked into."""
    if path.is_dir():
        return True
    head = read_head(path)
    if head.startswith(b"PK"):  # a zip, which may also be PyTorch's or NumPy's
        with error_context(path):
            refuse(head, path)
        return not NPZ.matches(head, path)
    return is_packed(head, path)


def _without_documents(members: Sequence[Member], context: ReadContext) -> list[Member]:
    """Return the files but those that are there for people to read, which are noted."""
    documents, rest = _partition(members, _is_document)
    if not documents or not rest:
        return list(members)
    context.note(f"left out {_names(documents)}: documents, not data")
    return rest


def _is_document(member: Member) -> bool:
    if PurePosixPath(member.name).name == "config.json":
        return not is_config(member.path)
    return is_document(member.name)


def _partition(
    members: Sequence[Member], test: Callable[[Member], bool]
) -> tuple[list[Member], list[Member]]:
    """Return the files for which a test is true, and all others."""
    parts: tuple[list[Member], list[Member]] = ([], [])
    for member in members:
        parts[not test(member)].append(member)
    return parts


@contextmanager
def _contents(path: Path, context: ReadContext) -> Iterator[list[Member]]:
    """Yield the files of a folder or an archive; hidden files and links are ignored."""
    if not path.is_dir():
        with unpacked(path, context.note, one_set=True) as members:
            yield members
        return
    refuse_folder(path)
    files = [each for each in visible_files(path) if not each.is_symlink()]
    if not files or len(files) > _MAX_FILES:
        raise EmbeddingError(
            f"{path.name}: a folder of {len(files):,} files; expected 1 to {_MAX_FILES:,}"
        )
    yield [Member(each.relative_to(path).as_posix(), each) for each in files]


def _read_members(members: Sequence[Member], context: ReadContext, holder: str = "") -> Draft:
    """Return the draft of some files.

    Parameters
    ----------
    holder : name of the folder or archive that holds them, in which files of no known format are
        ignored; "" for files given one by one, among which such a file is an error
    """
    if dataset.is_dataset(members):
        return _typed(dataset.load(members, context, holder), {}, context)
    media, rest = _partition(members, lambda member: media_type(member.head) is not None)
    paths = [member.path for member in rest if not NPY.begins(member.head)]
    config = next((path for path in paths if is_config(path)), None)
    if config is not None:
        return _typed(_from_config(config, members, context, strict=not holder), {}, context)
    index = checkpoint.latest(paths)
    if index is not None:
        draft = checkpoint.load(index, [member.path for member in members], context)
        others = [each for each in members if not checkpoint.is_part(each.name)]
        files = _with_formats(others, context, strict=not holder, allow_none=True)
        return _typed(add_columns(draft, files, context), {}, context)
    if not rest:
        raise EmbeddingError(f"{_names(members)}: no vectors among images; add the file of vectors")
    tables = sum(member.path.suffix != ".npy" for member in rest)  # which may be a vector each
    check_tables(tables)
    files = _with_formats(rest, context, strict=not holder)
    draft = _from_files(_without_settings(files, context) if holder else files, context)
    return _join_media(draft, media, context)


def _with_formats(
    members: Sequence[Member], context: ReadContext, strict: bool, allow_none: bool = False
) -> list[tuple[Path, Format]]:
    """Return each file with its format; unknown ones are refused if strict, else left out.

    Parameters
    ----------
    allow_none : True if all of them may be left out
    """
    found, unknown, tables = [], [], 0
    for member in members:
        try:
            is_array = member.path.suffix == ".npy" and NPY.begins(member.head)
            found.append((member.path, NPY if is_array else detect_format(member.path, context)))
        except EmbeddingError as error:
            if strict:
                raise
            unknown.append((member, error))
            continue
        tables += found[-1][1] not in (NPY, PARQUET, ARROW)  # whatever its name says
        check_tables(tables)
    if not found and not allow_none:
        raise unknown[0][1]
    if unknown:
        context.note(f"left out {_names([member for member, _ in unknown])}: of no known format")
    return found


def _from_config(
    config: Path, members: Sequence[Member], context: ReadContext, strict: bool
) -> Draft:
    """Read a Projector's config; given files that it does not name describe the rows.

    Parameters
    ----------
    strict : False for a folder or an archive, in which files that describe no rows are left out
    """
    from embeddings.files.projector import reader

    others = [member for member in members if member.path != config]
    for other in others:
        read_head(other.path)
    with error_context(config):
        draft, rest = reader.open_config(config, [other.path for other in others], context)
    unnamed = [other for other in others if other.path in rest]
    files = _with_formats(unnamed, context, strict, allow_none=True)
    if not strict:
        describing = [each for each in files if each[1].describes_rows]
        extra = [path.name for path, each in files if not each.describes_rows]
        if extra:
            context.note(f"left out {listed(extra)}: the config does not name them")
        files = describing
    return add_columns(draft, files, context)


def _from_files(files: Sequence[tuple[Path, Format]], context: ReadContext) -> Draft:
    """Return the vectors of one file, or of shards, with the other files' columns of its rows."""
    if len(files) > 1 and all(each in (PARQUET, ARROW) for _, each in files):
        shards = _read_shards([path for path, _ in files], context)
        if shards is not None:
            return shards
    parts = read_parts(files, context) if len(files) > 1 and not _is_whole(files) else None
    if parts is not None:
        draft, others = parts
        return add_columns(draft, others, context) if others else draft
    main = find_vectors(files, context.text_options) if len(files) > 1 else 0
    path, its_format = files[main]
    others = [each for i, each in enumerate(files) if i != main]
    if its_format == ELMO:
        draft, rest = ELMO.module.load_with(path, [other for other, _ in others], context)
        return add_columns(draft, [each for each in others if each[0] in rest], context)
    with error_context(path):
        if its_format == RAW and others:
            numbers = path.stat().st_size // 4
            counts = (count_rows(*other, numbers) for other in others)
            rows = next((count for count in counts if count), None)
            draft = RAW.module.load(path, context, rows)
        else:
            draft = its_format.module.load(path, context)
    return add_columns(draft, others, context) if others else draft


def _is_whole(files: Sequence[tuple[Path, Format]]) -> bool:
    """Return True if a file of another format than .npy holds vectors."""
    return any(each != NPY and may_hold_vectors(path, each) for path, each in files)


def _without_settings(
    files: Sequence[tuple[Path, Format]], context: ReadContext
) -> list[tuple[Path, Format]]:
    """Return the files of a folder but JSON objects that hold settings, which are noted."""
    settings = [path for path, each in files if each == JSON and JSON.module.is_settings(path)]
    if not settings or len(settings) == len(files):
        return list(files)
    context.note(f"left out {listed(path.name for path in settings)}: settings, not data")
    return [each for each in files if each[0] not in settings]


def _read_shards(paths: Sequence[Path], context: ReadContext) -> Draft | None:
    """Return several Parquet or Arrow files of the same columns as one; None for other columns."""
    from embeddings.files.tabular.embedding_table import from_table
    from embeddings.files.tabular.shards import are_shards, read_shards, sort_by_name

    if not are_shards(paths):
        return None
    ordered = sort_by_name(paths)
    table = read_shards(ordered)
    context.note(f"put {len(paths)} files of the same columns together, in order of name")
    with error_context(ordered[0]):
        return from_table(table, ordered[0], context)


def _join_media(draft: Draft, media: Sequence[Member], context: ReadContext) -> Draft:
    """Join images and sounds to the rows whose column, or label, names them; or cut a sprite."""
    files = {member.name: member.path for member in media}
    before = _media_columns(draft.metadata)
    draft = _typed(draft, files, context)
    if not media or _media_columns(draft.metadata) - before:
        return draft
    stems: dict[str, str | None] = {}
    for name in files:
        stem = PurePosixPath(name).stem
        stems[stem] = None if stem in stems else name
    labels = draft.labels or ()
    for names in (labels, [stems.get(label) or label for label in labels]):
        table = pa.table({"image": pa.array(names, pa.string())})
        found = infer_types(table, files, lambda _: None) if names else table
        if is_media(found.schema.field(0).type):
            return replace(draft, metadata=_appended(draft.metadata, "image", found.column(0)))
    if len(media) == 1:
        from embeddings.files.projector.sprite import cut_sprite, guess_cell

        with error_context(media[0].path):
            width, height = guess_cell(media[0].path, len(draft.vectors))
            cells = cut_sprite(media[0].path, width, height, len(draft.vectors))
        context.note(f"{media[0].name}: cut into {width} x {height} pixels for each row")
        return replace(draft, metadata=_appended(draft.metadata, "image", cells))
    context.note(f"left out {_names(media)}: no column and no label names them")
    return draft


def _typed(draft: Draft, files: Mapping[str, Path], context: ReadContext) -> Draft:
    """Return the draft with every column of metadata under the type of what it holds."""
    if not draft.metadata.num_columns:
        return draft
    table = infer_types(draft.metadata, files, context.note, retype=not draft.typed)
    return replace(draft, metadata=table)


def _media_columns(table: pa.Table) -> set[str]:
    return {field.name for field in table.schema if is_media(field.type)}


def _appended(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return the table with another column, under a name that is not taken."""
    if not table.num_columns:
        return pa.table({name: column})
    while name in table.column_names:
        name += "_2"
    return table.append_column(name, column)


def _names(members: Sequence[Member]) -> str:
    return listed(member.name for member in members)
