"""One reader for tables of pairs, however they are written: the same 20 pairs from all of them."""

import gzip
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from embeddings import EmbeddingError
from embeddings.files.delimited.text_options import TextOptions
from trainers.data.pairs.datasets import read_pairs
from trainers.interest.config import InterestConfig
from trainers.interest.data import read as read_clicks
from trainers.transfer.config import TransferConfig
from trainers.transfer.data import read as read_surfaces
from trainers.two_tower.config import TwoTowerConfig
from trainers.two_tower.data import read as read_two_tower

USERS = [f"jürgen {i % 4}" for i in range(20)]
ITEMS = [f"item {i}" for i in range(20)]
TABLE = pd.DataFrame({"user": USERS, "item": ITEMS, "rating": [5, 3] * 10})
OUT = {"out": Path("o.embedding.parquet"), "device": "cpu", "quiet": True}


def labelled(pairs) -> list[tuple[str, str]]:
    return sorted((pairs.left.labels[a], pairs.right.labels[b]) for a, b in pairs.rows)


EXPECTED = sorted(zip(USERS, ITEMS, strict=True))


def semicolons(path: Path) -> None:
    path.write_text(TABLE.to_csv(sep=";", quoting=1, index=False))


def double_colons(path: Path) -> None:
    rows = (
        f"{u}::{i}::5::97830{n:04}\n" for n, (u, i) in enumerate(zip(USERS, ITEMS, strict=True))
    )
    path.write_text("".join(rows))


def packed(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pairs.csv", TABLE.to_csv(index=False))


def row_names(path: Path) -> None:
    """Write a table as R does: the names of the rows have no name in the header."""
    header, *lines = TABLE.to_csv(sep="\t", index=False).splitlines()
    numbered = (f"{i}\t{line}" for i, line in enumerate(lines, start=1))
    path.write_text("\n".join([header, *numbered]) + "\n")


def commented(path: Path) -> None:
    path.write_text(
        "# pairs\n# of users\n\n" + TABLE[["user", "item"]].to_csv(sep="\t", index=False)
    )


COMMAS = TABLE.to_csv(index=False)
WAYS = {
    "quoted semicolons.csv": semicolons,
    "double colons.dat": double_colons,
    "index.csv": lambda path: TABLE.to_csv(path),
    "index from 1.csv": lambda path: TABLE.set_index(pd.RangeIndex(1, 21)).to_csv(path),
    "typed.parquet": lambda path: TABLE.to_parquet(path),
    "packed.csv.gz": lambda path: path.write_bytes(
        gzip.compress(TABLE.to_csv(index=False).encode())
    ),
    "packed.zip": packed,
    "latin.csv": lambda path: path.write_text(COMMAS, encoding="latin-1"),
    "wide.csv": lambda path: path.write_text(COMMAS, encoding="utf-16"),
    "commented.tsv": commented,
    "R.tsv": row_names,
}


@pytest.mark.parametrize("name", WAYS)
def test_every_way_to_write_pairs_is_read(tmp_path: Path, name: str) -> None:
    WAYS[name](tmp_path / name)
    pairs = read_pairs(tmp_path / name)
    assert labelled(pairs) == EXPECTED


def test_double_colons_hold_weights_and_times(tmp_path: Path) -> None:
    double_colons(tmp_path / "ratings.dat")
    pairs = read_pairs(tmp_path / "ratings.dat")
    assert pairs.weight.tolist() == [5] * 20 and pairs.has_times
    (tmp_path / "bad.dat").write_text("# c\n" * 2 + "1::2::5::978300000\n1::::5::978300001\n")
    with pytest.raises(EmbeddingError, match=r"bad\.dat, line 4, column target: the value is e"):
        read_pairs(tmp_path / "bad.dat")


def test_a_line_of_u_data_is_no_header(tmp_path: Path) -> None:
    """MovieLens 100K: the first pair was lost, and the sides were called 196 and 242."""
    lines = ["196\t242\t3\t881250949", "186\t302\t3\t891717742", "22\t377\t1\t878887116"]
    (tmp_path / "u.data").write_text("\n".join(lines) + "\n")
    pairs = read_pairs(tmp_path / "u.data")
    assert (pairs.left.role, pairs.right.role) == ("source", "target")
    assert labelled(pairs) == [("186", "302"), ("196", "242"), ("22", "377")]
    assert pairs.weight.tolist() == [3, 3, 1]
    assert pairs.time_rank.tolist() == [1, 2, 0]
    assert "the columns are source, target, weight, timestamp" in pairs.notes[0]


@pytest.mark.parametrize(
    ("third", "expected"),
    [(["3", "1", "0"], "source, target, column_3"), (["3", "1", "2"], "source, target, weight"),
     (["-1", "1", "1"], "source, target, column_3"),
     (["881250949"] * 3, "source, target, timestamp")],
)  # fmt: skip
def test_columns_without_names_are_named_by_their_numbers(tmp_path, third, expected) -> None:
    rows = zip(["1", "2", "1"], ["7", "8", "9"], third, strict=True)
    (tmp_path / "g.csv").write_text("".join(f"{','.join(row)}\n" for row in rows))
    pairs = read_pairs(tmp_path / "g.csv")
    assert len(pairs) == 3
    assert f"the columns are {expected};" in pairs.notes[0]


@pytest.mark.parametrize("blank", ["", "\n"])
def test_percent_signs_of_urls_are_data(tmp_path: Path, blank: str) -> None:
    """Wikispeedia: 115 links whose page begins with %C3%81 were taken for comments."""
    text = f"# c\n{blank}%C3%81x\tB\n%C3%81x\tC\nD\tB\nD\tC\nB\tC\nB\tA\n"
    (tmp_path / "links.tsv").write_text(text)
    assert len(read_pairs(tmp_path / "links.tsv")) == 6


def test_comments_of_konect_are_comments(tmp_path: Path) -> None:
    (tmp_path / "out.g").write_text("% asym unweighted\n% 3 2 2\n1 2\n1 3\n2 1\n")
    pairs = read_pairs(tmp_path / "out.g")
    assert labelled(pairs) == [("1", "2"), ("1", "3"), ("2", "1")]


def test_recboles_types_are_no_part_of_the_names(tmp_path: Path) -> None:
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    (tmp_path / "a.inter").write_text(header + "1\tx\t5\t20\n1\ty\t4\t10\n")
    pairs = read_pairs(tmp_path / "a.inter")
    assert (pairs.left.role, pairs.right.role, pairs.has_times) == ("user_id", "item_id", True)
    assert pairs.time_rank.tolist() == [1, 0]


@pytest.mark.parametrize("columns", [("user_id", "item_id"), ("2", "3")])
def test_columns_choose_the_pair(tmp_path: Path, columns) -> None:
    (tmp_path / "p.csv").write_text("interaction_id,user_id,item_id,weight\n7,ann,x,2\n9,bob,y,3\n")
    pairs = read_pairs(tmp_path / "p.csv", columns=columns)
    assert (pairs.left.role, pairs.right.role) == ("user_id", "item_id")
    assert labelled(pairs) == [("ann", "x"), ("bob", "y")]
    assert pairs.weight.tolist() == [2, 3]
    assert pairs.notes == ("columns not used: interaction_id",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ("user", "thing")}, r"p\.csv: no column 'thing'; it has user, item, n"),
        ({"columns": ("user", "user")}, "--columns user,user: expected two different columns"),
        ({"columns": ("user",)}, "--columns user: expected two different columns"),
        ({"columns": ("1", "4")}, "no column '4'"),
        (
            {"options": TextOptions(separator="")},
            r"p\.csv: separator ''; expected characters such as",
        ),
        (
            {"options": TextOptions(separator=";")},
            "name the columns .* with --columns user,item, and the separator",
        ),
        ({"names": ("a", "b")}, r"p\.csv, line 1: 3 columns where --names has 2"),
    ],
)
def test_what_the_flags_cannot_mean_is_named(tmp_path: Path, options, message: str) -> None:
    (tmp_path / "p.csv").write_text("user,item,n\nann,x,1\nbob,y,2\n")
    with pytest.raises(EmbeddingError, match=message):
        read_pairs(tmp_path / "p.csv", **options)


