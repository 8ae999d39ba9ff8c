"""elmo: perplexity against Kneser-Ney, and word-sense purity of pseudo-words by layer

Language models are trained on wikitext2_valid.txt of WikiText-2 and tested on wikitext2_test.txt,
both in 2_corpus of --data, by default $EMBEDDING_DATA. All have the same vocabulary: the words that
occur at least twice in the training text; the others are <unk>. They predict every word and the end
of every line. The LSTMs are trained on lines cut at 70 words, or at the last full stop before, and
tested on whole lines. Nothing is held out for validation: the number of epochs is fixed in advance.

Pseudo-words merge two content words of similar frequency that are frequent in both texts. Purity is
the fraction of the 5 nearest other occurrences of a pseudo-word in the test text that replace the
same word; chance is the purity of vectors without context.
"""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from typing_extensions import Doc

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

MAX_LINE = 10_000  # words; no line of WikiText is longer


@dataclass(frozen=True)
class Options(report.DataOptions):
    """The options of this benchmark."""

    epochs: Annotated[int, Doc("Number of epochs")] = 6
    dim: Annotated[int, Doc("Dimensions of the vectors")] = 400
    pairs: Annotated[int, Doc("Number of pseudo-words")] = 12


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    corpus = options.find("2_corpus")
    training, test = corpus / "wikitext2_valid.txt", corpus / "wikitext2_test.txt"
    started = report.hardware()
    settings = {"dim": options.dim, "epochs": options.epochs}
    rows = perplexities(training, test, settings)
    by_layer = purities(training, test, options.pairs, settings)
    purity = {row["layer"]: row["purity of 5 nearest"] for row in by_layer}
    found = {row["contender"]: row["perplexity"] for row in rows}
    baseline = found["Kneser-Ney bigram"]
    targets = [
        report.target("perplexity, forward LSTM / Kneser-Ney bigram",
                      found["forward LSTM"] / baseline, at_most=1),
        report.target("purity of the top layer - that of layer 0", purity["2"] - purity["0"],
                      at_least=0.05),
    ]  # fmt: skip
    facts = {"source": "WikiText-2 (CC BY-SA 3.0): trained on valid, tested on test",
             **settings}  # fmt: skip
    libraries = ("torch", "lightning-fabric")
    report.show(__doc__, started, facts, [*rows, *by_layer], targets, libraries)


def perplexities(training: Path, test: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each model: its perplexity on the test text."""
    training_lines, test_lines = (read_sentences(path, MAX_LINE) for path in (training, test))
    task, fitted = train(read_sentences(training, ElmoConfig.longest), settings)
    number = task.vocabulary.numbers
    trained, tested = ([number(words).tolist() for words in text.sentences]
                       for text in (training_lines, test_lines))  # fmt: skip
    rows = []
    for name, order in (("Kneser-Ney bigram", 2), ("Kneser-Ney trigram", 3)):
        report.print_progress(name)
        model = KneserNey(trained, order, len(task.vocabulary), START, END)
        rows.append({"contender": name, "perplexity": round(model.perplexity(tested), 2)})
    losses = task.mean_losses(test_lines.sentences)
    for name, loss in zip(("forward LSTM", "backward LSTM"), losses, strict=True):
        rows.append({"contender": name, "perplexity": round(math.exp(loss), 2)})
    facts = {
        "vocabulary": len(task.vocabulary),
        "test words": test_lines.words + len(test_lines),
        "s per epoch": round(fitted.seconds / fitted.epochs, 1),
    }
    return [{**row, **facts} for row in rows]


def purities(
    training: Path, test: Path, pairs: int, settings: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return a row for each layer: the purity of the pseudo-words in the test text."""
    first = read_sentences(training, ElmoConfig.longest)
    second = read_sentences(test, ElmoConfig.longest)
    merged = common_pairs(first, second, pairs)
    task, _ = train(pseudo_words(first, merged), settings)
    text = pseudo_words(second, merged)
    chosen = choose_occurrences(text, limit=len(text.senses))
    layers = collect(task.encode, chosen, task.vocabulary).layers
    words, senses = chosen.words, chosen.senses
    facts = {
        "chance purity": round(chance_purity(words, senses), 4),
        "occurrences": len(chosen),
        "pseudo-words": ", ".join("/".join(pair) for pair in merged),
    }
    return [
        {"layer": name, "purity of 5 nearest": round(sense_purity(layer, words, senses), 4)} | facts
        for name, layer in layers.items()
    ]


def common_pairs(first: Sentences, second: Sentences, pairs: int) -> list[tuple[str, str]]:
    """Pair content words, sorted by their lower count in the two texts, the most frequent first."""
    counts = [Counter(word for words in text.sentences for word in words)
              for text in (first, second)]  # fmt: skip
    words = content_words(first.sentences, 50 * pairs)
    words.sort(key=lambda word: -min(count[word] for count in counts))
    return list(zip(words[: 2 * pairs : 2], words[1 : 2 * pairs : 2], strict=True))


def train(text: Sentences, settings: dict[str, Any]) -> tuple[ElmoTask, TrainingResult]:
    """Train on all of a text."""
    report.print_progress(f"training on {text.name}")
    with TemporaryDirectory() as folder:
        config = ElmoConfig(out=Path(folder) / "words.embedding.parquet", device="cpu", threads=1,
                            validation_fraction=0, **settings)  # fmt: skip
        task = ElmoTask(text, config)
        fitted = fit(task, config, start(config), run_info.settings(config))
        task.module.eval()
        return task, fitted


if __name__ == "__main__":
    main()
