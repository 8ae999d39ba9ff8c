"""Requests to a loaded run are answered, or refused without ending the server."""

import base64
import json

import numpy as np
import pytest

from embeddings import EmbeddingError
from trainers.commands.encode_decode import answer, checked_vector, serve
from trainers.core.codec import Codec


def letters(text: str) -> np.ndarray:
    """Encode a text as its numbers of a and b."""
    return np.array([text.count("a"), text.count("b")], dtype=np.float32)


CODEC = Codec(
    dim=2,
    encode_text=letters,
    unknown_words=lambda text: [word for word in text.split() if "z" in word],
    encode_image=lambda content, name: np.array([len(content), len(name)], dtype=np.float32),
    decode=lambda vectors: [vector.tobytes() for vector in vectors],
)


def test_each_request_has_a_response_and_mistakes_do_not_end_the_server(tmp_path):
    image = tmp_path / "x.png"
    image.write_bytes(b"12345")
    requests = [
        '{"text": "abba a"}', "no JSON", "[1]", '{"text": "zebra"}', '{"vector": [1]}',
        json.dumps({"image": str(image)}), '{"image": "absent.png"}', '{"vector": [0.5, -1]}',
    ]  # fmt: skip
    ready, *answers = map(json.loads, serve(CODEC, requests))
    assert ready == {"dim": 2}
    assert answers[0] == {"vector": [3, 2]}
    assert "Expecting value" in answers[1]["error"]
    assert answers[2]["error"] == "[1]: expected a JSON object"
    assert answers[3] == {"vector": [1, 1], "unknown": ["zebra"]}
    assert answers[4]["error"] == "vector: 1 values given; expected 2 finite numbers"
    assert answers[5] == {"vector": [5, 5]}
    assert answers[6]["error"] == "absent.png: no such file; give an image"
    assert answers[7]["vector"] == [0.5, -1]
    drawn = np.frombuffer(base64.b64decode(answers[7]["png"]), dtype=np.float32)
    assert drawn.tolist() == [0.5, -1] and len(answers) == len(requests)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"vector": [1, 2]}, "cannot decode vectors"),
        ({"text": "a"}, "cannot encode texts"),
        ({"image": "x.png"}, "cannot encode images"),
        ({"sound": "x.wav"}, "sound: expected vector, text or image"),
        ({}, "nothing: expected vector, text or image"),
    ],
)
def test_what_a_run_cannot_do_is_refused(request_, message):
    with pytest.raises(EmbeddingError, match=message):
        answer(Codec(dim=2), request_)


@pytest.mark.parametrize("values", [[1], [1, 2, 3], [1, float("nan")], [1, "2"], "12", None])
def test_a_vector_is_a_list_of_finite_numbers(values):
    assert checked_vector([1, -2.5], 2).tolist() == [1, -2.5]
    with pytest.raises(EmbeddingError, match="expected 2 finite numbers"):
        checked_vector(values, 2)
