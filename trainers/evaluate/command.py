"""python -m trainers evaluate TABLE --target COLUMN: which features of categories serve best?

    python -m trainers evaluate adult.csv --target income --out comparison.zip
    python -m trainers evaluate

Entity embeddings, one-hot, label and target encoding, and the categories that trees take natively
are compared under k-NN, a linear model (ridge or logistic regression) and histogram gradient
boosting by cross-validation. Whatever is learned from a target is learned anew in each fold, from
its training rows alone. Standard output has the table, and one JSON object as its last line.

With --run-dir, metrics.jsonl there tells how far the comparison is: `start` with the number of
steps, `begin` and `judged` of each fold, features and model, `zip` when the zip is made.

With --out a zip is written: rebuild.py, a script that rebuilds the pipeline of entity embeddings
and the model that did best with them; the embedding files; the table; the results.
"""

import json
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import numpy as np

from embeddings.errors import EmbeddingError
from embeddings.files import save
from embeddings.files.atomic import atomic_path
from trainers.core import provenance
from trainers.core.log import RunLog
from trainers.core.progress import say
from trainers.core.text_table import aligned
from trainers.data.table_files import split_names
from trainers.data.tables import Choice, Table, read
from trainers.entity.config import EntityConfig
from trainers.entity.output import column_path, joined
from trainers.entity.train import EntityFit
from trainers.evaluate import rebuild
from trainers.evaluate.comparison import Score, compare, models_of
from trainers.evaluate.config import EvaluateConfig
from trainers.evaluate.encodings import FeatureName, ModelName, feature_maker
from trainers.metrics.prediction import LOWER_IS_BETTER, METRICS


def run(config: EvaluateConfig) -> dict[str, Any]:
    """Compare, print the table, write the zip if asked for; return the results."""
    features = _chosen("features", config.features, get_args(FeatureName))
    models = _chosen("models", config.models, get_args(ModelName))
    if config.out is not None and "entity" not in features:
        raise EmbeddingError("--out holds entity embeddings; have entity among --features")
    table = read(config.data, Choice.of(config, config.seed))
    for note in table.notes:
        say(note, config.quiet)
    if not table.categorical:
        raise EmbeddingError("no categorical column to compare features of; see --categorical")
    entities = EntityFit(table.categorical, table.task, entity_config(config))
    makers = {name: feature_maker(name, table, entities, config.seed) for name in features}
    each_fold = sum(len(models_of(name, models)) for name in features)
    steps = config.folds * each_fold + (config.out is not None)
    started = time.perf_counter()
    with log_of(config) as noted:
        noted("start", 0, steps=steps, folds=config.folds, seconds=0)
        scores = compare(
            table,
            makers,
            models,
            folds=config.folds,
            neighbors=config.neighbors,
            seed=config.seed,
            said=lambda line: say(line, config.quiet),
            noted=noted,
        )
        if not scores:
            raise EmbeddingError("no model ran: all matrices would be too large; give fewer --rows")
        print(as_text(table, scores))  # noqa: T201
        results = as_json(table, scores, config)
        if config.out is not None:
            noted("zip", steps - 1, seconds=round(time.perf_counter() - started, 3))
            results["out"] = str(config.out)
            write_zip(config.out, table, entities, scores, results, config.files)
    return results


@contextmanager
def log_of(config: EvaluateConfig) -> Iterator[Callable[..., None]]:
    """Yield what writes events to metrics.jsonl in the folder of the run, if it is to have one."""
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
    """Return the settings of the entity embeddings that are compared; nothing is written to out."""
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


def as_text(table: Table, scores: list[Score]) -> str:
    """Return the results as a table to read: mean over the folds, +- its standard error."""
    metrics = [name for name in METRICS[table.task] if name in scores[0].values]
    lines = [["model", "features", *metrics, "columns", "MB", "features s", "model s"]]
    for score in scores:
        values = [f"{score.mean(name):.4g} +- {score.standard_error(name):.2g}" for name in metrics]
        sizes = [f"{score.columns:.0f}", f"{score.megabytes:.1f}"]
        times = [f"{score.feature_seconds:.1f}", f"{score.model_seconds:.1f}"]
        lines.append([score.model, score.features, *values, *sizes, *times])
    return aligned(lines)


