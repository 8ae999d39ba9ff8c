"""What every trainer on the loop promises, on a tiny config: add a line to TRAINERS_TRIED.

- A run that is stopped and continues writes the same bytes as one that never stopped.
- Two processes have the loss curve of one, to 1e-5.
- Same seed, same bytes.
- The mean loss over 200 steps and three seeds is the same in bf16 and in fp32, to 2 %.
"""

import io
import json
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import mean

import pytest
from PIL import Image

from trainers.__main__ import main
from trainers.core import session

ROOT = Path(__file__).parents[3]

TRAINERS_TRIED = {
    "two_tower": ["--data", "pairs.csv", "--dim", "8", "--batch-size", "16"],
    "transfer": ["--data", "surfaces.csv", "--dim", "8", "--batch-size", "16", "--shares", "100"],
    "entity": ["--data", "table.csv", "--target", "price", "--batch-size", "16"],
    "word2vec": ["--data", "text.txt", "--engine", "torch", "--dim", "8", "--sample", "0.1",
                 "--batch-size", "32"],
    "sentiment": ["--data", "reviews.txt", "--dim", "8", "--min-count", "1", "--batch-size", "6",
                  "--word-dropout", "0.2", "--pooling", "attention"],
    "image_text": ["--data", "images.zip", "--dim", "8", "--batch-size", "4", "--width", "4"],
    "bert": ["--data", "text.txt", "--dim", "16", "--heads", "2", "--batch-size", "8", "--block",
             "12", "--vocabulary", "60", "--dropout", "0", "--words", "w1,w2"],
    "interest": ["--data", "clicks.csv", "--dim", "8", "--batch-size", "8", "--negatives", "2"],
    "autoencoder": ["--data", "pixels.csv", "--dim", "3", "--width", "4", "--batch-size", "8"],
    "cnn": ["--data", "pixels.csv", "--dim", "4", "--width", "4", "--batch-size", "8",
            "--shift", "1"],
    "elmo": ["--data", "text.txt", "--dim", "8", "--batch-size", "32", "--dropout", "0",
             "--characters", "--softmax", "adaptive", "--words", "w1,w2"],
}  # fmt: skip
"""Trainer -> arguments of a run of a few seconds. Names of files are those of `files`; dropout must
be 0."""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder with tiny data for all trainers."""
    folder = tmp_path_factory.mktemp("promises")
    lines = [f"u{u},i{i}" for u in range(24) for i in range(20) if (u + i) % 3 == 0]
    (folder / "pairs.csv").write_text("user,item\n" + "\n".join(lines) + "\n")
    on = [f"{line},feed" for line in lines]
    on += [f"u{u},a{i},ad" for u in range(24) for i in range(8) if (u * i) % 3 == 1]
    (folder / "surfaces.csv").write_text("user,item,surface\n" + "\n".join(on) + "\n")
    rows = [f"c{i % 5},s{i % 3},{i % 7},{(i % 5) * 10 + i * 7919 % 101}.5" for i in range(180)]
    words = [" ".join(f"w{i * j % 13}" for j in range(i % 9 + 2)) for i in range(60)]
    (folder / "text.txt").write_text("\n".join(words) + "\n")
    reviews = [f"{line}\t{(i + i // 7) % 2}" for i, line in enumerate(words)]
    (folder / "reviews.txt").write_text("\n".join(reviews) + "\n")
    clicks = [f"u{u},w{d % 5} w{d}" for u in range(16) for d in range(20) if (u + d) % 3 == 0]
    (folder / "clicks.csv").write_text("user,document\n" + "\n".join(clicks) + "\n")
    images = [",".join(str((i % 3 + 1) * j * j % 17) for j in range(35)) for i in range(80)]
    (folder / "pixels.csv").write_text(
        "".join(f"{line},{i * i % 17},{i % 3}\n" for i, line in enumerate(images))
    )
    write_images(folder / "images.zip")
    (folder / "table.csv").write_text("city,size,age,price\n" + "\n".join(rows) + "\n")
    return folder


def write_images(path: Path) -> None:
    """Write tiny images with captions that distinguish only half of them."""
    rows = ["file,caption"]
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(40):
            content = io.BytesIO()
            level = 25 * (i % 10)
            Image.new("RGB", (8, 8), (level, 255 - level, i)).save(content, "PNG")
            archive.writestr(f"{i}.png", content.getvalue())
            first, second = sorted((f"w{i % 5}", "w5"), reverse=i % 10 > 4)
            rows.append(f"{i}.png,{first} {second}")
        archive.writestr("captions.csv", "\n".join(rows) + "\n")


@pytest.fixture(autouse=True)
def same_time(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def arguments(name: str, files: Path, run: str, *more: str) -> list[str]:
    tiny = [str(files / text) if "." in text and (files / text).is_file() else text
             for text in TRAINERS_TRIED[name]]  # fmt: skip
    out = str(files / f"{name}-{run}.embedding.parquet")
    return [name, *tiny, "--out", out, "--device", "cpu", "--threads", "1", "--quiet", *more]


def result(name: str, files: Path, run: str) -> bytes:
    return (files / f"{name}-{run}.embedding.parquet").read_bytes()


def lines(name: str, files: Path, run: str) -> list[dict]:
    log = files / f"{name}-{run}.run" / "metrics.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()]


def untimed(log: list[dict]) -> list[dict]:
    return [{key: line[key] for key in line if key != "seconds"} for line in log]


def losses(name: str, files: Path, run: str) -> list[float]:
    return [line["loss"] for line in lines(name, files, run) if "loss" in line]


def stop_at_step(monkeypatch, number: int, by: int) -> None:
    """Raise a signal during the step with this number, counted from 1 over all stages."""
    train_step, taken = session.train_step, []

    def stopped_train_step(*arguments):
        taken.append(1)
        if len(taken) == number:
            signal.raise_signal(by)
        return train_step(*arguments)

    monkeypatch.setattr(session, "train_step", stopped_train_step)


@pytest.mark.parametrize("name", TRAINERS_TRIED)
def test_a_run_that_continues_equals_one_that_never_stopped(name, files, monkeypatch):
    assert main(arguments(name, files, "whole", "--epochs", "3")) == 0
    stops = [(4, signal.SIGTERM), (7, signal.SIGINT), (11, signal.SIGTERM)]
    for number, by in stops:
        with monkeypatch.context() as patch:
            stop_at_step(patch, number, by)
            command = arguments(name, files, "parts", "--epochs", "3", "--resume", "auto")
            assert main(command) == 128 + by
    assert main(command) == 0
    assert result(name, files, "parts") == result(name, files, "whole")
    assert untimed(lines(name, files, "parts")) == untimed(lines(name, files, "whole"))
    assert main(command) == 0  # a finished run is finished
    assert result(name, files, "parts") == result(name, files, "whole")


KILLED = """
import os, signal, sys
from trainers.__main__ import main
from trainers.core import session

