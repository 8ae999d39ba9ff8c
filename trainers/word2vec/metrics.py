"""How good word vectors are: similarities as people judge them, and analogies by section.

Two forms of files, told apart by content:

- similarities, as WordSim-353 and SimLex-999: two words and a number a line, tabs between; the
  measure is Spearman's rank correlation of the cosines with the numbers;
- analogies, as questions-words.txt (Mikolov et al., 2013): `: section`, then lines of four words,
  "Athens Greece Baghdad Iraq"; an answer is right if of all words the nearest by cosine to
  Greece - Athens + Baghdad, these three left out, is Iraq.

A word that the vectors lack is looked for in lower case. Lines with words that are still unknown
are not asked, and how many were is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from embeddings.errors import EmbeddingError

_BLOCK = 256  # questions that are compared with all words at once


@dataclass(frozen=True, eq=False)
class Similarities:
    """Pairs of words, and how similar people find them (float64, larger is more similar)."""

    pairs: tuple[tuple[str, str], ...]
    judged: np.ndarray


@dataclass(frozen=True, eq=False)
class Analogies:
    """Questions (a, b, c, d) by section: a is to b as c is to d."""

    sections: dict[str, list[tuple[str, ...]]]


def evaluate(words: Sequence[str], vectors: np.ndarray, path: Path) -> dict[str, Any]:
    """Return the measures by a file's name, or by those of all .txt and .tsv files of a folder.

    Parameters
    ----------
    words, vectors : float32, shape (v, d); a row is a word's vector
    path : a file of similarities or analogies, or a folder of such; other files are passed over

    Raises
    ------
    EmbeddingError
        no such file, neither form, or a line that does not fit (with its number)
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".txt", ".tsv"))
        read = {file: read_judgments(file) for file in files if _is_judgments(file)}
        if not read:
            raise EmbeddingError(f"{path}: no file of similarities or analogies in this folder")
    else:
        read = {path: read_judgments(path)}
    return {
        file.stem: similarity(words, vectors, judgments)
        if isinstance(judgments, Similarities)
        else analogies(words, vectors, judgments)
        for file, judgments in read.items()
    }


def read_judgments(path: Path) -> Similarities | Analogies:
    """Read a file of one of the two forms; raise EmbeddingError for neither (see evaluate)."""
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file; give similarities or analogies")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise EmbeddingError(f"{path.name}: not UTF-8 ({error.reason})") from None
    lines = [
        (number, line.strip())
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise EmbeddingError(f"{path.name}: no line in it; give similarities or analogies")
    read = _analogies if lines[0][1].startswith(":") else _similarities
    return read(path, lines)


def _is_judgments(path: Path) -> bool:
    """Say whether a file's first line, comments aside, is one of the two forms."""
    with path.open("rb") as file:
        for line in file:
            if line.strip() and not line.startswith(b"#"):
                return line.startswith(b":") or line.count(b"\t") == 2
    return False


def _similarities(path: Path, lines: list[tuple[int, str]]) -> Similarities:
    pairs, judged = [], []
    for number, line in lines:
        cells = line.split("\t")
        try:
            first, second, value = cells
            judged.append(float(value))
        except ValueError:
            raise EmbeddingError(
                f"{path.name}, line {number}: {line[:60]!r}; expected two words and a number, "
                "tabs between"
            ) from None
        pairs.append((first, second))
    return Similarities(tuple(pairs), np.array(judged))


def _analogies(path: Path, lines: list[tuple[int, str]]) -> Analogies:
    sections: dict[str, list[tuple[str, ...]]] = {}
    section = ""
    for number, line in lines:
        if line.startswith(":"):
            section = line[1:].strip()
            sections.setdefault(section, [])
            continue
        question = tuple(line.split())
        if len(question) != 4:
            raise EmbeddingError(
                f"{path.name}, line {number}: {len(question)} words; expected four, or : section"
            )
        sections[section].append(question)
    return Analogies(sections)


def similarity(
    words: Sequence[str], vectors: np.ndarray, judgments: Similarities
) -> dict[str, Any]:
    """Return spearman (None for fewer than two pairs), pairs (both words known), and of."""
    known, questions = _known(words, judgments.pairs)
    unit = _unit(vectors)
    cosines = np.einsum("ij,ij->i", unit[questions[:, 0]], unit[questions[:, 1]])
    found = float(spearmanr(cosines, judgments.judged[known])[0]) if len(known) > 1 else np.nan
    return {
        "spearman": found if np.isfinite(found) else None,
        "pairs": len(known),
        "of": len(judgments.pairs),
    }


def analogies(words: Sequence[str], vectors: np.ndarray, judgments: Analogies) -> dict[str, Any]:
    """Return accuracy, questions (all words known), of, and the three by section.

    The answer is sought among all words. An accuracy is None where nothing could be asked.
    """
    unit = _unit(vectors)
    sections = {}
    right_in_all = 0
    for section, asked in judgments.sections.items():
        questions = _known(words, asked)[1]
        right = sum(
            _right(unit, questions[start : start + _BLOCK])
            for start in range(0, len(questions), _BLOCK)
        )
        right_in_all += right
        sections[section] = _accuracy(right, len(questions), len(asked))
    known = sum(entry["questions"] for entry in sections.values())
    of = sum(entry["of"] for entry in sections.values())
    return {**_accuracy(right_in_all, known, of), "sections": sections}


def _right(unit: np.ndarray, questions: np.ndarray) -> int:
    """Count the questions (int64, (q, 4)) that are answered rightly, by 3CosAdd."""
    a, b, c, d = questions.T
    closeness = (unit[b] - unit[a] + unit[c]) @ unit.T  # (q, v)
    closeness[np.arange(len(questions))[:, None], questions[:, :3]] = -np.inf
    return int((closeness.argmax(axis=1) == d).sum())


def _accuracy(right: int, questions: int, of: int) -> dict[str, Any]:
    return {"accuracy": right / questions if questions else None, "questions": questions, "of": of}


def _known(words: Sequence[str], asked: Sequence[tuple[str, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Return which entries have known words only, and the numbers of their words.

    int64, shapes (k,) and (k, words an entry)
    """
    number_of = {word: number for number, word in reversed(list(enumerate(words)))}
    numbers = np.array(
        [
            [number_of.get(word, number_of.get(word.lower(), -1)) for word in entry]
            for entry in asked
        ],
        dtype=np.int64,
    ).reshape(len(asked), -1)
    known = np.flatnonzero((numbers >= 0).all(axis=1))
    return known, numbers[known]


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return the rows at length 1, zero rows as they are."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
