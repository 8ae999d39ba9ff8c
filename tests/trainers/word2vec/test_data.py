"""Documentation strings become sentences of prose; packages are not imported."""

from trainers.word2vec.data import docstrings, read_documentation, sentences_of

DOCSTRING = """Compute the ``n_samples`` eigenvalues of a :class:`~numpy.ndarray`. Don't use
:func:`old <scipy.old>` here; see https://example.org/page for more.

Heading words here
------------------

Parameters
----------
x, y : array_like, shape (n,)
    The first array, e.g. of floats.
*args : more
    Others that are passed on.

- first item of a list
- second item of the list

Run it as follows::

    code = that(is, left) + out
    more code here

>>> add(1, 2)
3

.. note:: this is a directive
:param z: the third of them all

This sentence
goes over lines.
"""


def test_only_prose_is_extracted():
    assert list(sentences_of(DOCSTRING)) == [
        "Compute the n_samples eigenvalues of a numpy.ndarray",
        "Don't use old here see for more",
        "Heading words here",
        "The first array e.g of floats",
        "Others that are passed on",
        "first item of a list",
        "second item of the list",
        "Run it as follows",
        "the third of them all",
        "This sentence goes over lines",
    ]


def test_strings_of_modules_classes_and_functions_in_order():
    source = b"""
'''Module.'''
x = '''not one'''
class A:
    '''Class.'''
    def f(self):
        '''Method.'''
        def g(): '''Inner.'''
if x:
    async def h():
        '''Function.'''
def without(): pass
"""
    assert docstrings(source) == ["Module.", "Class.", "Method.", "Inner.", "Function."]


def test_folders_are_read_in_order_and_broken_files_are_noted(tmp_path):
    for name, text in {
        "b/__init__.py": "'''The second module comes last. Said twice by both.'''",
        "a.py": "'''The first module comes first. Said twice by both.'''\nraise SystemExit",
        "bad.py": "'''Never read at all'''\nprint 'two'",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    corpus = read_documentation(1, lowercase=True, roots=[tmp_path], processes=1)
    assert list(corpus.text()) == [
        "the first module comes first", "said twice by both", "the second module comes last",
    ]  # fmt: skip
    package = dict(zip(corpus.words, corpus.columns["package"].to_pylist(), strict=True))
    package_share = dict(
        zip(corpus.words, corpus.columns["package_share"].to_pylist(), strict=True)
    )
    assert (package["first"], package["twice"], package["last"]) == ("a", "a", "b")
    assert (package_share["first"], package_share["twice"], package_share["the"]) == (1, 1, 0.5)
    assert corpus.notes[0] == "1 repeated sentences are left out"
    assert corpus.notes[1].startswith("1 of 3 files cannot be parsed, the first: bad (")
    assert corpus.name == "documentation"


def test_many_processes_give_the_same_text(tmp_path):
    for i in range(120):
        (tmp_path / f"m{i}.py").write_text(f"'''This is number n{i % 7} of m{i % 11} modules.'''")
    one = read_documentation(1, roots=[tmp_path], processes=1)
    two = read_documentation(1, roots=[tmp_path], processes=2)
    assert one.words == two.words and (one.tokens == two.tokens).all()
    assert one.source == two.source
