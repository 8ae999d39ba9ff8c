"""Pseudo-words: ambiguous words whose senses are known, in any text.

Two frequent words are replaced by one (`time/city`) at all occurrences; the sense of an occurrence
is the original word (Gale, Church and Yarowsky, "Work on statistical methods for word sense
disambiguation", 1992; Schütze, "Context space", 1992).
"""

from collections.abc import Sequence

from embeddings.errors import EmbeddingError
from trainers.data.contexts.sentences import (
    Sentence,
    Sentences,
    content_words,
    generated_sentences,
)


def frequent_pairs(text: Sequence[Sentence], pairs: int) -> list[tuple[str, str]]:
    """Pair the most frequent content words: the first with the second, the third with the fourth.

    The two words of a pair are about equally frequent, so frequency does not reveal the sense.

    Raises
    ------
    EmbeddingError
        the text has too few content words
    """
    words = content_words(text, 2 * pairs)
    if len(words) < 2 * pairs:
        raise EmbeddingError(
            f"{len(words)} content words in the text, but {pairs} pairs need {2 * pairs}: "
            "give more text or fewer pairs"
        )
    return list(zip(words[::2], words[1::2], strict=True))


def pseudo_words(text: Sentences, pairs: Sequence[tuple[str, str]]) -> Sentences:
    """Replace both words of each pair by first/second; the sense is the original word."""
    pseudo_word = {word: "/".join(pair) for pair in pairs for word in pair}
    sentences = [tuple(pseudo_word.get(word, word) for word in words) for words in text.sentences]
    senses = {
        (number, position): word
        for number, words in enumerate(text.sentences)
        for position, word in enumerate(words)
        if word in pseudo_word
    }
    return generated_sentences(f"{text.name} with pseudo-words", sentences, senses)
