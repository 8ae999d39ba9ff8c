"""Results of a comparison are described: what is best, what is as good, what did not run."""

import statistics

import pytest

from pages.evaluate.comparison import Comparison, differs, sentences, with_error


def result(features: str, model: str, rmse: list[float]) -> dict:
    error = statistics.stdev(rmse) / len(rmse) ** 0.5
    return {
        "features": features,
        "model": model,
        "columns": {"entity": 12.0, "one-hot": 1040.0}.get(features, 3.0),
        "megabytes": 0.5,
        "feature_seconds": 4.25,
        "model_seconds": 0.1,
        "rmse": statistics.mean(rmse),
        "rmse standard error": error,
        "r2": 1 - statistics.mean(rmse) / 100,
        "r2 standard error": error / 100,
        "folds": {"rmse": rmse, "r2": [1 - each / 100 for each in rmse]},
    }


@pytest.fixture
def comparison() -> Comparison:
    """Entity is 0.1 below target encoding in two folds of three, above in one; label is far off."""
    return Comparison.of(
        {
            "table": "shops",
            "rows": 900,
            "target": "sold",
            "task": "regression",
            "folds": 3,
            "categorical": {"shop": 24},
            "numeric": ["noise"],
            "better": {"rmse": "lower", "r2": "higher"},
            "results": [
                result("label", "knn", [9.0, 11.0, 10.0]),
                result("target", "knn", [3.1, 4.1, 4.9]),
                result("entity", "knn", [3.0, 4.0, 5.0]),
                result("entity", "linear", [2.0, 2.2, 2.1]),
                result("one-hot", "linear", [2.0, 2.1, 2.0]),
                result("native", "boosting", [1.0, 1.0, 1.0]),
            ],
            "notes": [],
        }
    )


def test_the_best_come_first_by_any_metric(comparison: Comparison) -> None:
    for metric in ("rmse", "r2"):
        order = [each.features for each in comparison.under("knn", metric)]
        assert order == ["entity", "target", "label"]
    assert comparison.models == ["knn", "linear", "boosting"]
    assert comparison.features == ["label", "target", "entity", "one-hot", "native"]
    assert comparison.found("label", "boosting") is None


def test_differences_are_paired_over_the_folds(comparison: Comparison) -> None:
    entity, target, label = comparison.under("knn", "rmse")
    assert not differs(entity, target, "rmse")  # their difference is 0.03 ± 0.07
    assert differs(entity, label, "rmse")  # 6 ± 0.58, though single errors overlap more
    best, other = comparison.under("linear", "rmse")
    assert best.features == "one-hot"
    assert not differs(best, other, "rmse")  # 0.067 ± 0.033, just within two errors


def test_sentences(comparison: Comparison) -> None:
    found = [sentence.replace("\u00a0", " ") for sentence in sentences(comparison, "rmse")]
    assert found == [
        "k-NN: entity embeddings RMSE 4.00 ± 0.58, the best; too close to call: target encoding "
        "4.03 ± 0.52; behind: label codes 10.00 ± 0.58.",
        "Linear model: one-hot RMSE 2.033 ± 0.033, the best; too close to call: entity embeddings "
        "2.100 ± 0.058.",
        "Boosting: native categories RMSE 1.0000 ± 0.0000.",
        "Entity embeddings take 12 columns, one-hot 1,040; learning them took 4.2 s a fold.",
        "Not run because the matrix would be too large: k-NN on one-hot, linear model on label "
        "codes, linear model on target encoding, boosting on label codes, boosting on target "
        "encoding, boosting on entity embeddings, boosting on one-hot.",
    ]


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (30.9718, 0.98267, "30.97 ± 0.98"),
        (1234.56, 21.5, "1,235 ± 22"),
        (0.88851, 0.0075, "0.8885 ± 0.0075"),
        (0.5, 0.0, "0.5000 ± 0.0000"),
        (float("nan"), 1.0, "nan"),
    ],
)
def test_numbers_are_written_to_the_second_digit_of_their_error(mean, error, text) -> None:
    assert with_error(mean, error) == text.replace(" ± ", "\u00a0±\u00a0")
