"""Run benchmarks one after the other, save their output, and rebuild docs/benchmarks.md.

python -m benchmarks [NAME ...] [options of the benchmark]
"""

import subprocess
import sys

from benchmarks import table
from embeddings.files.atomic import atomic_path

FOLDERS = {
    "library": ("neighbors", "layouts", "tsne", "umap", "load", "save_h5ad"),
    "app": ("click", "actions", "server_click", "server_table", "open_file", "restart"),
    "trainers": (
        "entity", "two_tower", "transfer", "sentiment", "word2vec", "interest", "search",
        "image_text", "elmo", "bert", "visual",
    ),
}  # fmt: skip
"""Scripts by folder, in the order in which they run."""

MODULES = {
    name: f"benchmarks.{folder}.{name}" for folder, names in FOLDERS.items() for name in names
}


def main() -> int:
    """Run the benchmarks named on the command line, or all; pass the options on to each."""
    arguments = sys.argv[1:]
    split = next((i for i, text in enumerate(arguments) if text.startswith("-")), len(arguments))
    names, options = arguments[:split] or list(MODULES), arguments[split:]
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        print(f"error: no benchmark {unknown[0]!r}; expected {', '.join(MODULES)}", file=sys.stderr)
        return 2
    if {"-h", "--help"} & set(options):
        print(f"{__doc__}\nBenchmarks: {', '.join(MODULES)}")
        return subprocess.run([*_command(names[0]), "--help"]).returncode if split else 0
    failed = [name for name in names if not _run(name, options)]
    table.main()
    if failed:
        print(f"error: {', '.join(failed)} failed; see above", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, options: list[str]) -> bool:
    """Run one benchmark and save its output; return True if it succeeded."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    finished = subprocess.run([*_command(name), *options], stdout=subprocess.PIPE, text=True)
    if finished.returncode == 0:
        with atomic_path(table.RESULTS / f"{name}.json") as temporary:
            temporary.write_text(finished.stdout)
    return finished.returncode == 0


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", MODULES[name]]


if __name__ == "__main__":
    sys.exit(main())
