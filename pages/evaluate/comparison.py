"""The result of a comparison of features under models, and its findings in sentences.

It is made from the results of `python -m trainers evaluate`, the last line of its output.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embeddings.errors import EmbeddingError
from server.runs.contract import FEATURES, METRICS, MODELS, FeatureName, MetricName, ModelName

CLEAR = 2.0
"""Standard errors that a difference over the folds must exceed to be clear."""


@dataclass(frozen=True)
class Score:
    """The scores of one kind of features under one model.

    Attributes
    ----------
    columns : of the feature matrix, mean over the folds
    megabytes : of the training rows' matrix, dense (10^6 bytes)
    feature_seconds, model_seconds : to fit and apply, mean over the folds
    means, errors : metric -> mean over the folds, and its standard error
    folds : metric -> value in each fold
    """

    features: FeatureName
    model: ModelName
    columns: float
    megabytes: float
    feature_seconds: float
    model_seconds: float
    means: Mapping[MetricName, float]
    errors: Mapping[MetricName, float]
    folds: Mapping[MetricName, Sequence[float]]

    def text(self, metric: MetricName) -> str:
        """Write the mean with its standard error: 30.97 ± 0.98."""
        return with_error(self.means[metric], self.errors[metric])


@dataclass(frozen=True)
class Comparison:
    """A comparison, and the scores of all pairs of features and models.

    Attributes
    ----------
    table, rows, target, task, folds : what was predicted, from how many rows, and how
    categorical : column -> number of its levels
    numeric : columns
    better : metric -> "lower" or "higher"; the first is the one to compare by
    scores : in the order of models, then of features
    notes : automatic choices and what was left out in reading the table
    """

    table: str
    rows: int
    target: str
    task: str
    folds: int
    categorical: Mapping[str, int]
    numeric: Sequence[str]
    better: Mapping[MetricName, str]
    scores: tuple[Score, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, results: Mapping[str, Any]) -> "Comparison":
        """Read the results of evaluate.

        Raises
        ------
        EmbeddingError
            The results are incomplete, or of other types: their file is damaged.
        """
        names = ("table", "rows", "target", "task", "folds", "categorical", "numeric", "better")
        try:
            better = {name: way for name, way in results["better"].items() if name in METRICS}
            if not better or not results["results"]:
                raise KeyError("better")
            return cls(
                **{name: results[name] for name in names if name != "better"},
                better=better,
                scores=tuple(_score(each, list(better)) for each in results["results"]),
                notes=tuple(results["notes"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise EmbeddingError(
                "the results of this comparison are damaged; delete it and compare again"
            ) from None

    @property
    def models(self) -> list[ModelName]:
        """The models, in order."""
        return list(dict.fromkeys(each.model for each in self.scores))

    @property
    def features(self) -> list[FeatureName]:
        """The kinds of features, in order."""
        return list(dict.fromkeys(each.features for each in self.scores))

    def under(self, model: ModelName, metric: MetricName) -> list[Score]:
        """Return the scores under a model, the best first."""
        sign = 1 if self.better[metric] == "lower" else -1
        found = [each for each in self.scores if each.model == model]
        return sorted(found, key=lambda each: sign * each.means[metric])

    def found(self, features: FeatureName, model: ModelName) -> Score | None:
        """Return the score of a pair; None if it was not run."""
        pairs = {(each.features, each.model): each for each in self.scores}
        return pairs.get((features, model))


def _score(result: Mapping[str, Any], metrics: Sequence[MetricName]) -> Score:
    names = ("columns", "megabytes", "feature_seconds", "model_seconds")
    features, model = result["features"], result["model"]
    if features not in FEATURES or model not in MODELS:
        raise KeyError(features, model)
    return Score(
        features,
        model,
        **{name: float(result[name]) for name in names},
        means={metric: float(result[metric]) for metric in metrics},
        errors={metric: float(result[f"{metric} standard error"]) for metric in metrics},
        folds={metric: [float(each) for each in result["folds"][metric]] for metric in metrics},
    )


def differs(one: Score, other: Score, metric: MetricName) -> bool:
    """Return True if two scores, paired over folds, differ by more than CLEAR standard errors."""
    differences = [a - b for a, b in zip(one.folds[metric], other.folds[metric], strict=True)]
    count = len(differences)
    mean = sum(differences) / count
    variance = sum((each - mean) ** 2 for each in differences) / (count - 1)
    return abs(mean) > CLEAR * math.sqrt(variance / count)


def sentences(comparison: Comparison, metric: MetricName) -> list[str]:
    """Return the findings: a sentence for each model, then what the features cost."""
    found = [_of_model(comparison, model, metric) for model in comparison.models]
    entity, one_hot = (
        next((each for each in comparison.scores if each.features == name), None)
        for name in ("entity", "one-hot")
    )
    if entity and one_hot:
        found.append(
            f"Entity embeddings take {entity.columns:,.0f} columns, one-hot "
            f"{one_hot.columns:,.0f}; learning them took {entity.feature_seconds:,.1f} s a fold."
        )
    skipped = [
        f"{MODELS[model]} on {FEATURES[name]}"
        for model in comparison.models
        for name in comparison.features
        if comparison.found(name, model) is None and (name != "native" or model == "boosting")
    ]
    if skipped:
        found.append(f"Not run because the matrix would be too large: {', '.join(skipped)}.")
    return found


def _of_model(comparison: Comparison, model: ModelName, metric: MetricName) -> str:
    """Return which features are best under a model, too close to call, or behind."""
    best, *others = comparison.under(model, metric)
    title = MODELS[model][0].upper() * (model != "knn") + MODELS[model][model != "knn" :]
    text = f"{title}: {FEATURES[best.features]} {METRICS[metric]} {best.text(metric)}"
    if not others:
        return f"{text}."
    behind = [each for each in others if differs(best, each, metric)]
    close = [each for each in others if each not in behind]
    text += ", the best"
    if close:
        text += f"; too close to call: {_listed(close, metric)}"
    if behind:
        text += f"; behind: {_listed(behind, metric)}"
    return f"{text}."


def _listed(scores: Sequence[Score], metric: MetricName) -> str:
    return ", ".join(f"{FEATURES[each.features]} {each.text(metric)}" for each in scores)


def with_error(mean: float, error: float) -> str:
    """Return a mean and its standard error, rounded to the second digit of the error."""
    if not (math.isfinite(mean) and math.isfinite(error)):
        return f"{mean:.4g}"
    digits = 1 - math.floor(math.log10(error)) if error else 4
    digits = min(max(digits, 0), 8)
    return f"{mean:,.{digits}f}\u00a0±\u00a0{error:,.{digits}f}"
