"""Keys of sets: what a URL may name, and what it may not reach."""

import pytest

from embeddings import EmbeddingError
from pages.common.sources import Source

HASH = "0123456789abcdef" * 2


def test_a_key_is_read_as_it_was_written() -> None:
    source = Source("upload", HASH, (("label", "title & more"),), leave_out=True)
    assert Source.of(source.key) == source


@pytest.mark.parametrize("name", ["a/b.npy", "ü?&=#.npy", "RUN/levels.embedding.parquet"])
def test_names_with_any_characters_survive_the_url(name: str) -> None:
    assert Source.of(Source("file", name).key).name == name


@pytest.mark.parametrize(
    "key",
    [
        "upload:../../etc",
        "upload:/etc",
        f"upload:{HASH}/..",
        f"upload:{HASH[:-1]}",
        f"upload:{HASH.upper()}",
        f"upload:{HASH}\n",
        "upload:",
        "elsewhere:x",
        "",
    ],
)
def test_an_upload_is_named_by_its_hash_alone(key: str) -> None:
    """Anything else would be a path below, or above, the folder of uploads."""
    with pytest.raises(EmbeddingError, match="does not name a set"):
        Source.of(key)
