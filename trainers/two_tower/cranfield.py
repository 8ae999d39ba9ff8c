"""Search collections in the Cranfield format: documents, queries, and relevance judgments.

The documents are one file of records that begin with `.I id`; the queries are another. Within a
record, `.T` begins the title, `.A` the authors, `.B` the bibliography and `.W` the text; fields of
other letters, such as the references after `.X` in CISI and CACM, are not read. A line of relevance
judgments is `query document grade`, `query 0 document grade` (TREC, MED), or `query document 0 0`
(CISI, CACM). (Cleverdon, "The Cranfield tests on index language devices", 1967.)
"""

import hashlib
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files.plain_text import decode_text
from trainers.data.pairs.pairs import Pairs, Side, distinct_titles, number_pairs, role_count

FIELDS = {"T": "title", "A": "author", "B": "bibliography", "W": "text"}
"""Column of each field of a record."""

FILES = (
    (("*.all*",), "documents, such as cran.all.1400 or CISI.ALL"),
    (("*.qry", "query.text"), "queries, such as cran.qry or CISI.QRY"),
    (("*qrel*", "*.rel"), "judgments, such as cranqrel or CISI.REL"),
)
"""Patterns of the names of the files, in lower case; names are compared in any case."""

QUERY, DOCUMENT = "query", "document"

_FIELD = re.compile(r"\.[A-Z]\s*")


def is_collection(folder: Path) -> bool:
    """Return True if a folder has a file of queries in the Cranfield format."""
    return bool(_matching(folder, FILES[1][0]))


def read_collection(folder: Path, add_new: tuple[bool, bool] = (True, True)) -> Pairs:
    """Read the pairs of a query and a document with a relevance judgment, whatever its grade.

    Queries are labeled by their text, documents by their title. In Cranfield's own files the IDs of
    the queries have gaps, while the judgments number the queries from 1 in file order; a note says
    so where that is the case.

    Parameters
    ----------
    folder : contains one file of each kind in FILES
    add_new : whether to append the queries and the documents without a judgment; they need features

    Raises
    ------
    EmbeddingError
        a file is missing or malformed, or a judgment names an unknown query or document
    """
    files = [_only_file(folder, *kind) for kind in FILES]
    contents = [path.read_bytes() for path in files]
    notes: list[str] = []
    texts = [decode_text(content, notes.append).replace("\r\n", "\n") for content in contents]
    source = {"name": folder.name, "sha256": hashlib.sha256(b"".join(contents)).hexdigest()}
    documents, queries = records(texts[0], files[0]), records(texts[1], files[1])
    relevance = judgments(texts[2], files[2])
    in_order = [str(number) for number in range(1, len(queries) + 1)]
    judged_queries = {query for query, _, _ in relevance}
    if not judged_queries <= {query["id"] for query in queries} and judged_queries <= set(in_order):
        notes.append(f"{files[2].name} numbers the queries in the order of {files[1].name}")
        queries = [{**query, "id": number} for query, number in zip(queries, in_order, strict=True)]
    labels = [_labels(queries, "text"), _labels(documents, "title")]
    pairs = []
    for query, document, line in relevance:
        for id_, known, role in zip((query, document), labels, (QUERY, DOCUMENT), strict=True):
            if id_ not in known:
                raise EmbeddingError(f"{files[2].name}, line {line}: there is no {role} {id_}")
        pairs.append((labels[0][query], labels[1][document]))
    numbered = number_pairs(pairs, folder.name, (QUERY, DOCUMENT), source, notes=tuple(notes))
    left, left_notes = _with_records(numbered.left, queries, labels[0], add_new[0])
    right, right_notes = _with_records(numbered.right, documents, labels[1], add_new[1])
    return numbered.with_notes(*left_notes, *right_notes, left=left, right=right)


def records(text: str, path: Path) -> list[dict[str, str]]:
    """Return the records of a file: the `id` and the FIELDS of each; other fields are left out."""
    found: dict[str, dict[str, list[str]]] = {}
    lines: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(".I "):
            id_, lines = line[3:].strip().lstrip("0"), None
            if id_ in found:
                raise EmbeddingError(f"{path.name}, line {number}: a second record with id {id_}")
            found[id_] = {}
        elif found and _FIELD.fullmatch(line):
            name = FIELDS.get(line[1])
            lines = found[id_].setdefault(name, []) if name else []
        elif lines is not None:
            lines.append(line)
        elif line.strip():
            raise EmbeddingError(
                f"{path.name}, line {number}: expected `.I id`, then `.T`, `.A`, `.B` or `.W`; got "
                f"{line[:40]!r}"
            )
    return [
        {"id": id_, **{name: " ".join(" ".join(lines).split()) for name, lines in fields.items()}}
        for id_, fields in found.items()
    ]


def judgments(text: str, path: Path) -> list[tuple[str, str, int]]:
    """Return the query ID, document ID and line number of each judgment, of 3 or 4 columns.

    Of 4 columns the document is the third, unless that is 0 in every line: then it is the second.
    """
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) not in (3, 4):
            raise EmbeddingError(
                f"{path.name}, line {number}: expected `query 0 document grade`; got {line[:40]!r}"
            )
        rows.append((fields, number))
    long = [fields for fields, _ in rows if len(fields) == 4]
    is_second = bool(long) and all(not fields[2].strip("0") for fields in long)
    found = []
    for fields, number in rows:
        document = fields[1] if len(fields) == 3 or is_second else fields[2]
        found.append((fields[0].lstrip("0"), document.lstrip("0"), number))
    return found


def _matching(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Return the files of a folder whose names match one of the patterns, in any case."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and any(fnmatchcase(path.name.lower(), each) for each in patterns)
    )


def _only_file(folder: Path, patterns: Sequence[str], kind: str) -> Path:
    files = _matching(folder, patterns)
    if len(files) != 1:
        existing = ", ".join(path.name for path in files) or "none"
        raise EmbeddingError(f"{folder}: expected one file of {kind}; found {existing}")
    return files[0]


def _labels(found: Sequence[dict[str, str]], column: str) -> dict[str, str]:
    """Return the label of each record by ID: its text or title, with the ID where ambiguous."""
    ids = [record["id"] for record in found]
    titles = distinct_titles([record.get(column, "") for record in found], ids)
    return dict(zip(ids, titles, strict=True))


def _with_records(
    side: Side, found: Sequence[dict[str, str]], labels: dict[str, str], add_new: bool
) -> tuple[Side, tuple[str, ...]]:
    """Return the side with the fields of its records as columns, and a note on unjudged items."""
    by_label = {labels[record["id"]]: record for record in found}
    existing = set(side.labels)
    new = [label for label in by_label if label not in existing]
    all_labels = (*side.labels, *(new if add_new else ()))
    columns = {
        column: pa.array([by_label[label].get(column) for label in all_labels], pa.string())
        for column in ("id", *FIELDS.values())
        if any(column in record for record in found)
    }
    dropped = "" if add_new else ", left out because no features give them vectors"
    notes = (f"{role_count(len(new), side.role)} without a judgment{dropped}",) if new else ()
    return Side(side.role, all_labels, columns), notes
