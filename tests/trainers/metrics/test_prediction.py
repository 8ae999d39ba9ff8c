"""Metrics of predictions against formulas written out by hand."""

import math

import numpy as np
import pytest

from trainers.metrics.prediction import classification_metrics, regression_metrics


def test_metrics_by_hand():
    actual, predicted = np.array([1.0, 2, 6]), np.array([1.0, 4, 5])
    found = regression_metrics(actual, predicted)
    assert found["rmse"] == pytest.approx(math.sqrt(5 / 3)) and found["mae"] == 1
    assert found["r2"] == pytest.approx(1 - 5 / 14)
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]])
    found = classification_metrics(
        np.array(list("aab"), object), probabilities, np.array(["a", "b"])
    )
    assert found["accuracy"] == pytest.approx(1 / 3) and found["roc_auc"] == 0.5
    expected = -(math.log(0.9) + math.log(0.4) + math.log(0.3)) / 3
    assert found["log_loss"] == pytest.approx(expected)
