"""Output of the command line: one value per line, aligned tables, one line for an error."""

from embeddings import EmbeddingError
from embeddings.cli.terminal import print_error, print_result, text_table
from embeddings.settings import SettingError


def test_results_for_people_are_aligned(capsys):
    result = {
        "rows": 12345,
        "columns": [
            {"name": "year", "kind": "number", "missing": 0.25, "values": None},
            {"name": "id\n2", "kind": "text", "missing": 0, "values": 3000},
        ],
        "is_unit": True,
        "zero": [],
        "norms": {"min": 0.123456, "label": "a"},
        "first": (1, 2),
    }
    print_result(result, as_json=False)
    assert capsys.readouterr().out == (
        "rows     12,345\n"
        "is unit  yes\n"
        "zero     -\n"
        "first    1, 2\n"
        "columns\n"
        "  name  kind    missing  values\n"
        "  year  number     0.25       -\n"
        "  id 2  text          0   3,000\n"
        "norms\n"
        "  min    0.1235\n"
        "  label  a\n"
    )


def test_json_is_one_line(capsys):
    print_result([{"label": "ä"}], as_json=True)
    assert capsys.readouterr().out == '[{"label": "ä"}]\n'


def test_a_table_is_aligned():
    lines = [["row", "label"], ["1", "a"], ["10", "long label"]]
    assert text_table(lines) == "row  label\n1    a\n10   long label"
    assert text_table(lines, right=(True, False)) == "row  label\n  1  a\n 10  long label"


def test_an_error_is_one_line_that_names_the_flag(capsys):
    print_error(EmbeddingError("two\nlines"))
    print_error(SettingError("batch_size", 0, "a whole number of at least 1"))
    assert capsys.readouterr().err == (
        "error: two lines\nerror: --batch-size 0: expected a whole number of at least 1\n"
    )
