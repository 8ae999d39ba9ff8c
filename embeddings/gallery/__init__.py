"""Small ready-made embedding files, each with the command that makes it again."""

from dataclasses import dataclass
from pathlib import Path

from embeddings.embedding_set import EmbeddingSet
from embeddings.errors import EmbeddingError
from embeddings.files import load

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class GalleryItem:
    """One ready-made embedding file.

    Attributes
    ----------
    name : short id, and the start of the file's name
    title : what the screen calls it
    description : one sentence: what the rows and the vectors are
    command : makes the file again, run from the root of the repository
    """

    name: str
    title: str
    description: str
    command: str

    @property
    def path(self) -> Path:
        """Where the embedding file lies."""
        return FOLDER / f"{self.name}.embedding.parquet"

    @property
    def layout_path(self) -> Path:
        """Where a ready layout of the file lies, if there is one."""
        return FOLDER / f"{self.name}.tsne.layout.parquet"

    @property
    def layout_command(self) -> str:
        """Makes the ready layout again; it runs on all cores, so it will differ a little."""
        folder = "embeddings/gallery"
        return (
            f"python -m embeddings layout {folder}/{self.path.name} --method tsne --threads fast "
            f"--out {folder}/{self.layout_path.name}"
        )


ITEMS: tuple[GalleryItem, ...] = (
    GalleryItem(
        name="digits",
        title="Handwritten digits",
        description="1,797 images of handwritten digits from scikit-learn; a vector holds the "
        "64 pixel intensities (0 to 16) of an 8 x 8 image.",
        command="python -m embeddings.gallery digits",
    ),
    GalleryItem(
        name="python_modules",
        title="Python modules",
        description="9,994 modules of the Python environment that this was made in, and the 7,070 "
        "names that 10 modules or more import or use, learned from 329,387 such pairs by the "
        "two_tower trainer.",
        command="python -m trainers two_tower --min-count 10 --similarity cosine "
        "--learning-rate 0.005 --schedule constant --weight-decay 0 "
        "--out embeddings/gallery/python_modules.embedding.parquet",
    ),
    GalleryItem(
        name="documentation_words",
        title="Words of Python's documentation",
        description="The 5,309 words that stand 40 times or more in the documentation of the "
        "Python packages of the environment that this was made in, 3,642,518 words in all, "
        "learned by the word2vec trainer; the package is the one that uses a word most.",
        command="python -m trainers word2vec --lowercase --min-count 40 --dim 50 "
        "--out embeddings/gallery/documentation_words.embedding.parquet",
    ),
    GalleryItem(
        name="flight_levels",
        title="Flights: carriers, airports, months, hours",
        description="The 154 levels of 5 categorical columns of 40,000 flights that left New York "
        "in 2013, learned from the time in the air by the entity trainer; only levels of one "
        "column (role) may be compared.",
        command="python -m trainers entity --one-file "
        "--out embeddings/gallery/flight_levels.embedding.parquet",
    ),
    GalleryItem(
        name="homonyms",
        title="Homonyms in context",
        description="400 occurrences of ten homonyms (bank, bat, ...) in made-up sentences, "
        "at each layer of the elmo trainer's model: the senses are one at layer 0 and part above.",
        command="python -m trainers elmo --occurrences 400 --threads 1 "
        "--out embeddings/gallery/homonyms.embedding.parquet",
    ),
    GalleryItem(
        name="review_words",
        title="Words of planted reviews",
        description="3,927 made-up words and the polarity that the sentiment trainer learned for "
        "each from 8,000 made-up reviews, beside the one that was planted.",
        command="python -m trainers sentiment --dim 50 --threads 1 "
        "--out embeddings/gallery/review_words.embedding.parquet",
    ),
    GalleryItem(
        name="readers_and_documents",
        title="Planted readers and documents",
        description="500 made-up readers with two topics each and 1,600 documents, learned by the "
        "interest trainer from the words in the titles of 10,087 clicks.",
        command="python -m trainers interest --threads 1 "
        "--out embeddings/gallery/readers_and_documents.embedding.parquet",
    ),
    GalleryItem(
        name="feed_and_ads",
        title="Planted users, feed and ads",
        description="Made-up users, items of a feed and ads: the transfer trainer learned the ads "
        "with the help of the feed; by dot product a user's nearest ads are the likeliest clicks.",
        command="python -m trainers transfer --threads 1 "
        "--out embeddings/gallery/feed_and_ads.embedding.parquet",
    ),
)


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
