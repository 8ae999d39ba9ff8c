"""Synthetic data for search: pages and questions of topics with no word in common."""

from itertools import combinations
from pathlib import Path

from embeddings.cli.parse import parse
from trainers.two_tower.config import TwoTowerConfig


def write_topics(folder: Path, topics: int = 6) -> None:
    """Write the tables of pairs, pages and questions of some topics.

    A question has two of its topic's four words, which occur on one page only: a glossary without a
    topic. Each topic has three pages, of which the last is in no pair.
    """
    words_of = {t: [f"ask{t}{letter}" for letter in "abcd"] for t in range(topics)}
    pages = [f"p{t}{i},{' '.join(f'tell{t}{j} common{i}' for j in range(3))}"
             for t in range(topics) for i in range(3)]  # fmt: skip
    pages.append("glossary," + " ".join(word for words in words_of.values() for word in words))
    questions = [f"q{t}{n},{a} {b} please" for t, words in words_of.items()
                 for n, (a, b) in enumerate(combinations(words, 2))]  # fmt: skip
    pairs = [f"q{t}{n},p{t}{i}" for t in range(topics) for n in range(6) for i in (0, 1)]
    for name, header, lines in (("pairs", "query,page", pairs), ("pages", "page,text", pages),
                                ("queries", "query,text", questions)):  # fmt: skip
        (folder / f"{name}.csv").write_text("\n".join([header, *lines]) + "\n")


def search_config(folder: Path, *flags: str) -> TwoTowerConfig:
    """Return the settings of a search on these tables."""
    return parse(TwoTowerConfig, [
        "--data", str(folder / "pairs.csv"), "--out", str(folder / "o.embedding.parquet"),
        "--preset", "search", "--left-metadata", str(folder / "queries.csv"),
        "--right-metadata", str(folder / "pages.csv"), "--right-features", "text", "--dim", "16",
        "--batch-size", "32", "--epochs", "40", "--patience", "0", "--device", "cpu",
        "--threads", "1", "--quiet", *flags,
    ], "two_tower")  # fmt: skip
