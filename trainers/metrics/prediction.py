"""How far predictions are from the truth: of numbers, and of classes."""

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from trainers.data.tables import TargetKind

METRICS: dict[TargetKind, tuple[str, ...]] = {
    "regression": ("rmse", "mae", "r2"),
    "classification": ("accuracy", "roc_auc", "log_loss"),
}
"""The first of each task is the one to compare by."""

LOWER_IS_BETTER = ("rmse", "mae", "log_loss")


def regression_metrics(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return rmse and mae, in the target's unit, and r2, the share of variance explained.

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
    actual: np.ndarray, shares: np.ndarray, classes: np.ndarray
) -> dict[str, float]:
    """Return accuracy, roc_auc (for two classes) and log_loss (nats).

    actual : objects of text, shape (rows,)
    shares : float64, shape (rows, classes), probabilities
    """
    found = {"accuracy": float(accuracy_score(actual, classes[shares.argmax(axis=1)]))}
    if len(classes) == 2 and len(set(actual)) == 2:
        found["roc_auc"] = float(roc_auc_score(actual == classes[1], shares[:, 1]))
    found["log_loss"] = float(log_loss(actual, shares, labels=classes))
    return found
