"""Which features of categories serve which model best: cross-validated, without leakage.

In each fold the features are fitted on its training rows alone; they never see the target of a row
that they are judged on. Regression targets are standardized by their training rows while features
and models learn, so that means of the target stand beside standardized numbers on one scale.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold

from embeddings.errors import EmbeddingError
from trainers.data.tables import Table
from trainers.evaluate.encodings import FeatureName, ModelName, model_maker
from trainers.metrics.prediction import classification_metrics, regression_metrics

DENSE_BYTES = 2 * 2**30
"""k-NN and boosting need dense matrices: larger ones are not made, which is said."""


@dataclass(frozen=True)
class Score:
    """How one kind of features did under one model.

    Attributes
    ----------
    features, model : their names
    columns : of the feature matrix, mean over the folds
    megabytes : of the training rows' matrix, as float32 and dense (10^6 bytes), mean over the folds
    feature_seconds : to fit the features and to transform all rows, mean over the folds
    model_seconds : to fit the model and to predict, mean over the folds
    values : metric -> its value in each fold
    """

    features: str
    model: str
    columns: float
    megabytes: float
    feature_seconds: float
    model_seconds: float
    values: dict[str, list[float]] = field(default_factory=dict)

    def mean(self, metric: str) -> float:
        """Return the mean over the folds."""
        return float(np.mean(self.values[metric]))

    def standard_error(self, metric: str) -> float:
        """Return the standard error of that mean, taking the folds as independent."""
        return float(np.std(self.values[metric], ddof=1) / np.sqrt(len(self.values[metric])))


def splits(table: Table, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the training and the test rows of each fold, drawn at random; classes in proportion.

    Raises
    ------
    EmbeddingError
        fewer rows, or fewer rows of some class, than folds
    """
    if len(table) < 2 * folds:
        raise EmbeddingError(f"{len(table)} rows for {folds} folds; give two rows a fold at least")
    if table.task == "regression":
        return list(KFold(folds, shuffle=True, random_state=seed).split(table.target))
    classes, counts = np.unique(table.target, return_counts=True)
    if counts.min() < folds:
        raise EmbeddingError(
            f"class {classes[counts.argmin()]!r} has {counts.min()} rows for {folds} folds; each "
            "class needs one row a fold: leave these rows out, or give fewer --folds"
        )
    folded = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return list(folded.split(table.target, table.target))


@dataclass(frozen=True, eq=False)
class FoldFeatures:
    """The features of one fold.

    Attributes
    ----------
    train, test : float, shapes (training rows, columns) and (test rows, columns); a NumPy array or
        a SciPy CSR matrix
    seconds : to fit on the training rows and to transform both
    """

    train: Any
    test: Any
    seconds: float


def fold_features(
    table: Table, maker: ColumnTransformer, train: np.ndarray, test: np.ndarray
) -> FoldFeatures:
    """Fit features on the training rows and their targets; transform training and test rows.

    train, test : int64, row numbers
    """
    started = time.perf_counter()
    target = table.target[train]
    if table.task == "regression":
        target = (target - target.mean()) / (target.std() or 1.0)
    maker = clone(maker)
    made = maker.fit_transform(table.predictors.iloc[train], target)
    other = maker.transform(table.predictors.iloc[test])
    return FoldFeatures(made, other, time.perf_counter() - started)


