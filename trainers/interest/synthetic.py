"""The built-in data: readers interested in topics, and documents with titles about one topic."""

import hashlib

import numpy as np
import pyarrow as pa

from trainers.core.rng import numpy_generator
from trainers.data.pairs.pairs import Pairs, Side

TOPICS = {
    "astronomy": "planet orbit telescope galaxy comet eclipse nebula lunar asteroid starlight",
    "baking": "bread flour oven dough yeast pastry crust butter sourdough cake",
    "chess": "opening gambit endgame bishop rook checkmate pawn tournament grandmaster castling",
    "cycling": "bicycle pedal saddle sprint peloton mountain gear helmet wheel descent",
    "finance": "stock bond inflation market dividend interest portfolio bank loan hedge",
    "gardening": "seed compost prune tomato soil greenhouse tulip mulch hedgerow orchard",
    "history": "empire medieval revolution treaty castle dynasty archive siege monarchy crusade",
    "jazz": "saxophone improvisation trumpet swing bebop quartet rhythm ballad piano drummer",
    "knitting": "yarn needle stitch sweater wool pattern scarf crochet cable sock",
    "law": "court statute appeal verdict judge contract evidence tribunal plaintiff clause",
    "medicine": "vaccine patient surgery diagnosis clinic therapy virus dose symptom trial",
    "photography": "lens aperture portrait exposure shutter landscape darkroom tripod focus film",
    "programming": "compiler python database debug algorithm server kernel syntax thread cache",
    "sailing": "harbor sail mast regatta wind keel anchor crew tide compass",
    "travel": "passport island hostel airport itinerary beach visa train museum border",
    "wine": "vineyard grape cellar vintage tannin barrel cork bouquet riesling sommelier",
}
COMMON = (
    "guide new best story how why lessons first great little world modern simple complete art "
    "secrets year life things notes beginners inside open questions"
)

FIRST_TOPIC, SECOND_TOPIC = 0.75, 0.23
"""Fractions of a reader's clicks on each of two topics; the rest goes to any document."""


def synthetic_clicks(
    users: int = 500, documents: int = 1_600, clicks: int = 20, seed: int = 0
) -> tuple[Pairs, tuple[str, ...]]:
    """Generate clicks; return them and the titles of the documents.

    Each document has one topic, and a title of 3 or 4 of the topic's 10 words and 2 or 3 common
    words. Each user is interested in two topics.

    Parameters
    ----------
    users, documents : how many of each
    clicks : mean number per user (Poisson, at least 2); a user clicks a document at most once
    seed : of the data
    """
    rng = numpy_generator(seed, "planted clicks")
    names = list(TOPICS)
    topic = np.arange(documents) % len(names)  # (documents,)
    titles = []
    for number in topic:
        own = rng.permutation(TOPICS[names[number]].split())[: rng.integers(3, 5)]
        common = rng.permutation(COMMON.split())[: rng.integers(2, 4)]
        titles.append(" ".join(rng.permutation([*own, *common])))
    interests = np.array([rng.permutation(len(names))[:2] for _ in range(users)])  # (users, 2)
    rows = []
    for user, (first, second) in enumerate(interests):
        weight = np.full(documents, (1 - FIRST_TOPIC - SECOND_TOPIC) / documents)  # (documents,)
        for number, fraction in ((first, FIRST_TOPIC), (second, SECOND_TOPIC)):
            weight[topic == number] += fraction / (topic == number).sum()
        count = min(max(2, rng.poisson(clicks)), documents // 2)
        chosen = rng.choice(documents, count, replace=False, p=weight / weight.sum())
        rows += [(user, document) for document in np.sort(chosen)]
    pairs = np.array(rows, dtype=np.int64)  # (p, 2)
    digest = hashlib.sha256(pairs.tobytes() + "\n".join(titles).encode()).hexdigest()
    user_topic = pa.array([names[first] for first, _ in interests])
    document_topic = pa.array([names[number] for number in topic])
    made = Pairs(
        name="synthetic clicks",
        left=Side("user", tuple(f"user {i}" for i in range(users)), {"topic": user_topic}),
        right=Side("document", tuple(f"d{i}" for i in range(documents)), {"topic": document_topic}),
        rows=pairs,
        time_rank=np.arange(len(pairs)),
        source={"name": "synthetic clicks", "sha256": digest},
    )
    return made, tuple(titles)
