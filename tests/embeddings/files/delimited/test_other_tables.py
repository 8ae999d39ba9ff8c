"""Tables as other programs write them: drawn lines, several header rows, units, IDs."""

import json
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from embeddings import EmbeddingError, load
from embeddings.files.tabular.reader import place_of, read_table

VECTORS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def opened(tmp_path, text: str, name: str = "x.csv"):
    (tmp_path / name).write_text(text)
    return load(tmp_path / name, note=lambda _: None)


PSQL = " id |  name | embedding\n----+-------+--------------\n{rows}(6 rows)\n\n"
BORDERED = "+----+------+--------+\n| id | name | vector |\n+----+------+--------+\n{rows}+--+--+\n"
MARKDOWN = "| id | name | vector |\n|---:|:-----|--------|\n{rows}"


@pytest.mark.parametrize("form", [PSQL, BORDERED, MARKDOWN])
def test_tables_with_drawn_lines(tmp_path, form):
    ends = ("", "") if form == PSQL else ("|", "|")
    lines = [f" {i} | n{i} | [{','.join(map(str, row))}] ".join(ends)
             for i, row in enumerate(VECTORS)]  # fmt: skip
    found = opened(tmp_path, form.format(rows="".join(f"{line}\n" for line in lines)), "x.txt")
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels[:2] == ("n0", "n1") and found.metadata.column_names == ["id"]


def test_a_dash_below_the_header_is_data(tmp_path):
    found = opened(tmp_path, "name|a|b\n--|1|2\n-|3|4\n")
    assert found.labels == ("--", "-")


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("names", [None, ["level", "part"]])
def test_the_header_of_pandas_may_have_several_rows(tmp_path, index, names):
    columns = pd.MultiIndex.from_product([["x", "y"], ["a", "b"]], names=names)
    rows = pd.Index([f"w{i}" for i in range(6)], name="word" if names else None)
    text = pd.DataFrame(VECTORS, rows, columns).to_csv(index=index)
    found = opened(tmp_path, text)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels[:2] == (("w0", "w1") if index else ("0", "1"))
    table = read_table(tmp_path / "x.csv")
    assert table.column_names[-4:] == ["x.a", "x.b", "y.a", "y.b"]
    line = 3 + bool(index and names)
    assert place_of(tmp_path / "x.csv", 0) == f"line {line}"


def test_a_row_without_numbers_is_no_header(tmp_path):
    found = opened(tmp_path, "name,a,b\nx,1,2\n")
    assert found.vectors.tolist() == [[1, 2]]
    with pytest.raises(EmbeddingError, match=r"line 2 \(row 1\), column column_1: 'foo' is not"):
        opened(tmp_path, "5,2\nfoo,bar\n3,4.5\n5,6.5\n7,8.5\n")


@pytest.mark.parametrize("cell", ["${}", "{}%", "{} %", "€ {}", "{}€", "-${}"])
def test_numbers_with_a_currency_or_percent(tmp_path, cell):
    rows = [f"n{i},{cell.format(f'{row[0]:.2f}')},{row[1]:.3f}\n" for i, row in
            enumerate(np.abs(VECTORS))]  # fmt: skip
    found = opened(tmp_path, "name,a,b\n" + "".join(rows))
    sign = -1 if cell.startswith("-") else 1
    np.testing.assert_allclose(found.vectors[:, 0], sign * np.abs(VECTORS)[:, 0], atol=0.005)
    assert str(read_table(tmp_path / "x.csv").column("a").type) == "double"


def test_prices_with_thousands_are_numbers_for_trainers(tmp_path):
    """Airbnb's prices: they were 300 classes."""
    (tmp_path / "x.csv").write_text('kind,price\na,"$1,234.00"\nb,$99.50\na,"$12,000.00"\n')
    notes: list[str] = []
    table = read_table(tmp_path / "x.csv", note=notes.append)
    assert table.column("price").to_pylist() == [1234, 99.5, 12000]


def test_whole_numbers_before_fractions_are_names_of_rows(tmp_path):
    text = "".join(f"{7_000 - 13 * i},{','.join(map(str, row))}\n" for i, row in enumerate(VECTORS))
    found = opened(tmp_path, text)
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels[:2] == ("7000", "6987")
    counted = "".join(f"{i % 3},{i}.5,{i}.25\n" for i in range(6))  # they repeat: no names
    assert opened(tmp_path, counted).dimensions == 3
    whole = "".join(f"{i},{i * 2},{i}.25\n" for i in range(6))
    assert opened(tmp_path, whole).dimensions == 3


def test_the_bulk_format_of_elasticsearch(tmp_path):
    lines = []
    for i, row in enumerate(VECTORS):
        lines.append({"index": {"_index": "docs", "_id": f"d{i}"}})
        lines.append({"title": f"t{i}", "v": row.tolist()})
    found = opened(tmp_path, "".join(json.dumps(line) + "\n" for line in lines), "x.ndjson")
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert found.labels[0] == "t0" and found.metadata["_id"].to_pylist()[5] == "d5"


@pytest.mark.parametrize("kind", ["object", "strings"])
@pytest.mark.parametrize("ending", ["npz", "npy"])
def test_pickled_labels_are_named_as_such(tmp_path, kind, ending):
    labels = np.array(list("abcdef"), object)
    if kind == "strings":
        labels = labels.astype(np.dtypes.StringDType())
    np.save(tmp_path / "v.npy", VECTORS)
    path = tmp_path / f"labels.{ending}"
    with pytest.warns(UserWarning) if kind == "strings" else nullcontext():
        np.savez(path, labels=labels) if ending == "npz" else np.save(path, labels)
    with pytest.raises(EmbeddingError, match=r"labels.*stored as a pickle.*array\(labels, dtype=s"):
        load(tmp_path / "v.npy", [path])


def test_numbers_beyond_float32_are_named_as_such(tmp_path):
    np.save(tmp_path / "v.npy", np.array([[1e200, 1.0, 2.0], [2.0, -1e200, 3.0]]))
    with pytest.raises(EmbeddingError, match=r"inf is not a finite number, or beyond 3\.4e38"):
        load(tmp_path / "v.npy")
