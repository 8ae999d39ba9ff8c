"""The built-in clicks: readers who have topics, and documents whose titles tell theirs."""

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
"""Shares of a reader's clicks on each of two topics; the rest is on any document."""


def planted_clicks(
    users: int = 500, documents: int = 1_600, clicks: int = 20, seed: int = 0
) -> tuple[Pairs, tuple[str, ...]]:
    """Make clicks; return them and the documents' titles.

    Every document has one topic, and a title of 3 or 4 of its 10 words and 2 or 3 common ones.
    Every user has two topics.

    Parameters
    ----------
    clicks : mean number a user (Poisson, at least 2); a document is clicked once
    """
    chance = numpy_generator(seed, "planted clicks")
    names = list(TOPICS)
    topic = np.arange(documents) % len(names)
    titles = []
    for number in topic:
        own = chance.permutation(TOPICS[names[number]].split())[: chance.integers(3, 5)]
        common = chance.permutation(COMMON.split())[: chance.integers(2, 4)]
        titles.append(" ".join(chance.permutation([*own, *common])))
    tastes = np.array([chance.permutation(len(names))[:2] for _ in range(users)])  # (users, 2)
    rows = []
    for user, (first, second) in enumerate(tastes):
        weight = np.full(documents, (1 - FIRST_TOPIC - SECOND_TOPIC) / documents)
        for number, share in ((first, FIRST_TOPIC), (second, SECOND_TOPIC)):
            weight[topic == number] += share / (topic == number).sum()
        count = min(max(2, chance.poisson(clicks)), documents // 2)
        chosen = chance.choice(documents, count, replace=False, p=weight / weight.sum())
        rows += [(user, document) for document in np.sort(chosen)]
    pairs = np.array(rows, dtype=np.int64)
    digest = hashlib.sha256(pairs.tobytes() + "\n".join(titles).encode()).hexdigest()
    of_users = pa.array([names[first] for first, _ in tastes])
    of_documents = pa.array([names[number] for number in topic])
    made = Pairs(
        name="planted clicks",
        left=Side("user", tuple(f"user {i}" for i in range(users)), {"topic": of_users}),
        right=Side("document", tuple(f"d{i}" for i in range(documents)), {"topic": of_documents}),
        rows=pairs,
        when=np.arange(len(pairs)),
        source={"name": "planted clicks", "sha256": digest},
    )
    return made, tuple(titles)
