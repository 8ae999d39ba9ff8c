"""Which image has which caption, in a folder or archive of images.

- A table, CSV, TSV, Parquet, JSON or JSON Lines: a column file (or filename, image, path), with
  paths relative to the table, and a column caption (or text, description). Hugging Face's
  metadata.jsonl and the captions.txt of Flickr8k are such tables. An image that is not at its path
  is searched for by its name.
- Lines of `IMAGE#NUMBER<TAB>CAPTION`, as in Flickr8k.token.txt.
- Text files beside the images, with the same names but for .txt: each line is a caption.

An image with several captions has a row for each.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.delimited.text_options import DETECTED, TextOptions
from embeddings.files.limits import error_context
from embeddings.files.plain_text import lines, read_text
from embeddings.files.tabular.reader import read_table
from embeddings.text import listed, shorten
from trainers.data.images.pictures import is_picture
from trainers.data.text_tables import cells_of, column_names
from trainers.data.words import words_of

FILE_COLUMNS = ("file", "filename", "file_name", "image", "image_name", "path")
CAPTION_COLUMNS = ("caption", "text", "description", "comment", "title")

_TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".json")
_NAMES = re.compile(r"(captions?|metadata|.*\.token|results.*)\.\w+", re.IGNORECASE)
"""Names of the one table with captions, among others."""

_NUMBERED = re.compile(r"(?P<image>[^\t]+?)#\d+\t(?P<caption>.+)")

Pair = tuple[Member, str]
"""An image and its caption."""


def is_caption_table(name: str) -> bool:
    """Return True for the name of a file that may hold captions."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix in _TABLES or (suffix == ".txt" and _NAMES.fullmatch(name) is not None)


def find_captions(
    members: Sequence[Member],
    table: str | None,
    place: str,
    notes: list[str],
    options: TextOptions = DETECTED,
) -> list[Pair]:
    """Return the images with their captions.

    Parameters
    ----------
    members : all files
    table : name of the file with the captions; None: search for it
    place : the folder or archive, for messages
    notes : receives what was left out
    options : how a table of text is written, as far as it is known

    Raises
    ------
    EmbeddingError
        no captions, several tables, a row without a caption, or one without an image
    """
    tables = [each for each in members if is_caption_table(PurePosixPath(each.name).name)]
    if table is not None:
        tables = [each for each in tables if each.name == table]
    elif len(tables) > 1:
        named = [each for each in tables if _NAMES.fullmatch(PurePosixPath(each.name).name)]
        tables = named if len(named) == 1 else tables
    if not tables and (beside := _captions_beside(members)):
        return beside
    if len(tables) != 1:
        found = listed((each.name for each in tables), 5) or "none"
        raise EmbeddingError(
            f"{place}: expected one table with the columns file and caption next to the images, "
            f"such as captions.csv, or a .txt for each image; found {found}"
        )
    rows = _numbered_lines(tables[0]) or _table_rows(tables[0], notes, options)
    return _find_images(rows, members, tables[0])


def _captions_beside(members: Sequence[Member]) -> list[Pair]:
    """Return images with the lines of the text files that have their names."""
    texts = {each.name.rpartition(".")[0]: each for each in members
             if each.name.lower().endswith(".txt")}  # fmt: skip
    pairs = []
    for image in members:
        text = texts.get(image.name.rpartition(".")[0])
        if not is_picture(image.name) or text is None:
            continue
        with error_context(text.path):
            content = read_text(text.path, lambda sentence: None)
        captions = [line.decode("utf-8", "replace").strip() for line in lines(content)]
        pairs += [(image, caption) for caption in captions if words_of(caption)]
    return pairs


def _numbered_lines(table: Member) -> list[tuple[str, str]]:
    """Return image and caption of lines `IMAGE#NUMBER<TAB>CAPTION`; none of other files."""
    if not table.name.lower().endswith(".txt"):
        return []
    content = read_text(table.path, lambda sentence: None)
    found = [
        _NUMBERED.fullmatch(line.decode("utf-8", "replace").strip())
        for line in lines(content)
        if line.strip()
    ]
    return [(match["image"], match["caption"]) for match in found if match] if all(found) else []


def _table_rows(table: Member, notes: list[str], options: TextOptions) -> list[tuple[str, str]]:
    """Return image and caption of each row of a table, whose captions have at least one word."""
    read = read_table(table.path, options=options, note=notes.append)
    others = list(read.column_names)
    columns = []
    for names in (FILE_COLUMNS, CAPTION_COLUMNS):
        lowered = {column.lower(): column for column in read.column_names}
        found = next((lowered[name] for name in names if name in lowered), None)
        if found is None:
            raise EmbeddingError(f"{table.name}: no column {names[0]}; it has {column_names(read)}")
        values = [value or "" for value in cells_of(read, found)]
        for row, value in enumerate(values, start=1):
            if not words_of(value):
                raise EmbeddingError(
                    f"{table.name}, row {row}, column {found}: {shorten(value)!r} has no word; "
                    "fill it in or remove the row"
                )
        columns.append(values)
        others.remove(found)
    if others:
        notes.append(f"ignored columns: {', '.join(others)}")
    return list(zip(*columns, strict=True))


def _find_images(
    rows: Sequence[tuple[str, str]], members: Sequence[Member], table: Member
) -> list[Pair]:
    """Return the image file of each row, at its path from the table, or else of its name."""
    member_of = {each.name: each for each in members if is_picture(each.name)}
    by_name: defaultdict[str, list[Member]] = defaultdict(list)
    for each in member_of.values():
        by_name[PurePosixPath(each.name).name].append(each)
    folder = PurePosixPath(table.name).parent
    pairs = []
    for row, (file, caption) in enumerate(rows, start=1):
        path = file.replace("\\", "/").removeprefix("./")
        found = member_of.get(str(folder / path))
        named = by_name.get(path, []) if "/" not in path else []
        if found is None and len(named) == 1:
            found = named[0]
        if found is None:
            several = f"; {len(named)} images have this name" if named else ""
            raise EmbeddingError(
                f"{table.name}, row {row}: {shorten(file)!r} is no image next to the table; "
                f"add it or remove the row{several}"
            )
        pairs.append((found, caption))
    return pairs
