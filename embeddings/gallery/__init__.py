"""The gallery: small ready-made embedding files, each with the command that makes it again.

Beside them are small images of their maps, and the result of one comparison of features.
"""

from dataclasses import dataclass
from pathlib import Path

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import load

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class GalleryItem:
    """A ready-made embedding file.

    Attributes
    ----------
    name : short id, and the start of the file's name
    title : name on the screen
    description : what the rows and the vectors are
    command : makes the file again, run in the root of the repository
    """

    name: str
    title: str
    description: str
    command: str

    @property
    def path(self) -> Path:
        """The embedding file."""
        return FOLDER / f"{self.name}.embedding.parquet"

    @property
    def layout_path(self) -> Path:
        """The ready-made layout of the file, which need not exist."""
        return FOLDER / f"{self.name}.tsne.layout.parquet"


ITEMS: tuple[GalleryItem, ...] = (
    GalleryItem(
        name="digits",
        title="Handwritten digits",
        description="1,797 images of handwritten digits from scikit-learn. A vector holds the 64 "
        "pixel intensities (0 to 16) of an 8 x 8 image.",
        command="python -m embeddings.gallery digits",
    ),
    GalleryItem(
        name="python_modules",
        title="Python modules",
        description="9,994 modules of installed Python packages and the 7,070 names that at least "
        "10 of them import or use, learned from 329,387 such pairs by the two_tower trainer.",
        command="python -m trainers two_tower --min-count 10 --similarity cosine "
        "--learning-rate 0.005 --schedule constant --weight-decay 0 "
        "--out embeddings/gallery/python_modules.embedding.parquet",
    ),
    GalleryItem(
        name="documentation_words",
        title="Words of Python documentation",
        description="The 5,309 words that occur at least 40 times in the documentation of "
        "installed Python packages (3,642,518 words in total), learned by the word2vec trainer. "
        "The package of a word is the one that uses it most.",
        command="python -m trainers word2vec --lowercase --min-count 40 --dim 50 "
        "--out embeddings/gallery/documentation_words.embedding.parquet",
    ),
    GalleryItem(
        name="flight_levels",
        title="Flights: carriers, airports, months, hours",
        description="The 154 levels of 5 categorical columns of 40,000 flights that left New York "
        "in 2013, learned by the entity trainer, which predicts the time in the air. Only levels "
        "of the same column (role) are comparable.",
        command="python -m trainers entity --one-file "
        "--out embeddings/gallery/flight_levels.embedding.parquet",
    ),
    GalleryItem(
        name="homonyms",
        title="Homonyms in context",
        description="400 occurrences of ten homonyms (bank, bat, ...) in synthetic sentences, at "
        "each layer of a model of the elmo trainer. The senses of a word coincide at layer 0 and "
        "separate in the layers above.",
        command="python -m trainers elmo --occurrences 400 --threads 1 "
        "--out embeddings/gallery/homonyms.embedding.parquet",
    ),
    GalleryItem(
        name="review_words",
        title="Words of synthetic reviews",
        description="3,955 synthetic words with the polarity that the sentiment trainer learned "
        "from 8,000 synthetic reviews, and the true polarity.",
        command="python -m trainers sentiment --dim 50 --threads 1 "
        "--out embeddings/gallery/review_words.embedding.parquet",
    ),
    GalleryItem(
        name="readers_and_documents",
        title="Synthetic readers and documents",
        description="500 synthetic readers with two topics each and 1,600 documents, learned by "
        "the interest trainer from 10,087 clicks and the words of the documents' titles.",
        command="python -m trainers interest --threads 1 "
        "--out embeddings/gallery/readers_and_documents.embedding.parquet",
    ),
    GalleryItem(
        name="feed_and_ads",
        title="Synthetic users, feed items and ads",
        description="Synthetic users, items of a feed and ads. The transfer trainer learned the "
        "ads with the help of the feed; the ads nearest to a user by dot product are the ones "
        "most likely to be clicked.",
        command="python -m trainers transfer --threads 1 "
        "--out embeddings/gallery/feed_and_ads.embedding.parquet",
    ),
)


COMPARISON = FOLDER / "flights.comparison.json"
"""The results of the command below: features compared on flights that left New York in 2013."""

COMPARISON_COMMAND = (
    "python -m trainers evaluate --quiet | tail -n 1 > embeddings/gallery/flights.comparison.json"
)


def map_path(name: str) -> Path:
    """Return the small image of the map of an item, or of what a trainer makes, by its name.

    `python -m embeddings.gallery maps [FILE ...]` makes it again.
    """
    return FOLDER / "maps" / f"{name}.png"


def item(name: str) -> GalleryItem:
    """Return the item called `name`; raise EmbeddingError if there is none."""
    for candidate in ITEMS:
        if candidate.name == name:
            return candidate
    names = ", ".join(candidate.name for candidate in ITEMS)
    raise EmbeddingError(f"no gallery item {name!r}; expected one of {names}")


def open_item(name: str) -> EmbeddingSet:
    """Load the embedding file of the item called `name`; raise EmbeddingError if there is none."""
    return load(item(name).path)