def as_json(table: Table, scores: list[Score], config: EvaluateConfig) -> dict[str, Any]:
    """Return the results as JSON values; `best` is the best features of each model."""
    metric = METRICS[table.task][0]
    results = []
    for score in scores:
        means = {name: score.mean(name) for name in score.values}
        errors = {f"{name} standard error": score.standard_error(name) for name in score.values}
        flat = {name: value for name, value in asdict(score).items() if name != "values"}
        rounded = {name: round(value, 3) for name, value in flat.items() if type(value) is float}
        results.append({**flat, **rounded, **means, **errors, "folds": score.values})
    models = dict.fromkeys(score.model for score in scores)
    best = {model: best_of([s for s in scores if s.model == model], metric) for model in models}
    return {
        "table": table.name,
        "source": table.source,
        "rows": len(table),
        "target": table.target_name,
        "task": table.task,
        "metric": metric,
        "better": {
            name: "lower" if name in LOWER_IS_BETTER else "higher"
            for name in METRICS[table.task]
            if name in scores[0].values
        },
        "categorical": {name: table.predictors[name].nunique() for name in table.categorical},
        "numeric": list(table.numeric),
        "folds": config.folds,
        "neighbors": config.neighbors,
        "seed": config.seed,
        "best": {model: score.features for model, score in best.items()},
        "results": results,
        "notes": list(table.notes),
        "versions": provenance.libraries("scikit-learn", "torch", "numpy"),
    }


def best_of(scores: list[Score], metric: str) -> Score:
    """Return the one with the best mean of a metric."""
    sign = 1 if metric in LOWER_IS_BETTER else -1
    return min(scores, key=lambda score: sign * score.mean(metric))


def write_zip(
    path: Path,
    table: Table,
    entities: EntityFit,
    scores: list[Score],
    results: dict[str, Any],
    files_too: bool = False,
) -> None:
    """Learn entity embeddings from all rows; write them with script, table and results.

    files_too : write the embedding files beside the zip as well
    """
    target = table.target
    if table.task == "regression":
        target = (target - target.mean()) / (target.std() or 1.0)
    sets = entities(table.predictors, target)
    of_entities = [score for score in scores if score.features == "entity"]
    if not of_entities:
        raise EmbeddingError("no zip: the matrix of entity embeddings would be too large")
    best = best_of(of_entities, METRICS[table.task][0])
    with TemporaryDirectory() as name:
        folder = Path(name)
        together = Path("levels.embedding.parquet")
        files = {column: column_path(together, column).name for column in sets}
        for column, each in sets.items():
            save(each, folder / files[column])
        save(joined(sets, table.name), folder / together)
        rows = table.predictors.assign(**{table.target_name: target_column(table)})
        rows.to_parquet(folder / "table.parquet", index=False)
        pipeline = {
            "target": table.target_name,
            "task": table.task,
            "files": files,
            "numeric": list(table.numeric),
            "model": best.model,
            "neighbors": results["neighbors"],
            "seed": results["seed"],
        }
        (folder / "pipeline.json").write_text(json.dumps(pipeline, indent=2))
        (folder / "results.json").write_text(json.dumps(results, indent=2))
        (folder / "rebuild.py").write_text(Path(rebuild.__file__).read_text())
        libraries = provenance.libraries("numpy", "pandas", "pyarrow", "scikit-learn")
        lines = [f"{library}=={version}\n" for library, version in libraries.items()]
        (folder / "requirements.txt").write_text("".join(lines))
        with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name, zipfile.ZIP_DEFLATED)
        for file in folder.glob("*.embedding.parquet") if files_too else ():
            with atomic_path(path.with_name(file.name)) as temporary:
                shutil.copyfile(file, temporary)


def target_column(table: Table) -> np.ndarray:
    """Return the target as it is written: numbers, or texts."""
    return table.target.astype(str) if table.task == "classification" else table.target


def _chosen(what: str, text: str, known: tuple[Any, ...]) -> list[Any]:
    """Return the names in a list, each once; raise EmbeddingError for one that is not known."""
    names = list(dict.fromkeys(split_names(text)))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise EmbeddingError(f"--{what} {text}: expected some of {','.join(known)}")
    return names
