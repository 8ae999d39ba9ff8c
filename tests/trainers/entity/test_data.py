"""How a table becomes numbers, and which rows are held out."""

import numpy as np
import pandas as pd
import pytest

from embeddings.errors import EmbeddingError
from embeddings.features import MISSING, UNKNOWN
from trainers.entity.data import hold_out, learn_coding, width


def test_how_a_table_becomes_numbers():
    table = pd.DataFrame({"c": ["b", "a", None, "b", "b"], "m": [10, 9, 10, 9, 10],
                          "x": [1.0, 3.0, np.nan, 1.0, 3.0], "z": [5.0] * 5})  # fmt: skip
    coding = learn_coding(table, np.array([2.0, 4, 2, 4, 3]), ["c", "m"], "regression")
    assert coding.levels == {"c": (UNKNOWN, MISSING, "a", "b"), "m": (UNKNOWN, "9", "10")}
    assert coding.counts["c"].tolist() == [0, 1, 1, 3]
    new = pd.DataFrame({"c": ["a", "q", None], "m": [10, 11, np.nan],
                        "x": [3.0, np.nan, 2.0], "z": [6.0, 5, np.nan]})  # fmt: skip
    assert coding.codes(new).tolist() == [[2, 2], [0, 0], [1, 0]]
    assert coding.numbers(new).tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert coding.targets(np.array([3.0])).tolist() == [0]
    rare = learn_coding(table, np.array(list("uvuvu"), object), ["c"], "classification", 2)
    assert rare.levels["c"] == (UNKNOWN, "b") and rare.counts["c"].tolist() == [2, 3]
    assert rare.targets(np.array(["v", "u"], object)).tolist() == [1, 0]
    with pytest.raises(EmbeddingError, match="no categorical column"):
        learn_coding(table, np.zeros(5), [], "regression")


def test_every_level_has_a_row_left_to_train_on():
    rng = np.random.default_rng(0)
    codes = np.stack([rng.integers(40, size=200), np.arange(200) // 2], axis=1)
    held_out = hold_out(codes, 0.25, rng)
    assert held_out.sum() == 50
    for column in codes.T:
        assert set(column[~held_out]) == set(column)
    assert hold_out(np.arange(10)[:, None], 0.5, rng).sum() == 0


def test_widths():
    assert [width(n, "half", 50) for n in (1, 2, 7, 98, 1000)] == [1, 1, 4, 49, 50]
    assert [width(n, "root", 600) for n in (1, 7, 1000)] == [2, 5, 77]
    assert width(3, "same", 50) == 50
