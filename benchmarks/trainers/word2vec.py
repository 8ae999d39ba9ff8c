"""word2vec: words per CPU second and quality on one thread, beside gensim's corpus_file

All learn from the same text with the same settings (window 5, 5 negatives, sample 1e-3, learning
rate .05, 100 dimensions) in turn, seed after seed; the ratio is that of the medians. One difference
is part of the speed: gensim draws 5 negatives for each pair of words, ours 5 for each word, shared
by its whole window (Ji et al. 2016). The torch engine shares 16 among a group of 16 words; its
quality has no target. Words are those of the vocabulary in the text, times the epochs; CPU seconds
are those of training alone, in all threads of the process. Quality on real text is Spearman's
correlation with WordSim-353 and SimLex-999 and the fraction of correct analogies; on text with 100
synthetic topics, the fraction of a word's 10 nearest by cosine that share its topic. A difference
is ours minus gensim's, of the means over nine seeds, since WordSim-353 of the documentation varies
by .03 from seed to seed for either program.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from gensim.models import Word2Vec

from benchmarks import report
from embeddings import EmbeddingSet, neighbors
from trainers.core import devices
from trainers.core.fit import fit
from trainers.data.corpus import Corpus, number_words, read_corpus
from trainers.word2vec.config import Algorithm, Engine, Word2VecConfig
from trainers.word2vec.data import read_documentation
from trainers.word2vec.metrics import evaluate
from trainers.word2vec.train import WordsTask

DIM, WINDOW, MIN_COUNT, NEGATIVES, SAMPLE, RATE = 100, 5, 5, 5, 1e-3, 0.05
TOPICS = 100
JUDGED = 1_000  # words whose neighbors are looked at, frequent and rare
ALGORITHMS: tuple[Algorithm, ...] = ("skip-gram", "cbow")
GENSIM = "gensim corpus_file"
TORCH_SEEDS = 3  # at most: it is slow, and its quality has no target

Quality = dict[str, float]
Vectors = tuple[Sequence[str], np.ndarray]


@dataclass(frozen=True)
class Text:
    """A corpus, how often it is read, and how vectors of it are judged."""

    corpus: Corpus
    epochs: int
    judge: Callable[[Vectors], Quality]


def main() -> None:
    """Measure and print."""
    parser = report.data_parser(__doc__)
    parser.add_argument("--texts", nargs="+", choices=TEXTS, default=list(TEXTS))
    parser.add_argument(
        "--engines", nargs="+", choices=("fast", "torch"), default=["fast", "torch"]
    )
    parser.add_argument("--seeds", type=int, default=9)
    options = parser.parse_args()
    folder = report.data(options, "2_corpus")
    started = report.hardware()
    results: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    shapes: list[str] = []
    for name in options.texts:
        report.say(f"reading {name}")
        text = TEXTS[name](folder)
        shapes.append(
            f"{name}, {len(text.corpus):,} words, vocabulary {len(text.corpus.words):,}, "
            f"{text.epochs} epochs"
        )
        for algorithm in ALGORITHMS:
            found = measured(name, text, algorithm, options.engines, options.seeds)
            results += found
            targets += promised(found)
    report.show(
        __doc__,
        started,
        {"source": "; ".join(shapes)},
        results,
        targets,
        ("gensim", "numba", "torch"),
    )


def planted(folder: Path) -> Text:
    """Return 2 million words of 100 topics: 7 in 10 of a sentence's 20 words are of its topic."""
    generator = np.random.default_rng(0)
    words, sentences, length = 20_000, 100_000, 20
    topic = generator.integers(TOPICS, size=words)
    weight = 1 / np.arange(1, words + 1)
    drawn = generator.choice(words, (sentences, length), p=weight / weight.sum())
    subject = generator.integers(TOPICS, size=sentences)
    of_topic = generator.random((sentences, length)) < 0.7
    for number in range(TOPICS):
        own = np.flatnonzero(topic == number)
        places = of_topic & (subject == number)[:, None]
        share = weight[own] / weight[own].sum()
        drawn[places] = generator.choice(own, places.sum(), p=share)
    lines = ([f"w{word}" for word in line] for line in drawn.tolist())
    corpus = number_words(lines, "planted topics", {}, MIN_COUNT)
    return Text(corpus, 1, lambda vectors: {"purity@10": purity(vectors, topic)})


def documentation(folder: Path) -> Text:
    """Return the documentation of the packages installed, in lower case."""
    corpus = read_documentation(MIN_COUNT, lowercase=True)
    return Text(corpus, 5, lambda vectors: judged(vectors, folder))


def wikitext(folder: Path) -> Text:
    """Return the validation and test parts of WikiText-2, in lower case."""
    with TemporaryDirectory() as place:
        for path in sorted(folder.glob("wikitext2_*.txt")):
            (Path(place) / path.name).symlink_to(path.resolve())
        corpus = read_corpus(Path(place), MIN_COUNT, lowercase=True)
    return Text(corpus, 5, lambda vectors: judged(vectors, folder))


TEXTS: dict[str, Callable[[Path], Text]] = {
    "planted": planted,
    "documentation": documentation,
    "wikitext": wikitext,
}


