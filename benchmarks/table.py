"""Make docs/benchmarks.md from benchmarks/results/*.json: `python -m benchmarks.table`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embeddings.files.atomic import atomic_path

Row = dict[str, Any]

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Made by `python -m benchmarks.table` from `benchmarks/results/*.json`; `make bench` measures anew.
All contenders of a question ran in one process tree, in turn, on the machine named.
"""


def main() -> None:
    """Write the page."""
    documents = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    PAGE.parent.mkdir(exist_ok=True)
    with atomic_path(PAGE) as temporary:
        temporary.write_text("\n".join([HEAD, *map(section, documents)]))


def section(document: Row) -> str:
    """Return one question: what was run on what, the results, and the targets."""
    hardware = document["hardware"]
    versions = ", ".join(f"{name} {number}" for name, number in document["versions"].items())
    facts = (
        f"{document['date']}, {hardware['cores']} cores of {hardware['cpu']}, "
        f"{hardware['memory_gib']} GiB, load {hardware['load_at_start']} at the start; {versions}. "
        f"Data: {document['data']['source']}."
    )
    parts = [f"## {document['question']}", facts, *map(table, tables(document["results"]))]
    if document["targets"]:
        parts.append(table([bounded(target) for target in document["targets"]]))
    return "\n\n".join(parts) + "\n"


def tables(rows: Sequence[Row]) -> list[list[Row]]:
    """Begin a new table at each row with a column that the present one's first row lacks."""
    found: list[list[Row]] = []
    for row in rows:
        if not found or not row.keys() <= found[-1][0].keys():
            found.append([])
        found[-1].append(row)
    return found


def bounded(target: Row) -> Row:
    """Return a target with its bound in words."""
    words = {"at_most": "at most", "at_least": "at least"}
    bound = [f"{words[key]} {cell(target[key])}" for key in words if key in target]
    shown = {"target": target["target"], "bound": ", ".join(bound)}
    met = "yes" if target["met"] else "**no**"
    return {**shown, "measured": target["measured"], "met": met}


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table with the columns of the first; quartiles are in the JSON."""
    columns = [name for name in rows[0] if not name.endswith((" p25", " p75"))]
    lines = [columns, ["---"] * len(columns)]
    lines += [[cell(row.get(column, "")) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: Any) -> str:
    """Write one value: thousands grouped, few digits; nothing where none was measured."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value).replace("|", "\\|")


if __name__ == "__main__":
    main()
