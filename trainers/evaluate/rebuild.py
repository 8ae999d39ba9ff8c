"""Rebuild the pipeline of a comparison from the files next to this script, and predict with it.

    python rebuild.py                       fit on table.parquet, predict its rows
    python rebuild.py NEW.csv               fit on table.parquet, predict new rows (CSV, Parquet)
    python rebuild.py NEW.csv --out P.csv   where to write; default: predictions.csv

It needs only NumPy, pandas, PyArrow and scikit-learn. The entity embeddings were learned from all
rows of table.parquet, so predictions for these rows look better than they are. The comparison in
results.json is free of this: each of its folds learned its own embeddings.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent


class LevelVectors(TransformerMixin, BaseEstimator):
    """Replace each value of the columns by the vector of its level.

    Parameters
    ----------
    files : column -> its embedding file. Levels that it lacks get the vector of its row
        "(unknown)"; missing values get that of "(missing)", if there is one
    """

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def fit(self, X: pd.DataFrame, y: object = None) -> "LevelVectors":
        """Read the files; the rows are ignored."""
        self.tables_ = {}
        for name, file in self.files.items():
            table = pq.read_table(HERE / file, columns=["label", "vector"])
            vectors = np.array(table["vector"].to_pylist(), dtype=np.float32)
            self.tables_[name] = (
                vectors,
                {label: row for row, label in enumerate(table["label"].to_pylist())},
            )
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        """Return the concatenated vectors: float32, shape (rows, sum of the widths)."""
        parts = []
        for name, (vectors, rows) in self.tables_.items():
            unknown = rows["(unknown)"]
            names = ["(missing)" if pd.isna(value) else level(value) for value in X[name]]
            parts.append(vectors[[rows.get(each, unknown) for each in names]])
        return np.concatenate(parts, axis=1)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return carrier_0, carrier_1, ..."""
        widths = {name: vectors.shape[1] for name, (vectors, _) in self.tables_.items()}
        names = [f"{name}_{i}" for name, width in widths.items() for i in range(width)]
        return np.array(names, dtype=object)


def level(value: object) -> str:
    """Return the name of a level: 5 and 5.0 are "5"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def build(settings: dict) -> Pipeline:
    """Return the unfitted pipeline: vectors of levels and standardized numbers, then a model."""
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    parts = [("levels", LevelVectors(settings["files"]), list(settings["files"]))]
    if settings["numeric"]:
        parts.append(("numbers", numbers, settings["numeric"]))
    return make_pipeline(ColumnTransformer(parts), model(settings))


def model(settings: dict) -> BaseEstimator:
    """Return the model that was best with these features."""
    regression = settings["task"] == "regression"
    if settings["model"] == "knn":
        nearest = KNeighborsRegressor if regression else KNeighborsClassifier
        return nearest(settings["neighbors"])
    if settings["model"] == "linear":
        return Ridge() if regression else LogisticRegression(max_iter=1000)
    boosting = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return boosting(random_state=settings["seed"])


def read(path: Path) -> pd.DataFrame:
    """Read a table with the same columns; in a CSV, spaces after commas go, and ? is missing."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, skipinitialspace=True, na_values=["?"])


def main() -> None:
    """Fit, predict, write; print one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", nargs="?", type=Path, default=HERE / "table.parquet")
    parser.add_argument("--out", type=Path, default=Path("predictions.csv"))
    arguments = parser.parse_args()
    settings = json.loads((HERE / "pipeline.json").read_text())
    known, new = pd.read_parquet(HERE / "table.parquet"), read(arguments.table)
    pipeline = build(settings).fit(known, known[settings["target"]])
    predicted = pipeline.predict(new)
    pd.DataFrame({settings["target"]: predicted}).to_csv(arguments.out, index=False)
    columns = pipeline[:-1].transform(known.head(1)).shape[1]
    print(json.dumps({"rows": len(new), "columns": columns, "out": str(arguments.out)}))  # noqa: T201


if __name__ == "__main__":
    main()
