"""The features and the models to compare: entity embeddings, and estimators of scikit-learn."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from embeddings.features import EmbeddingEncoder
from server.runs.contract import FeatureName, ModelName
from trainers.data.tables import Table, TargetKind

TARGET_FOLDS = 5
"""Folds in which target encoding splits the training rows, so that no row sees its own target."""

TREE_CATEGORIES = 255
"""Maximum number of levels that scikit-learn's trees handle natively; the rarest are merged."""


def make_features(
    name: FeatureName, table: Table, learn_entities: Callable[[Any, Any], Any], seed: int
) -> ColumnTransformer:
    """Return an unfitted transformer from the predictors of a table to one kind of features.

    Parameters
    ----------
    name : the kind of features
    table : its columns and target determine the transformer
    learn_entities : `fit_with` of EmbeddingEncoder; it receives all predictors
    seed : of the folds of target encoding
    """
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    if name == "entity":
        levels: Any = EmbeddingEncoder(fit_with=learn_entities, columns=table.categorical)
        predictors = list(table.predictors.columns)
        return _concatenated(
            [("levels", levels, predictors), ("numbers", numbers, list(table.numeric))]
        )
    if name == "one-hot":
        levels = OneHotEncoder(handle_unknown="ignore", dtype=np.float32)
    elif name == "label":
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
        )
        levels = make_pipeline(codes, StandardScaler())
    elif name == "target":
        classes = "binary" if len(np.unique(table.target)) == 2 else "multiclass"
        kind = "continuous" if table.task == "regression" else classes
        splitter = KFold if table.task == "regression" else StratifiedKFold
        folds = splitter(TARGET_FOLDS, shuffle=True, random_state=seed)
        levels = TargetEncoder(target_type=kind, cv=folds)
    else:
        numbers = "passthrough"  # trees handle missing numbers themselves
        levels = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            encoded_missing_value=np.nan,
            max_categories=TREE_CATEGORIES,
        )
    return _concatenated(
        [("levels", levels, list(table.categorical)), ("numbers", numbers, list(table.numeric))]
    )


def _concatenated(parts: list[tuple[str, Any, list[str]]]) -> ColumnTransformer:
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=1.0)


def make_model(
    name: ModelName, task: TargetKind, native: Sequence[int], neighbors: int, seed: int
) -> Any:
    """Return an unfitted model.

    Parameters
    ----------
    name : the kind of model
    task : regression or classification
    native : positions of the columns that trees handle as categories
    neighbors : k of k-NN
    seed : of boosting
    """
    regression = task == "regression"
    if name == "knn":
        return (KNeighborsRegressor if regression else KNeighborsClassifier)(neighbors)
    if name == "linear":
        return Ridge() if regression else LogisticRegression(max_iter=1000)
    boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return boosting(random_state=seed, categorical_features=list(native) or None)
