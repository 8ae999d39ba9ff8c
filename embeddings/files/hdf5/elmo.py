"""ELMo's HDF5: one dataset for each sentence, with one row for each token, in several layers.

AllenNLP writes such files under the keys 0, 1, ..., and the sentences themselves under
`sentence_to_index`; else a file beside it may hold them. Tokens are separated by spaces.
https://github.com/allenai/allennlp/blob/v0.9.0/allennlp/commands/elmo.py
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa

from embeddings.errors import EmbeddingError
from embeddings.files import header
from embeddings.files.draft import Draft
from embeddings.files.hdf5.access import (
    check_dataset,
    check_heaps,
    child,
    is_column,
    is_matrix,
    opened,
    read_column,
)
from embeddings.files.json.rows import read_document
from embeddings.files.limits import as_float32, check_rows, error_context
from embeddings.files.options import Note, ReadContext
from embeddings.files.plain_text import is_text, lines, read_text
from embeddings.text import listed

_SENTENCES = "sentence_to_index"
_MEAN = "mean of layers"
_LISTED = 5
_COLUMN_BYTES = 24  # that the columns sentence, position and text take for each token

Texts = dict[int, str]
"""Sentences by number."""


def matches(head: bytes, path: Path) -> bool:
    """Return True if an HDF5 file has a dataset for each of its numbered sentences."""
    try:
        with opened(path) as file:
            return bool(_datasets(file))
    except EmbeddingError:
        return False  # generic.py reports what is wrong


def load(path: Path, context: ReadContext) -> Draft:
    """Read one layer: a row for each token, which is its label if the file holds the sentences.

    Raises
    ------
    EmbeddingError
        a damaged file, one that needs more memory than the limit, or sentences of different
        dimensions or layers
    """
    return load_with(path, (), context)[0]


def load_with(
    path: Path, companions: Sequence[Path], context: ReadContext
) -> tuple[Draft, list[Path]]:
    """Read a file as load() does; the sentences may come from a text or JSON file beside it.

    Returns
    -------
    the tokens of the file; and those companions that hold no sentences

    Raises
    ------
    EmbeddingError
        as load() does; or no list of sentences in a companion fits the vectors
    """
    with error_context(path):
        longest = check_heaps(path)
        with opened(path) as file:
            datasets = _datasets(file)
            _check(datasets)
            vectors = as_float32(_read(datasets, _choose_layer(datasets, context)))
            texts = _own_texts(file, datasets, longest, context.note)
            lengths = {number: each.shape[-2] for number, each in datasets.items()}
            kind = next(iter(datasets.values())).dtype
    rest = []
    for companion in companions:
        lists = _sentence_lists(companion)
        tokens = (len(vectors), len(vectors) + 1)  # with a header
        if texts or not lists or any(len(each) in tokens for each in lists.values()):
            rest.append(companion)
            continue
        with error_context(companion):
            texts = _fitting(lists, lengths, context.note)
    labels, columns = _described(lengths, texts)
    return Draft.of(vectors, labels, columns, **header.described(path, kind)), rest


def _datasets(file: h5py.File) -> dict[int, h5py.Dataset]:
    """Return the sentences by number, each of shape (layers, tokens, dims) or (tokens, dims)."""
    names = sorted((name for name in file if re.fullmatch(r"[0-9]{1,18}", name)), key=int)
    found = {int(name): child(file, name) for name in names}
    layered = all(is_matrix(item, 3, "f") for item in found.values())
    several = len(found) > 1 or child(file, _SENTENCES) is not None
    flat = several and all(is_matrix(item, 2, "f") for item in found.values())
    return {n: item for n, item in found.items() if item is not None} if layered or flat else {}


def _check(datasets: dict[int, h5py.Dataset]) -> None:
    """Raise EmbeddingError if sentences differ in more than tokens, or exceed the size limit."""
    first, *others = datasets.values()
    for dataset in (first, *others):
        shape = dataset.shape
        alike = (*shape[:-2], shape[-1]) == (*first.shape[:-2], first.shape[-1])
        if not alike or 0 in (*shape[:-2], shape[-1]):
            raise EmbeddingError(
                f"{dataset.name} is of shape {shape}, {first.name} of {first.shape}; expected "
                "(layers, tokens, dimensions), and layers and dimensions the same in all"
            )
        check_dataset(dataset)
    tokens = sum(dataset.shape[-2] for dataset in (first, *others))
    check_rows(tokens, 4 * first.shape[-1] + _COLUMN_BYTES)


def _choose_layer(
    datasets: dict[int, h5py.Dataset], context: ReadContext
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that makes one matrix, (tokens, dims), of a sentence's layers."""
    shape = next(iter(datasets.values())).shape
    if len(shape) == 2:
        context.note(f"{len(datasets):,} sentences, one row for each token")
        return lambda sentence: sentence
    layers = [f"layer {i}" for i in range(shape[0])]
    selected = context.choose(
        "vector",
        [*layers, _MEAN] if len(layers) > 1 else layers,
        layers[-1],
        f"{len(datasets):,} sentences of {len(layers)} layers: took the last layer, one row "
        "for each token",
    )
    if selected == _MEAN:
        return lambda sentence: sentence.mean(axis=0, dtype=np.float64)
    position = layers.index(str(selected))
    return lambda sentence: sentence[position]


