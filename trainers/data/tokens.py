"""Words of a line of text, for all trainers that learn from text: four options, no language model.

By default words are what spaces separate. `advice` says which option helps with a text whose words
still have punctuation or tags on them, or that has no spaces.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from typing_extensions import Doc

from embeddings.settings import ADVANCED, Label
from embeddings.text import shorten
from trainers.core.loop_config import DATA

Punctuation = Literal["keep", "split", "strip"]
Tags = Literal["keep", "strip"]
Ideographs = Literal["keep", "split"]

Lowercase = Annotated[bool, DATA, Doc("Lowercase all words")]
PunctuationOption = Annotated[Punctuation, DATA, Doc(
    "keep: words are what spaces separate; split: punctuation marks are words of their own; strip: "
    "they are left out")]  # fmt: skip
TagsOption = Annotated[Tags, ADVANCED, DATA, Doc(
    "strip: leave out the tags of tagged text, as in the/at or the_DT")]  # fmt: skip
IdeographsOption = Annotated[Ideographs, ADVANCED, DATA, Doc(
    "split: each Chinese or Japanese character is a word, for text without spaces")]  # fmt: skip
TextColumn = Annotated[str | None, Label("Text column"), ADVANCED, DATA, Doc(
    "Column of the text, for a table; default: found by its name or content")]  # fmt: skip

_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)  # as in reviews taken from web pages
_LETTERS = r"[^\W_]+(?:['’-][^\W_]+)*"
_WORD = re.compile(_LETTERS)
_WORD_OR_MARK = re.compile(rf"<unk>|\d+(?:[.,:]\d+)+|{_LETTERS}|[^\w\s]|_")
_TAG = re.compile(r"(\S+?)(?:/[^\s/]+|_[A-Z$]{1,5})")
_SCRIPTS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_IDEOGRAPH = re.compile(f"([{_SCRIPTS}])")
_WITHOUT_SPACES = re.compile(f"[{_SCRIPTS}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # and Thai ...
_ENDS_IN_MARK = re.compile(r"[(\"“]*[^\W_].*[.,;:!?)\"”]|[(\"“].*[^\W_]")
_LINGUISTIC_TAG = re.compile(r"\S+(?:/[A-Za-z.,:;()'`$*+?!-]{1,9}|_[A-Z$]{1,5})")

_EXAMINED = 2_000  # lines on which the advice rests
_LONG_RUN = 5  # mean characters of words in a script without spaces, from which they are not words


@dataclass(frozen=True)
class Tokens:
    """How lines are split into words.

    Attributes
    ----------
    lowercase : convert the text to lower case
    punctuation : see PunctuationOption; "strip" also takes <br> for a space, and ’ for '
    tags, ideographs : see TagsOption and IdeographsOption
    """

    lowercase: bool = False
    punctuation: Punctuation = "keep"
    tags: Tags = "keep"
    ideographs: Ideographs = "keep"

    def words(self, line: str) -> list[str]:
        """Return the words of a line, in order."""
        if self.tags == "strip":
            line = " ".join(map(without_tag, line.split()))
        if self.ideographs == "split":
            line = _IDEOGRAPH.sub(r" \1 ", line)
        if self.punctuation != "keep":
            line = _LINE_BREAK.sub(" ", line).replace("’", "'")
        if self.lowercase:
            line = line.lower()
        if self.punctuation == "keep":
            return line.split()
        return (_WORD if self.punctuation == "strip" else _WORD_OR_MARK).findall(line)


SPACED = Tokens()
"""Words as spaces separate them."""


def without_tag(word: str) -> str:
    """Return a word without its tag: the of the/at and the_DT; other words as they are."""
    found = _TAG.fullmatch(word)
    return found[1] if found else word


class Advice:
    """Which option would help, from the first lines of a text.

    Parameters
    ----------
    tokens : the options that are in use
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lines = 0
        self._words = self._tagged = self._punctuated = self._unspaced = self._characters = 0
        self._examples: dict[str, str] = {}

    def see(self, line: str) -> None:
        """Count what the words of a line look like, in the first lines."""
        if self._lines >= _EXAMINED or not line.strip():
            return
        self._lines += 1
        for word in line.split():
            self._words += 1
            if _LINGUISTIC_TAG.fullmatch(word):
                self._tagged += 1
                self._examples.setdefault("tags", word)
            if _ENDS_IN_MARK.fullmatch(word):
                self._punctuated += 1
                self._examples.setdefault("punctuation", word)
            if _WITHOUT_SPACES.search(word):
                self._unspaced += 1
                self._characters += len(word)
                self._examples.setdefault("spaces", word)

    def sentences(self) -> list[str]:
        """Return a sentence for each option that would help."""
        tokens, found = self._tokens, []
        if tokens.tags == "keep" and self._tagged > 0.8 * self._words:
            found.append(
                f"the words have tags ({self._example('tags')}): --tags strip leaves them out"
            )
        elif tokens.punctuation == "keep" and self._punctuated > 0.05 * self._words:
            found.append(
                f"{self._punctuated / self._words:.0%} of the words have punctuation on them "
                f"({self._example('punctuation')}): --punctuation split makes it words of their "
                "own, strip leaves it out"
            )
        lacks_spaces = self._unspaced > 0.5 * self._words
        if lacks_spaces and self._characters > _LONG_RUN * self._unspaced:
            example = self._example("spaces")
            if not _IDEOGRAPH.search(example):
                found.append(f"no spaces between the words ({example}): separate the words by "
                             "spaces, with a program for the language")  # fmt: skip
            elif tokens.ideographs == "keep":
                found.append(
                    f"no spaces between the words ({example}): --ideographs split takes each "
                    "character for a word; or separate the words by spaces, with a program for "
                    "the language"
                )
        return found

    def _example(self, kind: str) -> str:
        return shorten(self._examples[kind], 20)
