"""python -m trainers evaluate TABLE --target COLUMN: which features of categories are best?

    python -m trainers evaluate adult.csv --target income --out comparison.zip
    python -m trainers evaluate

Entity embeddings, one-hot, label and target encoding, and the categories that trees handle natively
are compared by cross-validation under k-NN, a linear model (ridge or logistic regression) and
histogram gradient boosting. Whatever is learned from the target is refitted in each fold, on its
training rows only. Standard output has the table, and one JSON object as its last line.

With --run-dir, metrics.jsonl there reports the progress: `start` with the number of steps, `begin`
and `judged` for each fold, kind of features and model, `zip` when the zip is being written.

With --out a zip is written: rebuild.py, a script that rebuilds the pipeline of entity embeddings
and the model that was best with them; the embedding files; the table; the results.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from embeddings.cli.terminal import write
from embeddings.errors import EmbeddingError
from embeddings.text import split_names
from server.runs.contract import FEATURES, MODELS, STARTED, ZIP_STARTED
from trainers.core.console import print_progress
from trainers.core.log import RunLog
from trainers.data.tables import TableSpec, read
from trainers.entity.config import EntityConfig
from trainers.entity.train import EntityFit
from trainers.evaluate.compare import compare, models_for
from trainers.evaluate.config import EvaluateConfig
from trainers.evaluate.estimators import make_features
from trainers.evaluate.report import as_json, as_text, write_zip


def run(config: EvaluateConfig) -> dict[str, Any]:
    """Compare, print the table, write the zip if `--out` is given; return the results."""
    features = _names("features", config.features, tuple(FEATURES))
    models = _names("models", config.models, tuple(MODELS))
    if config.out is not None and "entity" not in features:
        raise EmbeddingError("--out writes entity embeddings; include entity in --features")
    table = read(config.data, TableSpec.of(config, config.seed))
    for note in table.notes:
        print_progress(note, config.quiet)
    if not table.categorical:
        raise EmbeddingError("no categorical column to compare features of; see --categorical")
    entities = EntityFit(table.categorical, table.task, entity_config(config))
    transformers = {name: make_features(name, table, entities, config.seed) for name in features}
    per_fold = sum(len(models_for(name, models)) for name in features)
    steps = config.folds * per_fold + (config.out is not None)
    started = time.perf_counter()
    # k-NN breaks ties by the number of threads. PyTorch's limit reaches scikit-learn's OpenMP or
    # not, depending on which library was loaded first.
    with event_log(config) as log_event, threadpool_limits(config.threads, user_api="openmp"):
        log_event(STARTED, 0, steps=steps, folds=config.folds, seconds=0)
        scores = compare(
            table,
            transformers,
            models,
            folds=config.folds,
            neighbors=config.neighbors,
            seed=config.seed,
            report=lambda line: print_progress(line, config.quiet),
            log_event=log_event,
        )
        if not scores:
            raise EmbeddingError("no model ran: all matrices would be too large; give fewer --rows")
        write(as_text(table, scores))
        results = as_json(table, scores, config)
        if config.out is not None:
            log_event(ZIP_STARTED, steps - 1, seconds=round(time.perf_counter() - started, 3))
            results["out"] = str(config.out)
            write_zip(config.out, table, entities, scores, results, config.files)
    return results


@contextmanager
def event_log(config: EvaluateConfig) -> Iterator[Callable[..., None]]:
    """Yield a function that writes events to metrics.jsonl in --run-dir, or does nothing."""
    if config.run_dir is None:
        yield lambda event, step, **values: None
        return
    config.run_dir.mkdir(parents=True, exist_ok=True)
    log = RunLog(config.run_dir)
    try:
        yield log.write
    finally:
        log.close()


def entity_config(config: EvaluateConfig) -> EntityConfig:
    """Return the settings of the entity embeddings; nothing is written to their `out`."""
    return EntityConfig(
        out=Path("levels.embedding.parquet"),
        dim=config.dim,
        epochs=config.epochs,
        max_steps=config.max_steps,
        learning_rate=config.learning_rate,
        seed=config.seed,
        device=config.device,
        threads=config.threads,
        quiet=True,
    )


def _names(flag: str, text: str, known: tuple[Any, ...]) -> list[Any]:
    """Return the names in a list, each once.

    Raises
    ------
    EmbeddingError
        a name is not among the known ones, or there is none
    """
    names = list(dict.fromkeys(split_names(text)))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise EmbeddingError(f"--{flag} {text}: expected some of {','.join(known)}")
    return names
