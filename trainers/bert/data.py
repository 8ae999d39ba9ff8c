"""The data of bert: subwords learned from the text, sequences of tokens, and masking.

A word is split into the longest subwords of a WordPiece vocabulary, from left to right; all but the
first begin with ## (Devlin et al., "BERT", 2018). The vocabulary is learned by repeatedly merging
the most frequent pairs (Sennrich et al., 2016), by `tokenizers`.

A sequence is a sentence between the special tokens that the model expects, [CLS] and [SEP]. A
sentence with more tokens than fit is split between words, so every word gets a vector.

For masked language modeling, 15 % of the tokens are chosen at random, except special ones. Of the
chosen tokens, 80 % are replaced by [MASK], 10 % by a random token, and 10 % stay as they are, so
that every token's vector must represent its context (Devlin et al., 2018). Each epoch
chooses others (Liu et al., "RoBERTa", 2019).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from embeddings.errors import EmbeddingError
from trainers.bert.config import BertConfig
from trainers.data.contexts.sentences import Sentence, Sentences, read_sentences
from trainers.data.contexts.synthetic_senses import synthetic_senses

PAD, UNKNOWN, CLS, SEP, MASK = SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""The first tokens of a vocabulary, in this order."""

_ALPHABET = 1_000  # maximum number of characters, the most frequent; words with others are unknown

CHOSEN = 0.15
"""Fraction of the tokens that are to be predicted."""

MASKED, RANDOM = 0.8, 0.1
"""Fractions of the chosen tokens replaced by [MASK] and by a random token; the others stay."""

NOT_CHOSEN = -100
"""Target of all other tokens, which F.cross_entropy ignores."""

_BLOCK_TOKENS = 8_192


def read_text(config: BertConfig, longest: int, lowercase: bool) -> Sentences:
    """Read the text of --data, or generate the built-in one.

    Parameters
    ----------
    longest : maximum tokens of a sequence; lines with more words than fit are split
    lowercase : convert the text to lower case
    """
    if config.data is None:
        return synthetic_senses(seed=config.seed)
    tokens = replace(config.tokens, lowercase=lowercase)
    return read_sentences(
        config.data, max(1, longest - 2), tokens, config.text, config.text_options
    )


def learn_subwords(sentences: Iterable[str], size: int, lowercase: bool) -> Tokenizer:
    """Learn a vocabulary of at most `size` tokens; return its tokenizer.

    The same sentences give the same vocabulary. The trainer of `tokenizers` would number single
    characters in the order of a hash table, which differs from run to run, so they are passed in.

    Parameters
    ----------
    sentences : words separated by spaces
    size : maximum number of tokens, including special ones
    lowercase : convert the text to lower case and remove accents, as BERT uncased does

    Raises
    ------
    EmbeddingError
        the special tokens and the characters of the text exceed the size
    """
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    lines = [normalizer.normalize_str(sentence) for sentence in sentences]
    counts = Counter(character for line in lines for character in line if not character.isspace())
    characters = sorted(character for character, _ in counts.most_common(_ALPHABET))
    initial = [*SPECIALS, *characters, *(f"##{character}" for character in characters)]
    if len(initial) > size:
        raise EmbeddingError(
            f"--vocabulary {size}: expected at least {len(initial)}, for the "
            f"{len(characters)} characters of the text, each at the start of words and within them"
        )
    learner = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learner.train_from_iterator(
        lines,
        trainers.WordPieceTrainer(
            vocab_size=size, special_tokens=initial, min_frequency=2, show_progress=False
        ),
    )
    vocabulary = learner.get_vocab()
    return word_piece(sorted(vocabulary, key=vocabulary.__getitem__), lowercase)


def word_piece(tokens: Iterable[str], lowercase: bool) -> Tokenizer:
    """Return the tokenizer of a vocabulary, which includes SPECIALS."""
    numbers = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.BertProcessing((SEP, numbers[SEP]), (CLS, numbers[CLS]))
    tokenizer.add_special_tokens(list(SPECIALS))
    return tokenizer


