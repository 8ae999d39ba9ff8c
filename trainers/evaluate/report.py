"""The results of a comparison: as a table, as JSON, and as a zip that rebuilds the pipeline."""

import json
import shutil
import zipfile
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from embeddings.cli.terminal import text_table
from embeddings.errors import EmbeddingError
from embeddings.files import save
from embeddings.files.atomic import atomic_path
from server.runs.contract import RESULT_PATTERN
from trainers.core import run_info
from trainers.core.result import part_path
from trainers.data.tables import Table
from trainers.entity.output import concatenated
from trainers.entity.train import EntityFit
from trainers.evaluate import rebuild
from trainers.evaluate.compare import Score
from trainers.evaluate.config import EvaluateConfig
from trainers.metrics.prediction import LOWER_IS_BETTER, METRICS


def as_text(table: Table, scores: list[Score]) -> str:
    """Return the results as a table of text: means over the folds, +- their standard errors."""
    metrics = [name for name in METRICS[table.task] if name in scores[0].values]
    lines = [["model", "features", *metrics, "columns", "MB", "features s", "model s"]]
    for score in scores:
        values = [f"{score.mean(name):.4g} +- {score.standard_error(name):.2g}" for name in metrics]
        sizes = [f"{score.columns:.0f}", f"{score.megabytes:.1f}"]
        times = [f"{score.feature_seconds:.1f}", f"{score.model_seconds:.1f}"]
        lines.append([score.model, score.features, *values, *sizes, *times])
    return text_table(lines)


def as_json(table: Table, scores: list[Score], config: EvaluateConfig) -> dict[str, Any]:
    """Return the results as JSON values; `best` maps each model to its best features."""
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
        "created": run_info.created(),
        "versions": run_info.libraries("scikit-learn", "torch", "numpy"),
    }


def best_of(scores: list[Score], metric: str) -> Score:
    """Return the score with the best mean of a metric."""
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
    """Learn entity embeddings from all rows; write them, the script, the table and the results.

    Parameters
    ----------
    path : the zip to write
    table : the data
    entities : learns the entity embeddings
    scores : of the comparison; they determine the model of the script
    results : the same as JSON
    files_too : also write the embedding files next to the zip

    Raises
    ------
    EmbeddingError
        no model ran with entity embeddings
    """
    target = table.target
    if table.task == "regression":
        target = (target - target.mean()) / (target.std() or 1.0)
    sets = entities(table.predictors, target)
    entity_scores = [score for score in scores if score.features == "entity"]
    if not entity_scores:
        raise EmbeddingError("no zip: the matrix of entity embeddings would be too large")
    best = best_of(entity_scores, METRICS[table.task][0])
    with TemporaryDirectory() as name:
        folder = Path(name)
        all_levels = Path("levels.embedding.parquet")
        files = {column: part_path(all_levels, column).name for column in sets}
        for column, level_set in sets.items():
            save(level_set, folder / files[column])
        save(concatenated(sets, table.name), folder / all_levels)
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
        libraries = run_info.libraries("numpy", "pandas", "pyarrow", "scikit-learn")
        lines = [f"{library}=={version}\n" for library, version in libraries.items()]
        (folder / "requirements.txt").write_text("".join(lines))
        with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name, zipfile.ZIP_DEFLATED)
        for file in folder.glob(RESULT_PATTERN) if files_too else ():
            with atomic_path(path.with_name(file.name)) as temporary:
                shutil.copyfile(file, temporary)


def target_column(table: Table) -> np.ndarray:
    """Return the target as it is written to the table: numbers or texts."""
    return table.target.astype(str) if table.task == "classification" else table.target