def _read(
    datasets: dict[int, h5py.Dataset], layer: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the vectors of all tokens, sentence after sentence: float32, shape (tokens, dims)."""
    lengths = [dataset.shape[-2] for dataset in datasets.values()]
    dimensions = next(iter(datasets.values())).shape[-1]
    vectors = np.empty((sum(lengths), dimensions), np.float32)
    start = 0
    for dataset, length in zip(datasets.values(), lengths, strict=True):
        if length:
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf
                vectors[start : start + length] = layer(dataset[...])
        start += length
    return vectors


def _described(
    lengths: dict[int, int], texts: Texts
) -> tuple[list[str] | None, dict[str, pa.Array]]:
    """Return the tokens, or None without sentences; and the columns sentence, position, text.

    Tokens of an unknown sentence are called by its number and their position, as 3:0.
    """
    numbers = np.array(list(lengths), np.int64)
    counts = np.array(list(lengths.values()), np.int64)
    columns = {
        "sentence": pa.array(np.repeat(numbers, counts)),
        "position": pa.array(np.concatenate([np.arange(length) for length in counts])),
    }
    if not texts:
        return None, columns
    labels: list[str] = []
    for number, length in lengths.items():
        if number in texts:
            labels += _tokens(texts[number], length) or []
        else:
            labels += [f"{number}:{position}" for position in range(length)]
    each = pa.array([texts.get(number) for number in lengths]).dictionary_encode()
    return labels, columns | {"text": each.take(np.repeat(np.arange(len(lengths)), counts))}


def _tokens(text: str, length: int) -> list[str] | None:
    """Return the tokens of a sentence, if there are `length` of them; else None.

    AllenNLP splits at any white space, but a token may contain white space other than a space.
    """
    for tokens in (text.split(), [token for token in text.split(" ") if token]):
        if len(tokens) == length:
            return tokens
    return None


def _own_texts(
    file: h5py.File, datasets: dict[int, h5py.Dataset], longest: int, note: Note
) -> Texts:
    """Return the sentences that AllenNLP wrote into the file, if they fit its vectors."""
    item = child(file, _SENTENCES)
    if not is_column(item) or len(item) != 1 or not datasets:
        return {}
    try:
        index = json.loads(str(read_column(item, longest)[0]))
        numbers = {int(number): text for text, number in index.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        numbers = {}
    lengths = {number: dataset.shape[-2] for number, dataset in datasets.items()}
    unlike = [n for n in numbers if n not in lengths or _tokens(numbers[n], lengths[n]) is None]
    if unlike or not numbers:
        note(f"left out {_SENTENCES}: its sentences do not have one token for each vector")
        return {}
    if len(numbers) < len(lengths):
        note(
            f"{len(lengths) - len(numbers):,} of {len(lengths):,} sentences are not in "
            f"{_SENTENCES}, which holds repeated sentences once: their tokens are called by "
            "sentence and position"
        )
    return numbers


def _sentence_lists(path: Path) -> dict[str, list[str]]:
    """Return all lists of sentences in a text or JSON file, by their names there."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not is_text(head):
        return {}
    with error_context(path):
        text = read_text(path, lambda _: None)
        if head.lstrip()[:1] not in (b"[", b"{"):
            check_rows(text.to_pybytes().count(b"\n"))
            found = [line.decode("utf-8", "replace") for line in lines(text)]
            return {"its lines": found if found[-1] else found[:-1]}
        document = read_document(text)
    if isinstance(document, list) and _are_texts(document):
        return {"its list": document}
    if isinstance(document, list):
        return {f"list {i}": each for i, each in enumerate(document) if _are_texts(each)}
    return {name: each for name, each in (document or {}).items() if _are_texts(each)}


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and {type(item) for item in value} == {str}


def _fitting(lists: dict[str, list[str]], lengths: dict[int, int], note: Note) -> Texts:
    """Return the sentences of the list that has as many, of as many tokens, as the vectors."""
    fitting = [
        name
        for name, texts in lists.items()
        if len(texts) == len(lengths)
        and all(_tokens(t, n) is not None for t, n in zip(texts, lengths.values(), strict=True))
    ]
    if not fitting:
        found = (
            f"{name}: {_counted([len(text.split()) for text in texts])}"
            for name, texts in lists.items()
        )
        raise EmbeddingError(
            f"the vectors are {_counted(list(lengths.values()))}, which no list of sentences fits "
            f"({listed(found, _LISTED, separator='; ')}); give the sentences that the vectors were "
            "made from"
        )
    if len(lists) > 1:
        note(
            f"took {fitting[0]} of {len(lists)} as the sentences: it has the tokens of the vectors"
        )
    return dict(zip(lengths, lists[fitting[0]], strict=True))


def _counted(tokens: Sequence[int]) -> str:
    """Return how many sentences there are, and of how many tokens the first ones are."""
    first = ", ".join(map(str, tokens[:_LISTED]))
    return f"{len(tokens):,} sentences of {first}{', ...' * (len(tokens) > _LISTED)} tokens"
