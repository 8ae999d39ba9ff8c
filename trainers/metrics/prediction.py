"""Metrics of predictions: errors of a regression, accuracy and probabilities of a classifier."""

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from server.runs.contract import MetricName
from trainers.data.tables import TargetKind

METRICS: dict[TargetKind, tuple[MetricName, ...]] = {
    "regression": ("rmse", "mae", "r2"),
    "classification": ("accuracy", "roc_auc", "log_loss"),
}
"""The metrics of each task; models are compared by the first."""

LOWER_IS_BETTER: tuple[MetricName, ...] = ("rmse", "mae", "log_loss")


def regression_metrics(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return RMSE and MAE, in units of the target, and R², the fraction of variance explained.

    Parameters
    ----------
    actual, predicted : float64, shape (rows,)
    """
    error = actual - predicted
    variance = float(np.mean((actual - actual.mean()) ** 2))
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
        "r2": 1 - float(np.mean(error**2)) / variance if variance else float("nan"),
    }


def classification_metrics(
    actual: np.ndarray, probabilities: np.ndarray, classes: np.ndarray
) -> dict[str, float]:
    """Return accuracy, ROC AUC (for two classes) and log loss, in nats.

    Parameters
    ----------
    actual : text objects, shape (rows,)
    probabilities : float64, shape (rows, classes)
    classes : text objects, shape (classes,), in the order of the columns of `probabilities`
    """
    predicted = classes[probabilities.argmax(axis=1)]
    result = {"accuracy": float(accuracy_score(actual, predicted))}
    if len(classes) == 2 and len(set(actual)) == 2:
        result["roc_auc"] = float(roc_auc_score(actual == classes[1], probabilities[:, 1]))
    result["log_loss"] = float(log_loss(actual, probabilities, labels=classes))
    return result
