"""Tables of one or two surfaces are read; users have the same tastes on both built-in ones."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from embeddings import EmbeddingError
from trainers.transfer.config import TransferConfig
from trainers.transfer.data import read
from trainers.transfer.synthetic import synthetic_ads


def config(**changes):
    return TransferConfig(out=Path("out.embedding.parquet"), device="cpu", quiet=True, **changes)


def test_only_clicked_impressions_are_read(tmp_path):
    (tmp_path / "feed.csv").write_text("user_id,item_id\nann,1\nben,2\n")
    rows = "0,9,1,ann\n1,9,0,ben\n2,8,1,ben\n"
    packed = gzip.compress(f"when,item_id,click,user_id\n{rows}".encode())
    (tmp_path / "shown.csv.gz").write_bytes(packed)
    data = read(config(data=tmp_path / "feed.csv", ads=tmp_path / "shown.csv.gz"))
    right, left = data.pairs.right.labels, data.pairs.left.labels
    named = {(left[u], right[i]) for u, i in data.pairs.rows[data.ads]}
    assert named == {("ann", "9"), ("ben", "8")}
    assert any("2 clicks of 3 impressions" in note for note in data.pairs.notes)


def test_items_with_one_id_on_both_surfaces_are_kept_apart_on_request(tmp_path):
    (tmp_path / "feed.csv").write_text("user,item\nann,1\nben,2\n")
    (tmp_path / "ads.csv").write_text("user,item\nann,1\nann,3\n")
    files = {"data": tmp_path / "feed.csv", "ads": tmp_path / "ads.csv"}
    same = read(config(**files))
    assert same.pairs.right.labels == ("1", "2", "3")
    assert len(same.pairs.rows) == 3 and set(same.ads) & set(same.organic)
    assert "1 item on both surfaces, such as '1', are the same" in " ".join(same.pairs.notes)
    apart = read(config(separate_items=True, **files))
    assert set(apart.pairs.right.labels) == {"1", "1 (ad)", "2", "3"}
    assert len(apart.pairs.rows) == 4 and not set(apart.ads) & set(apart.organic)
    with pytest.raises(EmbeddingError, match="separate_items = True; expected no --items"):
        config(separate_items=True, items=tmp_path / "ads.csv", **files)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user,item\na,b\nc,d\n", "no column `surface`"),
        ("user,item,surface\na,b,feed\nc,d,feed\n", "no interaction with ads"),
        ("user,item,surface\na,b,ad\nc,d,ad\n", "no interaction with the feed"),
        ("user,item,surface\na,b,ad\nc,,feed\n", "interaction 2, column item: the value is empty"),
    ],
)
def test_errors_name_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(EmbeddingError, match=message):
        read(config(data=path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shares": "0,10"}, "shares = "),
        ({"shares": "ten"}, "shares = "),
        ({"warm_rate": 0.0}, "warm_rate = 0.0; expected a number above 0 and at most 1"),
        ({"features": "topic"}, "features = 'topic'; expected --items"),
    ],
)
def test_invalid_settings_are_refused(changes, message):
    with pytest.raises(EmbeddingError, match=message):
        config(**changes)


def test_users_have_the_same_tastes_on_both_synthetic_surfaces():
    """Users who prefer a topic click its items on both surfaces; ads are few."""
    pairs, ad = synthetic_ads()
    topics = np.array(pairs.right.columns["topic"].to_pylist())
    own = np.array(pairs.left.columns["topic"].to_pylist())
    same = topics[pairs.rows[:, 1]] == own[pairs.rows[:, 0]]
    assert same[~ad].mean() > 0.35 and same[ad].mean() > 0.35  # by chance 1 / 16
    assert 6 < (~ad).sum() / ad.sum() < 10
    assert not set(pairs.rows[ad, 1]) & set(pairs.rows[~ad, 1])
