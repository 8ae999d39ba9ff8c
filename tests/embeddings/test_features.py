"""Embeddings as features: each level gets its own vector, in whatever scikit-learn puts around."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from embeddings import EmbeddingSet, save
from embeddings.errors import EmbeddingError
from embeddings.features import EmbeddingEncoder, level_codes

CITIES = EmbeddingSet.of(np.array([[1, 2], [3, 4], [5, 6]], np.float32), ["Rome", "Oslo", "5"])


def joint() -> EmbeddingSet:
    """Levels of two columns: vectors of two numbers, and of one, padded."""
    vectors = np.array([[9, 9], [1, 2], [3, 4], [7, 0], [8, 0], [6, 0]], np.float32)
    labels = ["(unknown)", "Rome", "Oslo", "1", "2", "(missing)"]
    roles = ["city"] * 3 + ["month"] * 3
    return EmbeddingSet.of(vectors, labels, {"role": pa.array(roles)})


def one_hot_levels(X, y):
    """Learn nothing: level i gets the unit vector i, scaled by the mean of the target."""
    found = {}
    for name in X.columns:
        _, names = level_codes(X[name])
        found[name] = EmbeddingSet.of(np.eye(len(names)) * (1 + np.mean(y)), names)
    return found


def test_levels_become_their_vectors():
    made = EmbeddingEncoder(CITIES).fit_transform(
        np.array([["Oslo"], [5], [5.0], ["Rome"]], object)
    )
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, [[3, 4], [5, 6], [5, 6], [1, 2]])


def test_a_column_takes_the_rows_of_its_role_without_their_padding():
    table = pd.DataFrame({"month": [2, 1], "city": ["Rome", "Oslo"]})
    encoder = EmbeddingEncoder(joint()).fit(table)
    np.testing.assert_array_equal(encoder.transform(table), [[8, 1, 2], [7, 3, 4]])
    assert list(encoder.get_feature_names_out()) == ["month_0", "city_0", "city_1"]


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, pd.NaT])
def test_unknown_and_missing(nothing):
    table = pd.DataFrame({"city": ["Paris", nothing], "month": [3, nothing]}, dtype=object)
    made = EmbeddingEncoder(joint()).fit(table).transform(table)
    mean = (7 + 8 + 6) / 3  # of a column without a row "(unknown)"
    np.testing.assert_array_equal(made, np.float32([[9, 9, mean], [9, 9, 6]]))
    zeros = EmbeddingEncoder(joint(), unknown="zero").fit(table).transform(table)
    np.testing.assert_array_equal(zeros, [[0, 0, 0], [0, 0, 6]])
    with pytest.raises(EmbeddingError, match="row 0, column city: no vector for 'Paris'"):
        EmbeddingEncoder(joint(), unknown="error").fit(table).transform(table)


@pytest.mark.parametrize("dtype", ["str", "category", "object"])
def test_every_type_of_text(dtype):
    table = pd.DataFrame({"city": pd.Series(["Oslo", None, "Rome"], dtype=dtype)})
    np.testing.assert_array_equal(
        EmbeddingEncoder(joint()).fit_transform(table), [[3, 4], [9, 9], [1, 2]]
    )


def test_files_sets_and_mappings(tmp_path):
    file = tmp_path / "cities.embedding.parquet"
    save(CITIES, file)
    table = pd.DataFrame({"from": ["Rome"], "to": ["Oslo"]})
    for embedding in (file, str(file), {"from": file, "to": CITIES}):
        made = EmbeddingEncoder(embedding).fit_transform(table)
        np.testing.assert_array_equal(made, [[1, 2, 3, 4]])


def test_names_of_levels():
    codes, names = level_codes(np.array([5, 5.0, "5", None, True, "x", np.nan], object))
    assert names == ["5", "True", "x"] and codes.tolist() == [0, 0, 0, -1, 1, 2, -1]
    codes, names = level_codes(pd.Series([1, None, 2], dtype="Int64"))
    assert names == ["1", "2"] and codes.tolist() == [0, -1, 1]
    assert level_codes(np.array([None, None]))[1] == []


def test_clone_and_params():
    encoder = EmbeddingEncoder(fit_with=one_hot_levels, columns=["a"], unknown="zero")
    copy = clone(encoder)
    assert copy.get_params() == encoder.get_params() and copy is not encoder
    assert copy.set_params(unknown="error").unknown == "error" and encoder.unknown == "zero"
    table = pd.DataFrame({"city": ["Rome"]})
    np.testing.assert_array_equal(clone(EmbeddingEncoder(CITIES)).fit_transform(table), [[1, 2]])


def numbered_levels(X, y):
    return one_hot_levels(pd.DataFrame(np.asarray(X)).add_prefix("x"), 0)


def test_scikit_learns_own_checks():
    expected = {"check_complex_data": "any value is a level, a complex number too"}
    check_estimator(EmbeddingEncoder(fit_with=numbered_levels), expected_failed_checks=expected)


def test_in_column_transformer_and_pipeline_as_pandas():
    table = pd.DataFrame({"city": ["Rome", "Oslo", "Rome"], "age": [1.0, 2.0, 3.0]})
    columns = ColumnTransformer([("levels", EmbeddingEncoder(joint()), ["city"]),
                                 ("numbers", StandardScaler(), ["age"])])  # fmt: skip
    made = columns.set_output(transform="pandas").fit_transform(table)
    assert list(made) == ["levels__city_0", "levels__city_1", "numbers__age"]
    assert made["levels__city_1"].tolist() == [2, 4, 2]
    model = make_pipeline(columns, LinearRegression()).fit(table, [1, 2, 3])
    assert model.predict(table) == pytest.approx([1, 2, 3])
    search = GridSearchCV(model, {"columntransformer__levels__unknown": ["zero", "vector"]}, cv=2)
    assert search.fit(pd.concat([table] * 2), [1, 2, 3] * 2).best_score_ > 0.9


def test_a_fit_learns_from_its_own_rows_only():
    rows = pd.DataFrame({"city": list("abcdef"), "age": range(6)})
    seen = []

    def learn(X, y):
        seen.append((list(X.columns), sorted(X["city"]), list(y)))
        return one_hot_levels(X[["city"]], y)

    encoder = EmbeddingEncoder(fit_with=learn, columns=["city"])
    model = make_pipeline(encoder, LinearRegression())
    cross_val_predict(model, rows, np.arange(6.0), cv=3)
    assert seen == [
        (["city", "age"], list("cdef"), [2, 3, 4, 5]),
        (["city", "age"], list("abef"), [0, 1, 4, 5]),
        (["city", "age"], list("abcd"), [0, 1, 2, 3]),
    ]


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (EmbeddingEncoder(), "give either `embedding`, a file or a set, or `fit_with`"),
        (EmbeddingEncoder(CITIES, fit_with=one_hot_levels), "give either"),
        (
            EmbeddingEncoder(CITIES, columns=["town"]),
            "no column 'town' to encode; the columns",
        ),
        (EmbeddingEncoder(joint()), "no vectors for column 'day'; the roles of the set are city"),
        (EmbeddingEncoder({"city": CITIES}), "no vectors for column 'day', only for city"),
        (EmbeddingEncoder(7), "int as embedding; expected a file"),
        (EmbeddingEncoder(CITIES, unknown="mean"), "unknown='mean': expected vector, zero"),
        (EmbeddingEncoder("absent.parquet"), "absent.parquet: no such file"),
        (
            EmbeddingEncoder(EmbeddingSet.of(np.eye(2), ["a", "a"])),
            "'a' is the label of rows 0 and",
        ),
    ],
)
def test_mistakes(encoder, message):
    with pytest.raises(EmbeddingError, match=message):
        encoder.fit(pd.DataFrame({"day": ["a"]}), [0])
