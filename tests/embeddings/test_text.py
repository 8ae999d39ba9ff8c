"""Lists, counts and shortened text in messages."""

import json

import pytest

from embeddings.text import count_noun, listed, printable, shorten


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a\x1b[31mb\x07", "a\\u001b[31mb\\u0007"),
        ("\x00\t\r\n\x7f\x85\x9b", "\\u0000\\u0009\\u000d\\u000a\\u007f\\u0085\\u009b"),
        ("\u202eabc\u2066\u2069\u200f\u061c", "\\u202eabc\\u2066\\u2069\\u200f\\u061c"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("naïve 日本 שלום 👩\u200d🔬", "naïve 日本 שלום 👩\u200d🔬"),
    ],
)
def test_what_commands_a_terminal_is_escaped(text: str, escaped: str) -> None:
    assert printable(text) == escaped


def test_line_ends_can_be_kept_and_json_keeps_its_meaning() -> None:
    assert printable("a\nb\x1b\n", lines=True) == "a\nb\\u001b\n"
    label = "a\x1b\x9b\u202e\n\x7f"
    assert json.loads(printable(json.dumps({"label": label}, ensure_ascii=False)))["label"] == label


def test_a_list_ends_with_the_number_left_out() -> None:
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(range(1_205), limit=3) == "0, 1, 2 and 1,202 more"
    assert listed(range(10**15), limit=1) == "0 and 999,999,999,999,999 more"  # none is written out
    assert listed(iter("abc"), limit=1) == "a and 2 more"
    assert listed(["a", "b"], limit=2) == "a, b"
    assert listed([]) == ""


def test_a_list_may_hold_only_the_first_of_its_items() -> None:
    assert listed([4, 5], limit=5, total=7) == "4, 5 and 5 more"
    assert listed([4, 5, 6], limit=2, total=7) == "4, 5 and 5 more"


def test_a_list_may_have_another_separator() -> None:
    assert listed(["a, b", "c", "d"], limit=2, separator="; ") == "a, b; c and 1 more"


def test_a_noun_agrees_with_its_count() -> None:
    assert count_noun(1, "row") == "1 row"
    assert count_noun(0, "row") == "0 rows"
    assert count_noun(12_000, "query", "queries") == "12,000 queries"


def test_a_long_text_is_cut_and_a_short_one_is_not() -> None:
    assert shorten("abcd", 3) == "abc..."
    assert shorten("abc", 3) == "abc"
