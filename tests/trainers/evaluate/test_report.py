"""The zip rebuilds the pipeline and contains no pickles."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from embeddings.features import EmbeddingEncoder
from trainers.__main__ import main
from trainers.data.tables import TableSpec, read


@pytest.mark.parametrize("target", ["sold", "much"])
def test_the_zip_rebuilds_the_pipeline(file, tmp_path, capsys, target):
    out = tmp_path / "comparison.zip"
    assert main(["evaluate", str(file), "--target", target, "--columns", "shop,day,noise",
                 "--features", "entity,label", "--folds", "2", "--models", "knn,linear",
                 "--epochs", "3", "--out", str(out), "--quiet"]) == 0  # fmt: skip
    output = capsys.readouterr()
    printed = output.out.splitlines()
    results = json.loads(printed[-1])
    assert printed[0].split()[:2] == ["model", "features"] and len(printed) == 1 + 4 + 1
    assert output.err == "" and results["best"]["knn"] == "entity" and results["rows"] == 900
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(out) as archive:
        archive.extractall(folder)
    assert not [path for path in folder.iterdir() if path.suffix in (".pkl", ".pickle", ".joblib")]
    assert json.loads((folder / "results.json").read_text())["results"] == results["results"]

    command = [sys.executable, "-I", str(folder / "rebuild.py"), "--out", str(tmp_path / "p.csv")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rebuilt = pd.read_csv(tmp_path / "p.csv")[target]
    table = read(file, TableSpec(target=target, columns=("shop", "day", "noise")))
    if target == "much":
        assert np.mean(rebuilt == table.target) > 0.8
    else:
        assert np.sqrt(np.mean((rebuilt - table.target) ** 2)) < 0.6 * table.target.std()

    sys.path.insert(0, str(folder))
    try:
        import rebuild
    finally:
        sys.path.pop(0)
    columns = table.predictors[["shop", "day"]].copy()
    columns.loc[:3, "shop"] = "a new shop"
    files = {name: str(folder / f"levels.{name}.embedding.parquet") for name in columns}
    np.testing.assert_array_equal(
        rebuild.LevelVectors(files).fit(columns).transform(columns),
        EmbeddingEncoder(files).fit_transform(columns),
    )
    sys.modules.pop("rebuild")

    new = file.with_name("new.csv")
    pd.read_csv(file).head(5).to_csv(new, index=False)
    done = subprocess.run([*command, str(new)], cwd=tmp_path, capture_output=True, text=True)
    assert json.loads(done.stdout)["rows"] == 5
