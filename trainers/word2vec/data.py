"""The built-in corpus of word2vec: docstrings of the installed Python packages, as sentences.

The modules are parsed, not imported. Of each docstring (of a module, class or function) only the
prose is used: examples, code, tables, headings and the names of parameters are left out, markup is
removed. Repeated sentences are used once.
"""

import ast
import hashlib
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array

from trainers.data.corpus import Corpus, number_words
from trainers.data.installed import Module, installed_modules, of_each, syntax_tree

MIN_SENTENCE_WORDS = 3
"""Minimum words of a sentence; shorter ones are headings and fragments."""

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

_WORD = re.compile(r"[^\W\d_](?:[\w.'-]*\w)?")
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+(?=[^a-z])")
_ROLE = re.compile(r":[\w:]+:`~?([^`<]*)[^`]*`")
_FIELD = re.compile(r"^(?::\w+(?: [^:]*)?:|[*+-]|\d+[.)])\s+")
_LINK = re.compile(r"\S*(?:://|www\.)\S*|<[^>]*>")
_NOT_PROSE = re.compile(
    r"""^(?:
        (?:>>>|\.\.\.|\$|%|@|\#|\||\+-).*   # examples, commands, tables
        | \.\.\s.*                          # directives
        | [^\w\s]{3,}.*                     # rules under headings
        | [\w*]+(?:,\s*[*\w]+)*\s:\s.*      # names of parameters: x, y : ndarray
        | .*[{}=].*                         # code and formulas
    )$""",
    re.VERBOSE,
)


def read_documentation(
    min_count: int = 5,
    lowercase: bool = False,
    phrases: int = 0,
    roots: Sequence[Path] | None = None,
    processes: int | None = None,
) -> Corpus:
    """Read the docstrings of all installed modules, in order of module.

    The column `package` has the package whose documentation contains the word most often,
    `package_share` the fraction of the word's occurrences that are in it.

    Parameters
    ----------
    min_count, lowercase, phrases : see corpus.read_corpus
    roots : folders of top-level modules; default: the standard library and site-packages
    processes : number of processes that parse; default: the number of processors
    """
    modules = installed_modules(roots)
    found = of_each(_sentences_or_reason, modules, processes)
    package_of: dict[str, str] = {}  # sentence -> package in which it appears first
    for module, lines in zip(modules, found, strict=True):
        for line in lines if isinstance(lines, list) else []:
            package_of.setdefault(line, module.name.split(".")[0])
    sentences = list(package_of)
    reasons = [reason for reason in found if isinstance(reason, str)]
    repeated = sum(len(lines) for lines in found if isinstance(lines, list)) - len(sentences)
    notes = [f"{repeated:,} repeated sentences are left out"]
    if reasons:
        notes.append(
            f"{len(reasons):,} of {len(modules):,} files cannot be parsed, the first: {reasons[0]}"
        )
    digest = hashlib.sha256("\n".join(sentences).encode()).hexdigest()
    corpus = number_words(
        ((line.lower() if lowercase else line).split() for line in sentences),
        "documentation",
        {"name": "documentation of the Python packages installed", "sha256": digest},
        min_count,
        phrases,
        notes,
    )
    return replace(corpus, columns=packages(corpus, list(package_of.values())))


def packages(corpus: Corpus, of_sentences: Sequence[str]) -> dict[str, pa.Array]:
    """Return the columns package and package_share; of_sentences : the package of each sentence."""
    names, number = np.unique(of_sentences, return_inverse=True)
    owner = number.repeat(np.diff(corpus.starts))  # (n,), of each token
    shape = (len(corpus.words), len(names))
    times = coo_array((np.ones(len(owner), np.int32), (corpus.tokens, owner)), shape).tocsr()
    fraction = times.max(axis=1).toarray() / corpus.counts
    return {
        "package": pa.array(names[times.argmax(axis=1)], pa.string()),
        "package_share": pa.array(fraction, pa.float32()),
    }


def _sentences_or_reason(module: Module) -> list[str] | str:
    """Return the sentences of a module, or the reason why it cannot be parsed."""
    content = Path(module.file).read_bytes()
    try:
        strings = docstrings(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"{module.name} ({str(error) or type(error).__name__})"
    return [sentence for string in strings for sentence in sentences_of(string)]


def docstrings(content: bytes) -> list[str]:
    """Return the docstrings of a module, its classes and functions, in order of the source.

    Raises
    ------
    SyntaxError, ValueError, RecursionError, MemoryError
        the source cannot be parsed
    """
    documented = _documented(syntax_tree(content))
    return [text for text in map(ast.get_docstring, documented) if text]


def _documented(node: ast.AST) -> Iterator[_Documented]:
    """Yield the nodes that may have a docstring, in order of the source."""
    if isinstance(node, _Documented):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler):
            yield from _documented(child)


def sentences_of(documentation: str) -> Iterator[str]:
    """Yield the sentences of a docstring, as words separated by one space.

    A word starts with a letter and may contain digits, _, ., ' and -: ndarray, n_samples,
    numpy.linalg, don't.
    """
    for paragraph in _paragraphs(documentation):
        text = _LINK.sub(" ", _ROLE.sub(r"\1", paragraph))
        for sentence in _SENTENCE_END.split(text):
            words = _WORD.findall(sentence)
            if len(words) >= MIN_SENTENCE_WORDS:
                yield " ".join(words)


def _paragraphs(documentation: str) -> Iterator[str]:
    """Yield the paragraphs of prose, each as one line.

    A blank line, a line that is not prose, and a list item or field end a paragraph. Lines that are
    indented below a line ending in :: are code.
    """
    lines: list[str] = []
    code_below: int | None = None  # the indentation of the line that ended in ::
    for line in inspect.cleandoc(documentation).splitlines():
        text = line.strip()
        indentation = len(line) - len(line.lstrip())
        if code_below is not None and text and indentation <= code_below:
            code_below = None
        is_prose = text and code_below is None and not _NOT_PROSE.match(text)
        item = _FIELD.match(text)
        if lines and (not is_prose or item):
            yield " ".join(lines)
            lines = []
        if is_prose:
            lines.append(text[item.end() :] if item else text)
        if text.endswith("::") and code_below is None:
            code_below = indentation
    if lines:
        yield " ".join(lines)
