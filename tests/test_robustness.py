"""docs/robustness.md names a test for each promise; every one of them exists."""

import re

import pytest

from tests.installed import ROOT

PAGE = (ROOT / "docs" / "robustness.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_each_promise_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    promises = [row for row in rows if row.rsplit("|", 2)[1].strip() != "test"]
    assert len(promises) > 30
    assert [row for row in promises if "::" not in row] == []