@dataclass(frozen=True, eq=False)
class TokenizedText:
    """A text as sequences of tokens, with the position of each word.

    Attributes
    ----------
    tokens : int64, shape (n,), the tokens of all sequences, including special ones
    starts : int64, shape (rows + 1,); sequence i is tokens[starts[i] : starts[i + 1]]
    sentence : int64, shape (rows,), the sentence of each sequence, ascending
    word_starts : int64, shape (words,), index in `tokens` at which each word starts
    word_sizes : int64, shape (words,), number of tokens of each word, at least one
    issues : description of what does not fit or is unknown -> number of cases
    """

    tokens: np.ndarray
    starts: np.ndarray
    sentence: np.ndarray
    word_starts: np.ndarray
    word_sizes: np.ndarray
    issues: Counter[str]

    def __len__(self) -> int:
        return len(self.sentence)

    @property
    def sizes(self) -> np.ndarray:
        """Number of tokens of each sequence: int64, shape (rows,)."""
        return np.diff(self.starts)

    def batches(self) -> list[np.ndarray]:
        """Return row numbers, int64, by length, in groups of about _BLOCK_TOKENS tokens."""
        order = np.argsort(self.sizes, kind="stable")
        group = self.sizes[order].cumsum() // _BLOCK_TOKENS
        return [rows for rows in np.split(order, np.flatnonzero(np.diff(group)) + 1) if len(rows)]

    def padded(self, rows: np.ndarray, pad: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return sequences as a padded batch.

        Parameters
        ----------
        rows : int64, shape (b,)
        pad : the padding token

        Returns
        -------
        tokens : int64, shape (b, longest)
        is_token : bool, shape (b, longest), False at padding
        """
        sizes = self.sizes[rows]
        is_token = np.arange(sizes.max()) < sizes[:, None]  # (b, longest)
        index = self.starts[rows][:, None] + np.arange(sizes.max())  # (b, longest)
        tokens = np.where(is_token, self.tokens[np.where(is_token, index, 0)], pad)
        return torch.from_numpy(tokens), torch.from_numpy(is_token)


def issue_notes(issues: Counter[str]) -> tuple[str, ...]:
    """Return messages about what does not fit or is unknown, with numbers."""
    return tuple(f"{count:,} {issue}" for issue, count in issues.items() if count)


def tokenize(
    tokenizer: Tokenizer, sentences: Sequence[Sentence], longest: int, unknown: int
) -> TokenizedText:
    """Split sentences into tokens.

    Parameters
    ----------
    longest : maximum tokens of a sequence, including special ones
    unknown : the token of words for which the tokenizer returns none
    """
    before, after = special_tokens(tokenizer)
    room = longest - len(before) - len(after)
    encodings = tokenizer.encode_batch(
        [list(words) for words in sentences], is_pretokenized=True, add_special_tokens=False
    )
    rows, sentence = [], []
    issues: Counter[str] = Counter()
    for number, (words, encoding) in enumerate(zip(sentences, encodings, strict=True)):
        of_word: list[list[int]] = [[] for _ in words]
        for token, position in zip(encoding.ids, encoding.word_ids, strict=True):
            assert position is not None  # as for special tokens, which are added below
            of_word[position].append(token)
        parts = _parts([word[:room] or [unknown] for word in of_word], room)
        issues["sentences are too long for one sequence and are split"] += len(parts) > 1
        issues["words are too long for one sequence and are truncated"] += sum(
            len(word) > room for word in of_word
        )
        issues["words have no token and are treated as unknown"] += sum(
            not word for word in of_word
        )
        rows += parts
        sentence += [number] * len(parts)

    tokens: list[int] = []
    starts, word_starts = [0], []
    for row in rows:
        tokens += before
        for word in row:
            word_starts.append(len(tokens))
            tokens += word
        tokens += after
        starts.append(len(tokens))
    word_sizes = [len(word) for row in rows for word in row]
    return TokenizedText(
        tokens=np.array(tokens, dtype=np.int64),
        starts=np.array(starts, dtype=np.int64),
        sentence=np.array(sentence, dtype=np.int64),
        word_starts=np.array(word_starts, dtype=np.int64),
        word_sizes=np.array(word_sizes, dtype=np.int64),
        issues=issues,
    )


def _parts(words: list[list[int]], room: int) -> list[list[list[int]]]:
    """Split a sentence, given the tokens of its words, into parts of at most `room` tokens."""
    parts: list[list[list[int]]] = []
    left = 0
    for word in words:
        if len(word) > left:
            parts.append([])
            left = room
        parts[-1].append(word)
        left -= len(word)
    return parts


def special_tokens(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the special tokens before and after a sequence."""
    encoding = tokenizer.encode(["a"], is_pretokenized=True)
    is_special = np.array(encoding.special_tokens_mask, dtype=bool)
    first, last = np.flatnonzero(~is_special)[[0, -1]]
    return encoding.ids[:first], encoding.ids[last + 1 :]


def mask_tokens(
    tokens: torch.Tensor,
    specials: int,
    mask: int,
    vocabulary: int,
    generator: torch.Generator,
    fractions: tuple[float, float] = (MASKED, RANDOM),
) -> tuple[torch.Tensor, torch.Tensor]:
    """Choose tokens to predict, at least one, and replace them in the input.

    Parameters
    ----------
    tokens : int64, shape (b, t)
    specials : number of special tokens, which come first; they are not chosen, nor random tokens
    mask : the token [MASK]
    vocabulary : number of tokens
    generator : on the CPU
    fractions : of the chosen tokens that are replaced by [MASK] and by a random token

    Returns
    -------
    inputs : int64, shape (b, t), the input of the model
    targets : int64, shape (b, t), the chosen tokens; elsewhere NOT_CHOSEN
    """
    draws = torch.rand(2, *tokens.shape, generator=generator)
    is_ordinary = tokens >= specials
    lowest = draws[0].where(is_ordinary, 1).min().item()
    chosen = (draws[0] <= max(CHOSEN, lowest)) & is_ordinary  # at least one
    to_mask, to_random = fractions
    hidden = chosen & (draws[1] < to_mask)
    replaced = chosen & ~hidden & (draws[1] < to_mask + to_random)
    others = torch.randint(specials, vocabulary, tokens.shape, generator=generator)
    inputs = tokens.masked_fill(hidden, mask).where(~replaced, others)
    return inputs, tokens.where(chosen, NOT_CHOSEN)