def compare(
    table: Table,
    makers: dict[FeatureName, ColumnTransformer],
    models: Sequence[ModelName],
    *,
    folds: int = 5,
    neighbors: int = 10,
    seed: int = 0,
    said: Callable[[str], None],
    noted: Callable[..., None] = lambda event, step, **values: None,
) -> list[Score]:
    """Judge every kind of features under every model by cross-validation.

    "native" runs under boosting only. What needs too large a matrix is not run, which is said.

    Parameters
    ----------
    makers : name of the features -> what feature_maker returned
    said : receives a sentence after each model of each fold
    noted : receives an event, the number of judgments so far, and fold, features, model: "begin"
        before features are fitted (no model) and before a model is; "judged" after it, with its
        metrics; "skipped" where it was not run; all with the seconds since the beginning

    Returns
    -------
    one Score for each pair that ran, in the order of `models`, then of `makers`
    """
    runs: dict[tuple[str, str], list[tuple[dict[str, float], FoldFeatures, float]]] = {}
    parts = splits(table, folds, seed)
    started = time.perf_counter()
    step = 0

    def note(event: str, **values: Any) -> None:
        noted(event, step, **values, seconds=round(time.perf_counter() - started, 3))

    for number, (train, test) in enumerate(parts, start=1):
        for name, maker in makers.items():
            place = {"fold": number, "features": name}
            note("begin", **place)
            features = fold_features(table, maker, train, test)
            for model in models_of(name, models):
                told = f"fold {number}/{folds}: {name}, {model}"
                note("begin", **place, model=model)
                step += 1
                if model != "linear" and _dense_bytes(features.train) > DENSE_BYTES:
                    size = _dense_bytes(features.train) / 2**30
                    why = f"not run, its matrix would take {size:.1f} GiB; give fewer --rows"
                    said(f"{told}: {why}")
                    note("skipped", **place, model=model, gib=size)
                    continue
                native = range(len(table.categorical)) if name == "native" else ()
                made = model_maker(model, table.task, native, neighbors, seed)
                values, seconds = _judge(made, table, features, train, test)
                runs.setdefault((name, model), []).append((values, features, seconds))
                metric, value = next(iter(values.items()))
                said(f"{told}: {metric} {value:.4g} ({features.seconds:.1f} + {seconds:.1f} s)")
                note("judged", **place, model=model, **values)
    return [
        _score(name, model, runs[name, model])
        for model in models
        for name in makers
        if len(runs.get((name, model), ())) == folds
    ]


def models_of(features: FeatureName, models: Sequence[ModelName]) -> list[ModelName]:
    """Return the models that run on one kind of features; "native" is for boosting alone."""
    return [model for model in models if features != "native" or model == "boosting"]


def _judge(
    model: Any, table: Table, features: FoldFeatures, train: np.ndarray, test: np.ndarray
) -> tuple[dict[str, float], float]:
    """Return the metrics of one model on the test rows, and the seconds to fit and predict."""
    dense = _dense_bytes(features.train) <= DENSE_BYTES
    known, asked = (_dense(x) if dense else x for x in (features.train, features.test))
    started = time.perf_counter()
    target = table.target[train]
    if table.task == "regression":
        center, spread = target.mean(), target.std() or 1.0
        predicted = model.fit(known, (target - center) / spread).predict(asked) * spread + center
        seconds = time.perf_counter() - started
        return regression_metrics(table.target[test], predicted), seconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough after 1,000 iterations
        shares = model.fit(known, target).predict_proba(asked)
    seconds = time.perf_counter() - started
    return classification_metrics(table.target[test], shares, model.classes_), seconds


def _score(
    name: str, model: str, runs: list[tuple[dict[str, float], FoldFeatures, float]]
) -> Score:
    """Put the folds of one pair together."""
    return Score(
        features=name,
        model=model,
        columns=float(np.mean([features.train.shape[1] for _, features, _ in runs])),
        megabytes=float(np.mean([_dense_bytes(features.train) for _, features, _ in runs])) / 1e6,
        feature_seconds=float(np.mean([features.seconds for _, features, _ in runs])),
        model_seconds=float(np.mean([seconds for _, _, seconds in runs])),
        values={metric: [values[metric] for values, _, _ in runs] for metric in runs[0][0]},
    )


def _dense_bytes(matrix: Any) -> int:
    """Return the bytes of a matrix as dense float32."""
    return 4 * matrix.shape[0] * matrix.shape[1]


def _dense(matrix: Any) -> np.ndarray:
    return matrix.toarray() if sparse.issparse(matrix) else matrix
