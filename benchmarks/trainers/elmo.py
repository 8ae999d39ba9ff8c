"""Words in context: perplexity against Kneser-Ney, and the senses of pseudo-words layer by layer

Language models learn wikitext2_valid.txt, of WikiText-2, and are judged on wikitext2_test.txt, both
in --data, by default $EMBEDDING_DATA: 2_corpus. All have the same vocabulary, words seen twice in
what is learned, the rest being <unk>, and predict every word and the end of every line; the LSTMs
learn lines cut at 70 words or the last full stop before, and are judged on whole lines. No part is
held out: the number of epochs is set beforehand.

Pseudo-words are made of content words that are frequent in both texts, two of like frequency
written as one. Purity is the share, among the 5 nearest other occurrences of a pseudo-word in the
text not learned, of those that stand for the same word; chance is what vectors without context
have.
"""

import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import report
from benchmarks.trainers.pseudo_words import pseudo_words
from trainers.core import run_info
from trainers.core.devices import start
from trainers.core.fit import TrainingResult, fit
from trainers.data.contexts.context_vectors import collect
from trainers.data.contexts.occurrences import choose_occurrences
from trainers.data.contexts.sentences import Sentences, content_words, read_sentences
from trainers.elmo.config import ElmoConfig
from trainers.elmo.kneser_ney import KneserNey
from trainers.elmo.train import END, START, ElmoTask
from trainers.metrics.sense_purity import chance_purity, sense_purity

WHOLE = 10_000  # words: no line of WikiText is longer


def main() -> None:
    """Measure and print."""
    parser = report.data_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--dim", type=int, default=400, help="length of the vectors")
    parser.add_argument("--pairs", type=int, default=12, help="pseudo-words")
    options = parser.parse_args()
    learned, tested = (
        report.data(options, "2_corpus", f"wikitext2_{part}.txt") for part in ("valid", "test")
    )
    started = report.hardware()
    settings = {"dim": options.dim, "epochs": options.epochs}
    rows = perplexities(learned, tested, settings)
    by_layer = purities(learned, tested, options.pairs, settings)
    purity = {row["layer"]: row["purity of 5 neighbors"] for row in by_layer}
    found = {row["contender"]: row["perplexity"] for row in rows}
    bar = found["Kneser-Ney bigram"]
    targets = [
        report.target("perplexity of the forward LSTM / Kneser-Ney bigram",
                      found["forward LSTM"] / bar, at_most=1),
        report.target("purity of the top layer - purity of layer 0", purity["2"] - purity["0"],
                      at_least=0.05),
    ]  # fmt: skip
    facts = {"source": "WikiText-2 (CC BY-SA 3.0): validation part learned, test part judged",
             **settings}  # fmt: skip
    libraries = ("torch", "lightning-fabric")
    report.show(__doc__, started, facts, [*rows, *by_layer], targets, libraries)


def perplexities(learned: Path, tested: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row a model: perplexity on the text not learned."""
    whole, judged = (read_sentences(path, WHOLE) for path in (learned, tested))
    task, fitted = train(read_sentences(learned, ElmoConfig.longest), settings)
    number = task.vocabulary.numbers
    lines, wanted = ([number(words).tolist() for words in text.sentences]
                     for text in (whole, judged))  # fmt: skip
    rows = []
    for name, order in (("Kneser-Ney bigram", 2), ("Kneser-Ney trigram", 3)):
        report.say(name)
        model = KneserNey(lines, order, len(task.vocabulary), START, END)
        rows.append({"contender": name, "perplexity": round(model.perplexity(wanted), 2)})
    losses = task.mean_losses(judged.sentences)
    for name, loss in zip(("forward LSTM", "backward LSTM"), losses, strict=True):
        rows.append({"contender": name, "perplexity": round(math.exp(loss), 2)})
    facts = {
        "vocabulary": len(task.vocabulary),
        "words judged": judged.words + len(judged),
        "seconds an epoch": round(fitted.seconds / fitted.epochs, 1),
    }
    return [{**row, **facts} for row in rows]


def purities(
    learned: Path, tested: Path, pairs: int, settings: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return a row a layer: the purity of pseudo-words' senses in the text not learned."""
    text = read_sentences(learned, ElmoConfig.longest)
    judged = read_sentences(tested, ElmoConfig.longest)
    joined = common_pairs(text, judged, pairs)
    task, _ = train(pseudo_words(text, joined), settings)
    judged = pseudo_words(judged, joined)
    chosen = choose_occurrences(judged, limit=len(judged.senses))
    layers = collect(task.encode, chosen, task.vocabulary).layers
    words, senses = chosen.words, chosen.senses
    facts = {
        "purity of chance": round(chance_purity(words, senses), 4),
        "occurrences": len(chosen),
        "pseudo-words": ", ".join("/".join(pair) for pair in joined),
    }
    return [
        {"layer": name, "purity of 5 neighbors": round(sense_purity(layer, words, senses), 4)}
        | facts
        for name, layer in layers.items()
    ]


def common_pairs(first: Sentences, second: Sentences, pairs: int) -> list[tuple[str, str]]:
    """Pair the content words that are the most frequent in the text that has fewer of them."""
    counts = [Counter(word for words in text.sentences for word in words)
              for text in (first, second)]  # fmt: skip
    words = content_words(first.sentences, 50 * pairs)
    words.sort(key=lambda word: -min(count[word] for count in counts))
    return list(zip(words[: 2 * pairs : 2], words[1 : 2 * pairs : 2], strict=True))


def train(text: Sentences, settings: dict[str, Any]) -> tuple[ElmoTask, TrainingResult]:
    """Learn a text, all of it, for so many epochs."""
    report.say(f"learns {text.name}")
    with TemporaryDirectory() as folder:
        config = ElmoConfig(out=Path(folder) / "words.embedding.parquet", device="cpu", threads=1,
                            validation_fraction=0, **settings)  # fmt: skip
        task = ElmoTask(text, config)
        fitted = fit(task, config, start(config), run_info.settings(config))
        task.module.eval()
        return task, fitted


if __name__ == "__main__":
    main()