def measured(
    name: str, text: Text, algorithm: Algorithm, engines: Sequence[Engine], seeds: int
) -> list[dict[str, Any]]:
    """Train all contenders in turn; return a row of each: speed, ratio to gensim's, quality."""
    with TemporaryDirectory() as place:
        path = Path(place) / "text.txt"
        path.write_text("".join(f"{line}\n" for line in text.corpus.text()))
        warm_up(Path(place), algorithm, engines)
        runs: dict[str, list[tuple[float, Quality]]] = {
            GENSIM: [], **{f"ours, {engine}": [] for engine in engines},
        }  # fmt: skip
        for seed in range(seeds):
            for contender in runs:
                if contender == "ours, torch" and seed >= TORCH_SEEDS:
                    continue
                report.say(f"{name}, {algorithm}, {contender}, seed {seed}")
                if contender == GENSIM:
                    seconds, vectors = gensim(path, text.epochs, algorithm, seed)
                else:
                    engine: Any = contender.removeprefix("ours, ")
                    seconds, vectors = ours(text.corpus, text.epochs, algorithm, engine, seed,
                                            Path(place))  # fmt: skip
                speed = len(text.corpus) * text.epochs / seconds
                runs[contender].append((speed, text.judge(vectors)))
    peer = float(np.median([speed for speed, _ in runs[GENSIM]]))
    return [
        {
            "contender": contender, "text": name, "algorithm": algorithm, "seeds": len(done),
            "words / CPU s": round(float(np.median([speed for speed, _ in done]))),
            "this / gensim": round(float(np.median([speed for speed, _ in done])) / peer, 3),
            **{what: round(float(np.mean([quality[what] for _, quality in done])), 4)
               for what in done[0][1]},
        }
        for contender, done in runs.items()
    ]  # fmt: skip


def promised(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the targets of one text and algorithm."""
    peer, *others = rows
    quality = "purity@10" if "purity@10" in peer else "wordsim353"
    targets = []
    for row in others:
        what = f"{row['text']}, {row['algorithm']}, {row['contender']}"
        is_fast = row["contender"].endswith("fast")
        least = 1.4 if is_fast else 0.3
        speed = row["this / gensim"]
        targets.append(report.target(f"{what}: words / CPU s / gensim's", speed, at_least=least))
        if is_fast:
            less = row[quality] - peer[quality]
            targets.append(report.target(f"{what}: {quality} less gensim's", less, at_least=-0.02))
    return targets


def gensim(path: Path, epochs: int, algorithm: Algorithm, seed: int) -> tuple[float, Vectors]:
    """Train gensim; return CPU seconds and vectors."""
    model = Word2Vec(
        vector_size=DIM, window=WINDOW, min_count=MIN_COUNT, negative=NEGATIVES, sample=SAMPLE,
        alpha=RATE, sg=int(algorithm == "skip-gram"), epochs=epochs, workers=1, seed=seed + 1,
    )  # fmt: skip
    model.build_vocab(corpus_file=str(path))
    start = time.process_time()
    model.train(
        corpus_file=str(path),
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=epochs,
    )
    return time.process_time() - start, (model.wv.index_to_key, model.wv.vectors)


def ours(
    corpus: Corpus, epochs: int, algorithm: Algorithm, engine: Engine, seed: int, place: Path
) -> tuple[float, Vectors]:
    """Train ours, by the loop that the trainer runs; return CPU seconds and vectors."""
    config = Word2VecConfig(
        out=place / "words.embedding.parquet", dim=DIM, window=WINDOW, min_count=MIN_COUNT,
        negatives=NEGATIVES, sample=SAMPLE, learning_rate=RATE, algorithm=algorithm, engine=engine,
        epochs=epochs, seed=seed, threads=1, device="cpu", quiet=True,
    )  # fmt: skip
    fabric = devices.start(config)
    task = WordsTask(corpus, config)
    start = time.process_time()
    fit(task, config, fabric, {})
    seconds = time.process_time() - start
    return seconds, (corpus.words, task.module.inputs.detach().numpy())


def warm_up(place: Path, algorithm: Algorithm, engines: Sequence[Engine]) -> None:
    """Have everything imported and compiled."""
    lines = [["one", "two", "three"]] * 20
    path = place / "warm.txt"
    path.write_text("one two three\n" * 20)
    gensim(path, 1, algorithm, 0)
    for engine in engines:
        ours(number_words(lines, "warm", {}), 1, algorithm, engine, 0, place)


def judged(vectors: Vectors, folder: Path) -> Quality:
    """Return the correlations and the share of right analogies, by name of the file."""
    found = evaluate(*vectors, folder)
    return {
        name: measures["spearman" if "spearman" in measures else "accuracy"]
        for name, measures in found.items()
    }


def purity(vectors: Vectors, topic: np.ndarray) -> float:
    """Return the share of words' 10 nearest that are of their topic; word wN has topic[N]."""
    words, rows = vectors
    own = topic[[int(word[1:]) for word in words]]
    near = neighbors.query(EmbeddingSet.of(rows), list(range(0, len(words), len(words) // JUDGED)))
    asked = own[:: len(words) // JUDGED]
    return float((own[near.rows] == asked[:, None]).mean())


if __name__ == "__main__":
    main()
