"""Evaluation of word vectors: human similarity ratings, and analogies by section.

The format of a file is detected by content:

- similarities, such as WordSim-353 and SimLex-999: two words and a rating per line, separated by
  tabs; the metric is Spearman's rank correlation of the cosines with the ratings;
- analogies, such as questions-words.txt (Mikolov et al., 2013): `: section`, then lines of four
  words, "Athens Greece Baghdad Iraq"; an answer is correct if Iraq is nearest by cosine to
  Greece - Athens + Baghdad, among all words but these three.

A word without a vector is looked up in lower case. Lines with unknown words are ignored, and the
number of lines used is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from embeddings.errors import EmbeddingError
from embeddings.files.options import Note, log_note
from trainers.data.text_lines import text_lines

_BLOCK = 256  # questions per block


@dataclass(frozen=True, eq=False)
class Similarities:
    """Pairs of words and their ratings: float64, shape (pairs,), larger is more similar."""

    pairs: tuple[tuple[str, str], ...]
    ratings: np.ndarray


@dataclass(frozen=True, eq=False)
class Analogies:
    """Questions (a, b, c, d) by section: a is to b as c is to d."""

    sections: dict[str, list[tuple[str, ...]]]


def evaluate(words: Sequence[str], vectors: np.ndarray, path: Path) -> dict[str, Any]:
    """Return the metrics of a file, or of all .txt and .tsv files of a folder, by file name.

    Parameters
    ----------
    words : v distinct words
    vectors : float32, shape (v, d)
    path : a file of similarities or analogies, or a folder of them; other files are ignored

    Raises
    ------
    EmbeddingError
        no such file, another format, or an invalid line; names its number
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".txt", ".tsv"))
        read = {file: read_benchmark(file) for file in files if _is_benchmark(file)}
        if not read:
            raise EmbeddingError(f"{path}: no file with similarities or analogies in this folder")
    else:
        read = {path: read_benchmark(path)}
    return {
        file.stem: similarity(words, vectors, benchmark)
        if isinstance(benchmark, Similarities)
        else analogies(words, vectors, benchmark)
        for file, benchmark in read.items()
    }


def read_benchmark(path: Path, note: Note = log_note) -> Similarities | Analogies:
    """Read a file in one of the two formats; raise EmbeddingError for any other (see evaluate)."""
    if not path.is_file():
        raise EmbeddingError(f"{path}: no such file; give similarities or analogies")
    lines = [
        (number, line.strip())
        for number, (_, line) in enumerate(text_lines(path, path.name, note), start=1)
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise EmbeddingError(f"{path.name}: empty; give similarities or analogies")
    read = _analogies if lines[0][1].startswith(":") else _similarities
    return read(path, lines)


def _is_benchmark(path: Path) -> bool:
    """Return True if the first line of a file, except comments, has one of the two formats."""
    with path.open("rb") as file:
        for line in file:
            if line.strip() and not line.startswith(b"#"):
                return line.startswith(b":") or line.count(b"\t") == 2
    return False


def _similarities(path: Path, lines: list[tuple[int, str]]) -> Similarities:
    pairs, ratings = [], []
    for number, line in lines:
        cells = line.split("\t")
        try:
            first, second, rating = cells
            ratings.append(float(rating))
        except ValueError:
            raise EmbeddingError(
                f"{path.name}, line {number}: {line[:60]!r}; expected two words and a number, "
                "separated by tabs"
            ) from None
        pairs.append((first, second))
    return Similarities(tuple(pairs), np.array(ratings))


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
    words: Sequence[str], vectors: np.ndarray, benchmark: Similarities
) -> dict[str, Any]:
    """Return spearman (None for fewer than two pairs), pairs (with known words), and of (all)."""
    known, questions = _known(words, benchmark.pairs)
    unit = _unit(vectors)
    cosines = np.einsum("ij,ij->i", unit[questions[:, 0]], unit[questions[:, 1]])
    found = float(spearmanr(cosines, benchmark.ratings[known])[0]) if len(known) > 1 else np.nan
    return {
        "spearman": found if np.isfinite(found) else None,
        "pairs": len(known),
        "of": len(benchmark.pairs),
    }


def analogies(words: Sequence[str], vectors: np.ndarray, benchmark: Analogies) -> dict[str, Any]:
    """Return accuracy, questions (with known words), of (all), and the three by section.

    An accuracy is None if there are no questions with known words.
    """
    unit = _unit(vectors)
    sections = {}
    all_correct = 0
    for section, listed in benchmark.sections.items():
        questions = _known(words, listed)[1]
        correct = sum(
            _correct(unit, questions[start : start + _BLOCK])
            for start in range(0, len(questions), _BLOCK)
        )
        all_correct += correct
        sections[section] = _accuracy(correct, len(questions), len(listed))
    known = sum(entry["questions"] for entry in sections.values())
    of = sum(entry["of"] for entry in sections.values())
    return {**_accuracy(all_correct, known, of), "sections": sections}


def _correct(unit: np.ndarray, questions: np.ndarray) -> int:
    """Return the number of questions, int64, (q, 4), that 3CosAdd answers correctly."""
    a, b, c, d = questions.T
    similarity = (unit[b] - unit[a] + unit[c]) @ unit.T  # (q, v)
    similarity[np.arange(len(questions))[:, None], questions[:, :3]] = -np.inf
    return int((similarity.argmax(axis=1) == d).sum())


def _accuracy(correct: int, questions: int, of: int) -> dict[str, Any]:
    return {
        "accuracy": correct / questions if questions else None,
        "questions": questions,
        "of": of,
    }


def _known(
    words: Sequence[str], entries: Sequence[tuple[str, ...]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of entries with only known words, and the numbers of their words.

    int64, shapes (k,) and (k, words per entry)
    """
    number_of = {word: number for number, word in reversed(list(enumerate(words)))}
    numbers = np.array(
        [
            [number_of.get(word, number_of.get(word.lower(), -1)) for word in entry]
            for entry in entries
        ],
        dtype=np.int64,
    ).reshape(len(entries), -1)
    known = np.flatnonzero((numbers >= 0).all(axis=1))
    return known, numbers[known]


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return the rows scaled to length 1; zero rows stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
