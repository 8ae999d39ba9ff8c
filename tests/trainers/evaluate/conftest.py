"""A table whose features are known: three kinds of shops, days, and noise."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return a table of shops: their kind determines the sales, their number does not."""
    rng = np.random.default_rng(0)
    shop = rng.integers(24, size=900)
    frame = pd.DataFrame({"shop": [f"s{i}" for i in shop], "day": rng.integers(7, size=900),
                          "noise": rng.normal(size=900)})  # fmt: skip
    frame.loc[::50, "noise"] = None
    frame.loc[::40, "shop"] = None
    frame["sold"] = shop % 3 * 10 + frame["day"] + rng.normal(0, 0.5, size=900)
    frame["much"] = np.where(frame["sold"] > 12, "yes", "no")
    path = tmp_path_factory.mktemp("evaluate") / "shops.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def one_thread():
    """Use one thread: threads that wait for each other on a busy machine take minutes."""
    with threadpool_limits(1):
        yield
