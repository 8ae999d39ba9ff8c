"""Cross-validated comparison of features of categories under several models, without leakage.

In each fold the features are fitted on the training rows only; they never see the target of a row
that they are evaluated on. Regression targets are standardized by their training rows while
features and models are fitted, so that means of the target are on the same scale as standardized
numbers.
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
from server.runs.contract import FOLD_STARTED, SCORED, SKIPPED, FeatureName, ModelName
from trainers.data.tables import Table
from trainers.evaluate.estimators import make_model
from trainers.metrics.prediction import classification_metrics, regression_metrics

DENSE_BYTES = 2 * 2**30
"""k-NN and boosting need dense matrices, and are skipped with a message if these were larger."""


@dataclass(frozen=True)
class Score:
    """Results of one kind of features under one model; sizes and times are means over the folds.

    Attributes
    ----------
    features, model : their names
    columns : number of columns of the feature matrix
    megabytes : size of the training rows' matrix as dense float32, in 10^6 bytes
    feature_seconds : time to fit the features and to transform all rows
    model_seconds : time to fit the model and to predict
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
        """Return the standard error of the mean, as if the folds were independent."""
        return float(np.std(self.values[metric], ddof=1) / np.sqrt(len(self.values[metric])))


def splits(table: Table, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the training and the test rows of each fold, drawn at random, stratified by class.

    Raises
    ------
    EmbeddingError
        fewer than two rows per fold, or fewer rows of a class than folds
    """
    if len(table) < 2 * folds:
        raise EmbeddingError(f"{len(table)} rows for {folds} folds; give at least two per fold")
    if table.task == "regression":
        return list(KFold(folds, shuffle=True, random_state=seed).split(table.target))
    classes, counts = np.unique(table.target, return_counts=True)
    if counts.min() < folds:
        raise EmbeddingError(
            f"class {classes[counts.argmin()]!r} has {counts.min()} rows for {folds} folds; each "
            "class needs at least one row per fold: remove these rows, or give fewer --folds"
        )
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(table.target, table.target))


@dataclass(frozen=True, eq=False)
class FoldFeatures:
    """The features of one fold.

    Attributes
    ----------
    train, test : float, shapes (training rows, columns) and (test rows, columns); a NumPy array or
        a SciPy CSR matrix
    seconds : time to fit on the training rows and to transform both
    """

    train: Any
    test: Any
    seconds: float


def fold_features(
    table: Table, transformer: ColumnTransformer, train: np.ndarray, test: np.ndarray
) -> FoldFeatures:
    """Fit features on the training rows and their targets; transform training and test rows.

    Parameters
    ----------
    table : the data
    transformer : makes the features; a clone is fitted
    train, test : int64, row numbers
    """
    started = time.perf_counter()
    target = table.target[train]
    if table.task == "regression":
        target = (target - target.mean()) / (target.std() or 1.0)
    transformer = clone(transformer)
    train_features = transformer.fit_transform(table.predictors.iloc[train], target)
    test_features = transformer.transform(table.predictors.iloc[test])
    return FoldFeatures(train_features, test_features, time.perf_counter() - started)


def compare(
    table: Table,
    transformers: dict[FeatureName, ColumnTransformer],
    models: Sequence[ModelName],
    *,
    folds: int = 5,
    neighbors: int = 10,
    seed: int = 0,
    report: Callable[[str], None],
    log_event: Callable[..., None] = lambda event, step, **values: None,
) -> list[Score]:
    """Evaluate every kind of features under every model by cross-validation.

    "native" features run under boosting only. What needs too large a matrix is skipped.

    Parameters
    ----------
    table : the data
    transformers : name of the features -> the result of `make_features`
    models : names of the models
    folds : number of folds
    neighbors : k of k-NN
    seed : of the folds and of boosting
    report : receives a sentence after each model of each fold
    log_event : receives an event, the number of evaluations so far, and fold, features, model:
        "begin" before features (without a model) and before a model are fitted; "judged" after
        that, with the metrics; "skipped" if it was not run; all with the seconds since the start

    Returns
    -------
    One Score for each combination that ran, in the order of `models`, then of `transformers`.
    """
    runs: dict[tuple[str, str], list[tuple[dict[str, float], FoldFeatures, float]]] = {}
    parts = splits(table, folds, seed)
    started = time.perf_counter()
    step = 0

    def log(event: str, **values: Any) -> None:
        log_event(event, step, **values, seconds=round(time.perf_counter() - started, 3))

    for number, (train, test) in enumerate(parts, start=1):
        for name, transformer in transformers.items():
            where = {"fold": number, "features": name}
            log(FOLD_STARTED, **where)
            features = fold_features(table, transformer, train, test)
            for model in models_for(name, models):
                title = f"fold {number}/{folds}: {name}, {model}"
                log(FOLD_STARTED, **where, model=model)
                step += 1
                if model != "linear" and _dense_bytes(features.train) > DENSE_BYTES:
                    gib = _dense_bytes(features.train) / 2**30
                    report(f"{title}: skipped, its matrix would take {gib:.1f} GiB; give fewer "
                           "--rows")  # fmt: skip
                    log(SKIPPED, **where, model=model, gib=gib)
                    continue
                native = range(len(table.categorical)) if name == "native" else ()
                estimator = make_model(model, table.task, native, neighbors, seed)
                values, seconds = _evaluate(estimator, table, features, train, test)
                runs.setdefault((name, model), []).append((values, features, seconds))
                metric, value = next(iter(values.items()))
                report(f"{title}: {metric} {value:.4g} ({features.seconds:.1f} + {seconds:.1f} s)")
                log(SCORED, **where, model=model, **values)
    return [
        _score(name, model, runs[name, model])
        for model in models
        for name in transformers
        if len(runs.get((name, model), ())) == folds
    ]


def models_for(features: FeatureName, models: Sequence[ModelName]) -> list[ModelName]:
    """Return the models that can use one kind of features; "native" is for boosting only."""
    return [model for model in models if features != "native" or model == "boosting"]


def _evaluate(
    model: Any, table: Table, features: FoldFeatures, train: np.ndarray, test: np.ndarray
) -> tuple[dict[str, float], float]:
    """Return the metrics of a model on the test rows, and the seconds to fit and to predict."""
    dense = _dense_bytes(features.train) <= DENSE_BYTES
    train_features, test_features = (
        _dense(x) if dense else x for x in (features.train, features.test)
    )
    started = time.perf_counter()
    target = table.target[train]
    if table.task == "regression":
        mean, std = target.mean(), target.std() or 1.0
        model.fit(train_features, (target - mean) / std)
        predicted = model.predict(test_features) * std + mean
        seconds = time.perf_counter() - started
        return regression_metrics(table.target[test], predicted), seconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # close enough after 1,000 iterations
        probabilities = model.fit(train_features, target).predict_proba(test_features)
    seconds = time.perf_counter() - started
    return classification_metrics(table.target[test], probabilities, model.classes_), seconds


def _score(
    name: str, model: str, runs: list[tuple[dict[str, float], FoldFeatures, float]]
) -> Score:
    """Summarize the folds of one combination."""
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
    """Return the size of a matrix as dense float32, in bytes."""
    return 4 * matrix.shape[0] * matrix.shape[1]


def _dense(matrix: Any) -> np.ndarray:
    return matrix.toarray() if sparse.issparse(matrix) else matrix
