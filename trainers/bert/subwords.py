"""Subwords: a WordPiece vocabulary learned from text, so that every word has tokens.

A word is split into the longest subwords of the vocabulary, from left to right; all but its first
begin with ## (Devlin et al., "BERT", 2018). The vocabulary is learned by joining the most frequent
pairs again and again (Sennrich et al., 2016), by `tokenizers`.
"""

from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from embeddings.errors import EmbeddingError

PAD, UNKNOWN, CLS, SEP, MASK = SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""The first tokens of a vocabulary, in this order."""

_ALPHABET = 1_000  # characters, the most frequent; words with others are unknown


def learn_subwords(sentences: Iterable[str], size: int, lowercase: bool) -> Tokenizer:
    """Learn a vocabulary of at most `size` tokens, and return what splits words into them.

    The same sentences give the same vocabulary: the trainer takes single letters in the order of a
    hash table that differs from run to run, unless they are numbered before, as they are here.

    sentences : words set apart by blanks
    lowercase : make all text lower-case and take accents away first, as BERT uncased does

    Raises
    ------
    EmbeddingError
        the characters of the text alone take more room
    """
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    lines = [normalizer.normalize_str(sentence) for sentence in sentences]
    counts = Counter(letter for line in lines for letter in line if not letter.isspace())
    letters = sorted(letter for letter, _ in counts.most_common(_ALPHABET))
    first = [*SPECIALS, *letters, *(f"##{letter}" for letter in letters)]
    if len(first) > size:
        raise EmbeddingError(
            f"--vocabulary {size}: expected at least {len(first)}, for the {len(letters)} "
            "characters of the text, each at the beginning of words and within"
        )
    learner = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learner.train_from_iterator(
        lines,
        trainers.WordPieceTrainer(
            vocab_size=size, special_tokens=first, min_frequency=2, show_progress=False
        ),
    )
    vocabulary = learner.get_vocab()
    return word_piece(sorted(vocabulary, key=vocabulary.__getitem__), lowercase)


def word_piece(tokens: Iterable[str], lowercase: bool) -> Tokenizer:
    """Return what splits words into the tokens of a vocabulary, SPECIALS among them."""
    numbers = {token: number for number, token in enumerate(tokens)}
    made = Tokenizer(models.WordPiece(numbers, unk_token=UNKNOWN))
    made.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.BertProcessing((SEP, numbers[SEP]), (CLS, numbers[CLS]))
    made.add_special_tokens(list(SPECIALS))
    return made
