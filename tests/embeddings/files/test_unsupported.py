"""Pickles are never opened, whatever their protocol; documents are recognized by their names."""

import pytest

from embeddings import EmbeddingError, load
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


@pytest.mark.parametrize("name", ["v.pkl", "v.PT", "v.ckpt", "v.joblib"])
def test_the_suffix_of_a_pickle_suffices_since_old_protocols_look_like_text(tmp_path, name):
    (tmp_path / name).write_text("label,x,y\na,1,2\nb,3,4\n")
    with pytest.raises(EmbeddingError, match=f"{name}: a pickle .* can run any code"):
        load(tmp_path / name)


@pytest.mark.parametrize("name", ["v.mat", "v.ann", "v.onnx"])
def test_text_under_a_name_of_a_binary_format_is_read(tmp_path, name):
    (tmp_path / name).write_text("label,x,y\na,1,2\nb,3,4\n")
    assert load(tmp_path / name).labels == ("a", "b")
    (tmp_path / name).write_bytes(b"\x08\0\1\2")
    with pytest.raises(EmbeddingError, match=rf"{name}: an? (MATLAB|Annoy|ONNX) .*numpy\.save"):
        load(tmp_path / name)
