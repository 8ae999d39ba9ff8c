"""Files, folders and archives become one draft: what each part is, is decided by content.

A data set of several files, a Projector's config with what it names, shards of one table, or
vectors with files that describe their rows; images are joined to the rows that name them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import ModuleType

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member, is_packed, unpacked
from embeddings.files.arrays import npz, raw
from embeddings.files.companions import add_columns, count_rows, find_vectors
from embeddings.files.compression import title
from embeddings.files.detect import head_of, sniff
from embeddings.files.draft import Draft
from embeddings.files.hdf5 import elmo
from embeddings.files.hugging_face import dataset as hf_dataset
from embeddings.files.ignored_files import is_document
from embeddings.files.limits import error_context
from embeddings.files.options import ReadContext
from embeddings.files.projector import reader as projector
from embeddings.files.projector.sprite import cut_sprite, guess_cell
from embeddings.files.tabular.embedding_table import from_table
from embeddings.files.tabular.infer_types import typed_metadata
from embeddings.files.tabular.shards import are_shards, concatenate, in_order
from embeddings.files.unsupported import refuse
from embeddings.media import is_media, media_type

_LISTED = 10
_MOST_FILES = 100_000


def draft_of(paths: Sequence[Path], context: ReadContext) -> Draft:
    """Return what files, folders and archives hold together.

    Raises
    ------
    EmbeddingError
        a part that is absent, of no known format, or does not fit the others
    """
    with ExitStack() as stack:
        packed = [path for path in paths if _holds_files(path)]
        members = [
            member
            for path in paths
            for member in (
                stack.enter_context(_inside(path, context))
                if path in packed
                else [Member(path.name, path)]
            )
        ]
        if not packed:
            return _put_together(members, context)
        with error_context(packed[0]):
            members = _without_documents(members, context)
            return _put_together(members, context, title(packed[0]))


def _holds_files(path: Path) -> bool:
    """Say whether a path is a folder, an archive or a compressed file, to be looked into."""
    if path.is_dir():
        return True
    head = head_of(path)
    if head.startswith(b"PK"):  # a zip, which may also be torch's or numpy's
        with error_context(path):
            refuse(head, path)
        return not npz.matches(head, path)
    return is_packed(head, path)


def _without_documents(members: Sequence[Member], context: ReadContext) -> list[Member]:
    """Leave out what is there for people to read; say so."""
    documents = [
        member
        for member in members
        if is_document(member.name)
        or (
            PurePosixPath(member.name).name == "config.json"
            and not projector.is_config(member.path)
        )
    ]
    if not documents or len(documents) == len(members):
        return list(members)
    context.note(f"left out {_names(documents)}: documents, not data")
    return [member for member in members if member not in documents]


@contextmanager
def _inside(path: Path, context: ReadContext) -> Iterator[list[Member]]:
    """Yield the files of a folder or an archive."""
    if not path.is_dir():
        with unpacked(path, context.note) as members:
            yield members
        return
    files = sorted(
        each
        for each in path.rglob("*")
        if each.is_file()
        and not each.is_symlink()
        and not any(p.startswith(".") for p in each.relative_to(path).parts)
    )
    if not files or len(files) > _MOST_FILES:
        raise EmbeddingError(
            f"{path.name}: a folder of {len(files):,} files; expected 1 to {_MOST_FILES:,}"
        )
    yield [Member(each.relative_to(path).as_posix(), each) for each in files]


def _put_together(members: Sequence[Member], context: ReadContext, holder: str = "") -> Draft:
    """Return the draft of some files.

    Parameters
    ----------
    holder : name of the folder or archive that they lie in, where a file of no known format is
        left out; among files given one by one it is an error
    """
    if hf_dataset.is_dataset(members):
        return _typed(hf_dataset.load(members, context, holder), {}, context)
    paths = [member.path for member in members]
    config = next((path for path in paths if projector.is_config(path)), None)
    if config is not None:
        return _typed(_from_config(config, paths, context), {}, context)
    media, rest = _apart(members)
    if not rest:
        raise EmbeddingError(f"{_names(members)}: no vectors among images; add the file of vectors")
    known = _sniffed(rest, context, choosy=not holder)
    draft = _from_files(known, context)
    return _with_media(draft, media, context)


def _apart(members: Sequence[Member]) -> tuple[list[Member], list[Member]]:
    """Return the images and sounds, and all other files."""
    media = [member for member in members if _is_media_file(member.path)]
    return media, [member for member in members if member not in media]


def _is_media_file(path: Path) -> bool:
    with path.open("rb") as file:
        return media_type(file.read(64)) is not None


def _sniffed(
    members: Sequence[Member], context: ReadContext, choosy: bool
) -> list[tuple[Path, ModuleType]]:
    """Return each file with the module that reads it; where not choosy, without unknown ones."""
    found, unknown = [], []
    for member in members:
        try:
            found.append((member.path, sniff(member.path, context)))
        except EmbeddingError as error:
            if choosy:
                raise
            unknown.append((member, error))
    if not found:
        raise unknown[0][1]
    if unknown:
        context.note(f"left out {_names([m for m, _ in unknown])}: of no known format")
    return found


def _from_config(config: Path, paths: Sequence[Path], context: ReadContext) -> Draft:
    """Read a Projector's config; given files that it does not name describe the rows."""
    others = [path for path in paths if path != config]
    for other in others:
        head_of(other)
    with error_context(config):
        draft, rest = projector.open_config(config, others, context)
    return add_columns(draft, rest, [sniff(path, context) for path in rest], context)


