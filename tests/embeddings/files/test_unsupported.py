"""What lies beside data for people to read is told by its name."""

import pytest

from embeddings.files.unsupported import is_document


@pytest.mark.parametrize(
    "name", ["README.md", "set/readme", "a/LICENSE", "Licence.txt", "make.py", "page.HTML", "x.yml"]
)
def test_documents(name):
    assert is_document(name)


@pytest.mark.parametrize(
    "name",
    ["labels.txt", "readme/vectors.tsv", "readme.csv", "words.vec", "config.json", "a.pbtxt"],
)
def test_data(name):
    assert not is_document(name)
