"""projector_config.pbtxt has the same content as the JSON config."""

import pytest

from embeddings.errors import EmbeddingError
from embeddings.files.projector.pbtxt import is_pbtxt, parse

PYTORCH = """\
embeddings {
tensor_name: "words:00000"
tensor_path: "00000/words/tensors.tsv"
metadata_path: "00000/words/metadata.tsv"
sprite {
image_path: "00000/words/sprite.png"
single_image_dim: 28
single_image_dim: 14
}
}
embeddings {
tensor_name: "second"
tensor_path: "00001/tensors.tsv"
}
"""


def test_what_pytorch_writes_is_the_json_config():
    assert is_pbtxt(PYTORCH.encode())
    assert parse(PYTORCH) == {
        "embeddings": [
            {
                "tensorName": "words:00000",
                "tensorPath": "00000/words/tensors.tsv",
                "metadataPath": "00000/words/metadata.tsv",
                "sprite": {"imagePath": "00000/words/sprite.png", "singleImageDim": [28, 14]},
            },
            {"tensorName": "second", "tensorPath": "00001/tensors.tsv"},
        ]
    }


def test_the_whole_language_is_read():
    text = """\ufeff# a comment
    model_checkpoint_path: 'model.ckpt' ; # another one
    embeddings: < tensor_name: "a \\"b\\" " 'and \\u00e9 \\303\\251\\x21\\n'
                  tensor_shape: [10, 3], tensor_path: 'a#b.tsv' >
    embeddings {tensor_path:"b"}"""
    assert is_pbtxt(text.encode())
    assert parse(text) == {
        "modelCheckpointPath": "model.ckpt",
        "embeddings": [
            {"tensorName": 'a "b" and u00e9 é!\n', "tensorShape": [10, 3], "tensorPath": "a#b.tsv"},
            {"tensorPath": "b"},
        ],
    }


def test_bytes_that_are_not_utf8_are_replaced():
    assert parse(r'a: "\xff\777"') == {"a": "\ufffd\ufffd"}  # 0777 is more than a byte


@pytest.mark.parametrize(
    "text", ['{"embeddings": []}', "embeddings\t0.5\t1\n", "embeddings 1 2 3", "", "cat: 1"]
)
def test_other_text_is_no_config(text):
    assert not is_pbtxt(text.encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("embeddings {", "line 1: 'the end of the file' where the name"),
        ('embeddings {\n tensor_path "a" }', "line 2: no `:` after tensor_path"),
        ("embeddings {\n tensor_path: }", "line 2: '}' where a value"),
        ('embeddings {\n\n tensor_path: "a\n}', "line 3: .* is not part of the language"),
        ("embeddings { tensor_shape: [1 2] }", "'2' where `,` or `]`"),
        ("embeddings { a: [1, ", "'the end of the file' where a value"),
        ("embeddings {" * 30, "more than 20"),
        ("embeddings: " + "[" * 30, "more than 20"),
        ("end: end end", "line 1: no `:` after end"),
        ("embeddings { } }", "line 1: '}' where the name of a field"),
    ],
)
def test_errors_name_the_line(text, message):
    with pytest.raises(EmbeddingError, match=message):
        parse(text)
