"""The files of bert: a text is read by a model, one trained just now or a ready one."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from embeddings.embedding_set import EmbeddingSet
from trainers.bert.config import BertConfig
from trainers.bert.data import told
from trainers.bert.reader import Reader
from trainers.bert.text_encoders import find_model, fingerprint, load_reader
from trainers.core import provenance
from trainers.core.progress import ProgressBar, is_main, say
from trainers.core.result import write_result
from trainers.data.contexts.context_vectors import collect, context_sets, save_beside
from trainers.data.contexts.occurrences import Occurrences, choose_occurrences
from trainers.data.contexts.planted_senses import planted_senses
from trainers.data.contexts.sentences import Sentence, Sentences, read_sentences, vocabulary
from trainers.metrics.sense_purity import chance_purity, sense_purity


@dataclass(frozen=True)
class Pass:
    """One reading of a text: seconds, and words read."""

    seconds: float
    words: int

    @property
    def speed(self) -> dict[str, Any]:
        """Seconds, and words a second."""
        return {"seconds": round(self.seconds, 3),
                "words_per_second": round(self.words / self.seconds)}  # fmt: skip


def run_pretrained(config: BertConfig, device: torch.device) -> dict[str, Any]:
    """Read the text by the model that the config names, write the files; return the metrics."""
    if not is_main():
        return {}
    folder = find_model(str(config.pretrained))
    reader, notes = load_reader(folder, device, config.punctuation, config.block)
    text = read_text(config, reader.longest, lowercase=False)
    chosen = choose_occurrences(text, config.chosen_words, config.occurrences, config.seed)
    for note in (*notes, *text.notes, f"{len(text):,} sentences of {text.words:,} words",
                 *chosen.notes):  # fmt: skip
        say(note, config.quiet)
    if config.dry_run:
        return {"dry_run": True, "sentences": len(text), "words": text.words,
                "occurrences": len(chosen), "longest": reader.longest}  # fmt: skip
    model = {
        "pretrained": config.pretrained,
        "model_sha256": fingerprint(folder),
        "vector": config.vector,
        "punctuation": config.punctuation,
        "block": reader.longest,
    }
    about = {
        # of the model alone: it reads different texts into the same space
        "space": provenance.space_id("bert", {**model, "pretrained": None}, {}),
        "config": {**model, "words": config.words, "occurrences": config.occurrences,
                   "min_count": config.min_count, "seed": config.seed},
        "libraries": provenance.libraries("torch", "numpy", "tokenizers", "transformers"),
    }  # fmt: skip
    started = time.perf_counter()
    made = write_words(reader, chosen, config, {}, about)
    return write_result(made, config, Pass(time.perf_counter() - started, text.words))


def read_text(config: BertConfig, longest: int, lowercase: bool) -> Sentences:
    """Read the text that the config names, or make the built-in one.

    longest : tokens of a sequence; no more words than that fit, longer lines are cut before
    """
    if config.data is None:
        return planted_senses(seed=config.seed)
    return read_sentences(config.data, max(1, longest - 2), lowercase)


def write_words(
    reader: Reader,
    chosen: Occurrences,
    config: BertConfig,
    metrics: Mapping[str, Any],
    about: Mapping[str, Any],
) -> EmbeddingSet:
    """Read the text of the occurrences; write its words and sentences; return the occurrences.

    metrics, about : what the set is to tell beside
    """
    text = chosen.text
    words = vocabulary(text.sentences, config.min_count)
    odd: Counter[str] = Counter()
    progress = ProgressBar(len(text), unit="sentences", quiet=config.quiet)

    of_sentence: dict[Sentence, np.ndarray] = {}

    def encode(sentences: Sequence[Sentence]) -> dict[str, np.ndarray]:
        split = reader.pieces(sentences)
        odd.update(split.odd)
        layers, vectors = reader.read(split, config.vector)
        of_sentence.update(zip(sentences, vectors, strict=True))
        progress.step(len(sentences))
        return {str(number): layer for number, layer in enumerate(layers)}

    found = collect(encode, chosen, words)
    # the model's own of all tokens, instead of the means of the words
    own = np.stack([of_sentence[sentence] for sentence in text.sentences])
    found = replace(found, sentence_means=own)
    progress.close()
    named, senses = chosen.words, chosen.senses
    purity = {name: round(sense_purity(layer, named, senses), 4)
              for name, layer in found.layers.items()}  # fmt: skip
    known = {"sense_purity": purity, "sense_purity of chance": chance_purity(named, senses)}
    sets = context_sets(
        found,
        name=text.name,
        trainer="bert",
        metrics={
            **metrics,
            **(known if any(senses) else {}),
            "sentences": len(text),
            "words": text.words,
            "occurrences": len(chosen),
            "layers": len(found.layers),
        },
        seed=config.seed,
        created=provenance.created(),
        source=dict(text.source),
        **about,
    )
    names = " and ".join(path.name for path in save_beside(sets, config.out))
    for note in (*told(odd), f"{found.note()}, are in {names}; words seen fewer than "
                 f"{config.min_count} times are left out"):  # fmt: skip
        say(note, config.quiet)
    return sets[""]
