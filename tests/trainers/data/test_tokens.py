"""Lines are split into words by four options; advice names the option that a text needs."""

import pytest

from trainers.data.tokens import Advice, Tokens, without_tag
from trainers.data.words import words_of


@pytest.mark.parametrize(
    ("options", "line", "words"),
    [
        ({}, "The cat's  (hat), 3.5!", ["The", "cat's", "(hat),", "3.5!"]),
        ({"lowercase": True}, "The Cat", ["the", "cat"]),
        (
            {"punctuation": "split"},
            "The cat’s well-made (hat), 3.5 <unk> a_b!<br />Yes",
            ["The", "cat's", "well-made", "(", "hat", ")", ",", "3.5", "<unk>", "a", "_", "b",
             "!", "Yes"],
        ),
        ({"punctuation": "strip"}, "The cat’s (hat), 3!<BR>Yes",
         ["The", "cat's", "hat", "3", "Yes"]),
        ({"tags": "strip"}, "The/at jury/nn-hl ./. and/or/cc it_PRP ''/''",
         ["The", "jury", ".", "and/or", "it", "''"]),
        ({"tags": "strip", "punctuation": "strip"}, "The/at end/nn ./.", ["The", "end"]),
        ({"ideographs": "split"}, "今天 is 天气", ["今", "天", "is", "天", "气"]),
    ],
)  # fmt: skip
def test_words_of_a_line(options, line, words):
    assert Tokens(**options).words(line) == words


def test_words_without_a_tag_stay():
    assert [without_tag(word) for word in ("plain", "snake_case", "/", "a_b", "e_NN")] == [
        "plain", "snake_case", "/", "a_b", "e",
    ]  # fmt: skip


def test_plain_words_are_in_lower_case_without_punctuation():
    assert words_of("It’s WELL-made!<br/>Ünder 2") == ["it's", "well-made", "ünder", "2"]


def advice(lines, **options):
    found = Advice(Tokens(**options))
    for line in lines:
        found.see(line)
    return found.sentences()


TAGGED = ["The/at jury/nn said/vbd ./.", "It/pps ran/vbd ./."]
PROSE = ["The cat sat, and it slept.", "A dog ran (fast)."]
CHINESE = ["今天天气很好", "我们去公园散步吧"]


def test_advice_names_the_option_that_helps():
    assert advice(TAGGED) == ["the words have tags (The/at): --tags strip leaves them out"]
    (punctuation,) = advice(PROSE)
    assert "30% of the words have punctuation on them (sat,): --punctuation split" in punctuation
    (spaces,) = advice(CHINESE)
    assert "no spaces between the words (今天天气很好): --ideographs split" in spaces
    (thai,) = advice(["สวัสดีชาวโลกทั้งหลาย"])
    assert "separate the words by spaces" in thai and "--ideographs" not in thai


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        (TAGGED, {"tags": "strip"}),
        (PROSE, {"punctuation": "split"}),
        (CHINESE, {"ideographs": "split"}),
        (["the cat sat , and it slept ."], {}),
        (["今天 天气 很 好"], {}),
        (["and/or 1/2 is a half"], {}),
    ],
)
def test_no_advice_where_nothing_helps(lines, options):
    assert advice(lines, **options) == []
