"""What a person reads: one value a line, tables aligned, nothing left blank."""

from embeddings.terminal import print_result


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
