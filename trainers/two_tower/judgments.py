"""Search collections in Cranfield's form: documents, queries, and judgments of who answers whom.

The documents are one file, cut at its lines `.I id`; so are the queries. In a record, `.T` begins
the title, `.A` the authors, `.B` the bibliography, `.W` the text. A line of judgments is `query
0 document grade`. (Cleverdon, "The Cranfield tests on index language devices", 1967.)
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from embeddings.errors import EmbeddingError
from trainers.data.pairs.datasets import decoded
from trainers.data.pairs.pairs import Pairs, Side, distinct_titles, number_pairs, role_count

FIELDS = {"T": "title", "A": "author", "B": "bibliography", "W": "text"}
"""What the letters of a record's fields stand for: columns of the side."""

FILES = (("*.all*", "documents, such as cran.all.1400"), ("*.qry", "queries, such as cran.qry"),
         ("*[qQ][rR]el*", "judgments, such as cranqrel"))  # fmt: skip

QUERY, DOCUMENT = "query", "document"


def is_collection(folder: Path) -> bool:
    """Say whether a folder has a file of queries in Cranfield's form."""
    return any(folder.glob(FILES[1][0]))


def read_collection(folder: Path, add_new: tuple[bool, bool] = (True, True)) -> Pairs:
    """Read the pairs of a query and a document that were judged, whatever the grade.

    Queries are called by their text, documents by their
    title. The queries' ids have gaps in Cranfield's own file, and judgments count queries from 1 in
    the order of that file: a note says so.

    Parameters
    ----------
    add_new : of queries and of documents, whether those without a judgment are there too, at the
        end; they need features

    Raises
    ------
    EmbeddingError
        a file is missing or not of the form, or a judgment names no query or document
    """
    files = [_file(folder, *what) for what in FILES]
    contents = [path.read_bytes() for path in files]
    texts = [decoded(content, path).replace("\r\n", "\n")
             for content, path in zip(contents, files, strict=True)]  # fmt: skip
    source = {"name": folder.name, "sha256": hashlib.sha256(b"".join(contents)).hexdigest()}
    documents, queries = records(texts[0], files[0]), records(texts[1], files[1])
    judged = judgments(texts[2], files[2])
    in_order = [str(number) for number in range(1, len(queries) + 1)]
    asked = {query for query, _, _ in judged}
    notes = []
    if not asked <= {query["id"] for query in queries} and asked <= set(in_order):
        notes.append(f"{files[2].name} counts queries in the order of {files[1].name}")
        queries = [{**query, "id": number} for query, number in zip(queries, in_order, strict=True)]
    names = [_names(queries, "text"), _names(documents, "title")]
    pairs = []
    for query, document, line in judged:
        for id_, known, what in zip((query, document), names, (QUERY, DOCUMENT), strict=True):
            if id_ not in known:
                raise EmbeddingError(f"{files[2].name}, line {line}: there is no {what} {id_}")
        pairs.append((names[0][query], names[1][document]))
    made = number_pairs(pairs, folder.name, (QUERY, DOCUMENT), source, notes=tuple(notes))
    left, told = _side(made.left, queries, names[0], add_new[0])
    right, more = _side(made.right, documents, names[1], add_new[1])
    return made.with_notes(*told, *more, left=left, right=right)


def records(text: str, path: Path) -> list[dict[str, str]]:
    """Return the records of a file: their `id`, and those of FIELDS that they have."""
    found: dict[str, dict[str, list[str]]] = {}
    lines: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(".I "):
            id_, lines = line[3:].strip().lstrip("0"), None
            if id_ in found:
                raise EmbeddingError(f"{path.name}, line {number}: a second record with id {id_}")
            found[id_] = {}
        elif found and line.startswith(".") and line[1:].strip() in FIELDS:
            lines = found[id_].setdefault(FIELDS[line[1]], [])
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
    """Return query id, document id and line of each judgment: of three or four columns."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) not in (3, 4):
            raise EmbeddingError(
                f"{path.name}, line {number}: expected `query 0 document grade`; got {line[:40]!r}"
            )
        found.append((fields[0].lstrip("0"), fields[-2].lstrip("0"), number))
    return found


def _file(folder: Path, pattern: str, what: str) -> Path:
    files = sorted(folder.glob(pattern))
    if len(files) != 1:
        have = ", ".join(path.name for path in files) or "none"
        raise EmbeddingError(f"{folder}: expected one file of {what}; there is {have}")
    return files[0]


def _names(found: Sequence[dict[str, str]], column: str) -> dict[str, str]:
    """Return the label of each record by its id: its text or title, where that is its alone."""
    ids = [record["id"] for record in found]
    titles = distinct_titles([record.get(column, "") for record in found], ids)
    return dict(zip(ids, titles, strict=True))


def _side(
    side: Side, found: Sequence[dict[str, str]], names: dict[str, str], add_new: bool
) -> tuple[Side, tuple[str, ...]]:
    """Return the side with its records' fields as columns, and a note on those without a pair."""
    by_name = {names[record["id"]]: record for record in found}
    here = set(side.labels)
    new = [name for name in by_name if name not in here]
    labels = (*side.labels, *(new if add_new else ()))
    columns = {
        column: pa.array([by_name[label].get(column) for label in labels], pa.string())
        for column in ("id", *FIELDS.values())
        if any(column in record for record in found)
    }
    what = "" if add_new else ", left out, as vectors of words are not asked for"
    notes = (f"{role_count(len(new), side.role)} without a judgment{what}",) if new else ()
    return Side(side.role, labels, columns), notes