train_step, taken = session.train_step, []

def killed(*arguments):
    taken.append(1)
    if len(taken) == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    return train_step(*arguments)

session.train_step = killed
main(sys.argv[1:])
"""
"""Kills itself during the eleventh step."""


@pytest.mark.parametrize("name", ["two_tower", "word2vec"])
def test_a_run_that_was_killed_continues_as_if_it_had_not_been(name, files):
    assert main(arguments(name, files, "unharmed", "--epochs", "3")) == 0
    command = arguments(name, files, "killed", "--epochs", "3", "--resume", "auto")
    ended = subprocess.run([sys.executable, "-c", KILLED, *command], cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL
    assert main(command) == 0
    assert result(name, files, "killed") == result(name, files, "unharmed")
    assert untimed(lines(name, files, "killed")) == untimed(lines(name, files, "unharmed"))


FULL = """
import resource, sys
from trainers.__main__ import main

resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, resource.RLIM_INFINITY))
sys.exit(main(sys.argv[1:]))
"""
"""Trains on a disk that takes no file of more than 8 kB."""


def test_a_disk_that_is_full_is_one_line_and_the_run_can_go_on(files):
    name = "two_tower"
    command = arguments(name, files, "full", "--epochs", "3", "--resume", "auto")
    ended = subprocess.run(
        [sys.executable, "-c", FULL, *command], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in ended.stderr
    assert not (files / f"{name}-full.embedding.parquet").exists()
    assert main(command) == 0  # the disk has space again
    assert main(arguments(name, files, "roomy", "--epochs", "3")) == 0
    assert result(name, files, "full") == result(name, files, "roomy")


@pytest.mark.parametrize("name", TRAINERS_TRIED)
def test_same_seed_same_bytes(name, files):
    for run, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        assert main(arguments(name, files, run, "--max-steps", "5", "--seed", seed)) == 0
    a, b, c = (result(name, files, run) for run in ("a", "b", "c"))
    assert a == b != c


@pytest.fixture(scope="module")
def in_two_processes(files) -> None:
    """Train all, one after another, in two processes."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2",
               "--standalone", "-m", "tests.trainers.core.in_turn"]  # fmt: skip
    commands = [arguments(name, files, "two", "--max-steps", "12") for name in TRAINERS_TRIED]
    done = subprocess.run(
        [*command, json.dumps(commands)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    metrics = [json.loads(line) for line in done.stdout.splitlines()]  # by the first process alone
    assert len(metrics) == len(TRAINERS_TRIED) and all(each["steps"] > 1 for each in metrics)


@pytest.mark.parametrize("name", TRAINERS_TRIED)
def test_two_processes_have_the_loss_curve_of_one(name, files, in_two_processes):
    assert main(arguments(name, files, "one", "--max-steps", "12")) == 0
    one, two = losses(name, files, "one"), losses(name, files, "two")
    assert len(one) >= 6 and two == pytest.approx(one, abs=1e-5, rel=1e-5)


BF16_ROUNDING = 2**-9
"""Relative error of rounding a number to the 8 significant bits of bf16, at most."""


@pytest.mark.parametrize("name", TRAINERS_TRIED)
def test_bf16_is_close_to_fp32(name, files):
    """Allow for ten roundings in a row that all err in the same direction: 2 %.

    The first loss is that of the same weights. Later the two runs drift apart, as any two do whose
    sums are rounded differently, by a path that differs between processors. So no later step is
    compared with its counterpart, but the mean over all steps of several seeds, in which the
    roundings cancel. Weights that are themselves rounded to bf16 miss the bound by far.
    """
    limits = ("--max-steps", "200", "--epochs", "1000", "--patience", "0")
    curves: dict[str, list[float]] = {"fp32": [], "bf16": []}
    for seed in ("0", "1", "2"):
        first = []
        for precision, curve in curves.items():
            run = f"{precision}-{seed}"
            command = arguments(name, files, run, *limits, "--precision", precision, "--seed", seed)
            assert main(command) == 0
            first.append(losses(name, files, run)[0])
            curve += losses(name, files, run)
        assert first[1] == pytest.approx(first[0], rel=10 * BF16_ROUNDING)
    fp32, bf16 = curves.values()
    assert bf16 != fp32, "--precision has no effect"
    assert mean(bf16) == pytest.approx(mean(fp32), rel=10 * BF16_ROUNDING)
