"""Columns of metadata as the caller selects them: left out, or as categories, numbers or text."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from embeddings.arrow_types import decoded, is_number, is_text
from embeddings.columns import as_text
from embeddings.embedding_set import empty_metadata
from embeddings.errors import EmbeddingError
from embeddings.files.draft import Draft
from embeddings.files.options import COLUMN_CHOICES, Choice, Note, ReadContext
from embeddings.text import join_names, listed

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_AROUND = r"[\s$€£¥₹%'’]"  # currency, percent, separators of thousands that are no other sign
_GROUPED = r"^([+-]?\d{1,3})(,\d{3})+(\.\d*)?$"


def with_selected_kinds(draft: Draft, context: ReadContext) -> Draft:
    """Return the draft with its metadata as the caller selects; record what could be selected.

    Raises
    ------
    EmbeddingError
        a column that does not exist
    """
    names = draft.metadata.column_names
    known = dict.fromkeys([*context.columns, *names])
    selected = {name: context.selected_columns(name) for name in COLUMN_CHOICES}
    for choice_name, chosen in selected.items():
        missing = [each for each in sorted(chosen) if each not in known]
        if missing:
            found = listed(known, 20) or "no columns"
            raise EmbeddingError(
                f"{choice_name} {missing[0]!r}: no such column; the file has {found}"
            )
        if known:
            ordered = join_names([each for each in known if each in chosen])
            choice = Choice(choice_name, tuple(known), ordered or None, certain=True)
            context.choices[choice_name] = choice
    if not any(selected.values()) or not names:
        return draft
    decimal = context.choices.get("decimal")
    comma = decimal is not None and decimal.selected == ","
    columns, kept = [], []
    for name, column in zip(names, draft.metadata.columns, strict=True):
        if name in selected["ignore"]:
            continue
        if name in selected["category"]:
            column = _as_text(column).dictionary_encode().unify_dictionaries()
        elif name in selected["number"]:
            column = _as_numbers(column, name, comma, context.note)
        elif name in selected["text"]:
            column = _as_text(column)
        columns.append(column)
        kept.append(name)
    rows = draft.metadata.num_rows
    return replace(draft, metadata=pa.table(columns, names=kept) if kept else empty_metadata(rows))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the cells as text; a missing one stays missing."""
    found = decoded(column)
    if is_text(found.type):
        return found.cast(pa.string())
    missing = pc.is_null(column)
    texts = pc.if_else(
        missing.combine_chunks() if isinstance(missing, pa.ChunkedArray) else missing,
        pa.scalar(None, pa.string()),
        as_text(column),
    )
    return pa.chunked_array([texts])


def _as_numbers(column: pa.ChunkedArray, name: str, comma: bool, note: Note) -> pa.ChunkedArray:
    """Return the cells as numbers; a text that is none is missing, which a note counts.

    Parameters
    ----------
    comma : True if the decimal sign of texts is a comma
    """
    if is_number(column.type):
        return column
    texts = pc.utf8_trim_whitespace(_as_text(column))
    if pa.types.is_boolean(column.type):
        return column.cast(pa.int64())
    texts = pc.replace_substring_regex(texts, _AROUND, "")
    if comma:
        texts = pc.replace_substring(pc.replace_substring(texts, ".", ""), ",", ".")
    grouped = pc.match_substring_regex(texts, _GROUPED)
    texts = pc.if_else(grouped, pc.replace_substring(texts, ",", ""), texts)
    valid = pc.match_substring_regex(texts, _NUMBER)
    lost = pc.sum(pc.invert(valid).fill_null(False)).as_py() or 0
    if lost:
        note(f"column {name}: {lost:,} of {len(column):,} cells are no numbers, and missing")
    plain = pc.replace_substring_regex(texts, r"^\+", "")
    numbers = pc.if_else(valid, plain, pa.scalar(None, plain.type))
    try:
        return numbers.cast(pa.int64())
    except pa.ArrowInvalid:
        return numbers.cast(pa.float64())