@pytest.mark.parametrize(
    ("flag", "between"), [("tab", "\t"), ("space", "   "), ("->", "->"), ("§", "§")]
)
def test_any_separator_can_be_named(tmp_path: Path, flag: str, between: str) -> None:
    (tmp_path / "p.txt").write_text(f"user{between}item\nann{between}x,1\nbob{between}y,2\n")
    assert labelled(read_pairs(tmp_path / "p.txt", options=TextOptions(separator=flag))) == [
        ("ann", "x,1"),
        ("bob", "y,2"),
    ]


RAW = "0~ann~x~feed\n1~ann~y~ad\n2~bob~x~feed\n3~bob~y~ad\n"
FLAGS = {"names": "n,user,item,surface", "columns": "user,item", "separator": "~"}


def test_two_tower_interest_and_transfer_take_the_same_flags(tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_text(RAW)
    expected = [("ann", "x"), ("ann", "y"), ("bob", "x"), ("bob", "y")]
    two_tower = read_two_tower(TwoTowerConfig(data=path, **FLAGS, **OUT))
    assert labelled(two_tower) == expected
    assert labelled(read_clicks(InterestConfig(data=path, **FLAGS, **OUT)).pairs) == expected
    surfaces = read_surfaces(TransferConfig(data=path, **FLAGS, **OUT))
    assert labelled(surfaces.pairs) == expected
    assert len(surfaces.organic) == len(surfaces.ads) == 2
    by_number = {**FLAGS, "columns": "2,3"}
    assert labelled(read_surfaces(TransferConfig(data=path, **by_number, **OUT)).pairs) == expected
    with pytest.raises(EmbeddingError, match="no column 'buyer'"):
        read_surfaces(TransferConfig(data=path, **{**FLAGS, "columns": "buyer,item"}, **OUT))


def test_lines_of_json_are_a_table(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    rows = '{"user": "ann", "item": "x", "n": 1}\n{"user": "bob", "item": "y", "n": 2}\n'
    path.write_text(rows)
    assert labelled(read_pairs(path)) == [("ann", "x"), ("bob", "y")]
    path.write_text(f"[{rows.strip().replace(chr(10), ',')}]")
    assert labelled(read_pairs(path, columns=("n", "user"))) == [("1", "ann"), ("2", "bob")]


def test_header_encoding_and_quotes_can_be_stated(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes("'東京';'1,5'\n'大阪';'2'\n".encode("shift_jis"))
    options = TextOptions(header="no", encoding="shift_jis", quotes="single")
    assert set(labelled(read_pairs(path, options=options))) == {("東京", "1,5"), ("大阪", "2")}
    options = TextOptions(header="yes", encoding="shift_jis")
    assert labelled(read_pairs(path, options=options)) == [("大阪", "2")]
    assert labelled(read_pairs(path, names=("a", "b"), options=options)) == [("大阪", "2")]
