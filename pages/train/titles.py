"""Names on the Train screen in words: of trainers, of settings, and of what a run measures."""

import functools
import re
from collections.abc import Mapping

from embeddings.settings import describe
from server.runs.contract import METRICS
from server.runs.records import RunRecord
from trainers.catalog import ABOUT, TRAINERS

_ACRONYMS = {
    "auc": "AUC", "idf": "IDF", "knn": "k-NN", "map": "MAP", "mrr": "MRR", "mse": "MSE",
    "ndcg": "NDCG", "pca": "PCA", "r2": "R²", "svd": "SVD", "tf": "TF",
}  # fmt: skip
_MEGABYTE = 1_000_000


def trainer_title(name: str) -> str:
    """Return the title of a trainer: "Two-tower"; a name that is not in the catalog as it is."""
    return ABOUT[name].title if name in ABOUT else name


def run_title(run: RunRecord) -> str:
    """Return the title of a run: "Two-tower, visits.csv, 24 Nov 18:05"."""
    if run.damage:
        return run.title
    return run.title.replace(run.trainer, trainer_title(run.trainer), 1)


@functools.cache
def setting_labels(trainer: str) -> Mapping[str, str]:
    """Return the labels of a trainer's settings by name; none of a trainer that is not known."""
    config = TRAINERS.get(trainer)
    return {each.name: each.label for each in describe(config)} if config else {}


def setting_label(trainer: str, name: str) -> str:
    """Return the label of a setting: "Batch size (pairs)"."""
    return setting_labels(trainer).get(name) or in_words(name)


def quantity_title(name: str) -> str:
    """Return the title of what a run measures, with its unit: "Validation loss", "Memory (MB)"."""
    known = next((title for metric, title in METRICS.items() if metric == name), None)
    if known is not None:
        return known[:1].upper() + known[1:]
    rest, _, last = name.rpartition("_")
    if last == "seconds" or name == "seconds":
        return f"{in_words(rest or 'time')} (s)"
    if last == "bytes":
        return f"{in_words(rest)} (MB)"
    return in_words(name)


def in_words(name: str) -> str:
    """Return the name of a setting or a quantity as words: "recall@10 of SVD" starts with "R"."""
    words = [_ACRONYMS.get(word, word) for word in re.split(r"(\W|_)", name)]
    text = "".join(words).replace("_", " ")
    return text if text.startswith(tuple(_ACRONYMS.values())) else text[:1].upper() + text[1:]


def value_text(name: str, value: object) -> str:
    """Return the value of a quantity as text, in the unit of its title."""
    if name.endswith("_bytes") and isinstance(value, int | float):
        return f"{value / _MEGABYTE:,.1f}"
    return as_text(value)


def as_text(value: object) -> str:
    """Return a metric or a setting as text."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bool) or value is None:
        return {None: "", True: "yes", False: "no"}[value]
    return f"{value:,}" if isinstance(value, int) else str(value)