def _from_files(known: Sequence[tuple[Path, ModuleType]], context: ReadContext) -> Draft:
    """Return the vectors of one file, or of shards, with what the other files say of its rows."""
    paths = [path for path, _ in known]
    if are_shards(paths):
        ordered = in_order(paths)
        table = concatenate(ordered)
        context.note(f"put {len(paths)} files of the same columns together, in order of name")
        with error_context(ordered[0]):
            return from_table(table, ordered[0], context)
    modules = [module for _, module in known]
    main = find_vectors(paths, modules) if len(known) > 1 else 0
    others = [each for i, each in enumerate(known) if i != main]
    if modules[main] is elmo:
        draft, rest = elmo.load_with(paths[main], [path for path, _ in others], context)
        return add_columns(draft, rest, [m for path, m in others if path in rest], context)
    with error_context(paths[main]):
        if modules[main] is raw and others:
            numbers = paths[main].stat().st_size // 4
            counts = (count_rows(*other, numbers) for other in others)
            rows = next((count for count in counts if count), None)
            draft = raw.load(paths[main], context, rows)
        else:
            draft = modules[main].load(paths[main], context)
    if not others:
        return draft
    return add_columns(draft, [path for path, _ in others], [m for _, m in others], context)


def _with_media(draft: Draft, media: Sequence[Member], context: ReadContext) -> Draft:
    """Join images and sounds to the rows whose column, or label, names them; or cut a sprite."""
    files = {member.name: member.path for member in media}
    before = _media_columns(draft.metadata)
    draft = _typed(draft, files, context)
    if not media or _media_columns(draft.metadata) - before:
        return draft
    named = pa.table({"image": pa.array(draft.labels or (), pa.string())})
    stems = {PurePosixPath(name).stem: path for name, path in files.items()}
    silent = ReadContext(lambda sentence: None)
    for by in (files, stems):
        found = typed_metadata(named, by, silent.note) if draft.labels else named
        if is_media(found.schema.field(0).type):
            return replace(draft, metadata=_appended(draft.metadata, "image", found.column(0)))
    if len(media) == 1:
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
    table = typed_metadata(draft.metadata, files, context.note, retype=not draft.typed)
    return replace(draft, metadata=table)


def _media_columns(table: pa.Table) -> set[str]:
    return {field.name for field in table.schema if is_media(field.type)}


def _appended(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    if not table.num_columns:
        return pa.table({name: column})
    while name in table.column_names:
        name += "_2"
    return table.append_column(name, column)


def _names(members: Sequence[Member]) -> str:
    more = f" and {len(members) - _LISTED:,} more" if len(members) > _LISTED else ""
    return ", ".join(member.name for member in members[:_LISTED]) + more
