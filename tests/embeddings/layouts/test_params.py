"""Parameters of the layout methods: defaults, bounds, descriptions."""

from dataclasses import FrozenInstanceError, asdict

import pytest

from embeddings import EmbeddingError
from embeddings.layouts import METHODS, TsneParams, UmapParams
from embeddings.layouts.params import thread_count
from embeddings.settings import describe


def test_every_parameter_has_a_label_and_a_help_text():
    for method in METHODS.values():
        for field in describe(method.params):
            assert field.label and len(field.help) > 10, field.name


def test_defaults_equal_the_libraries():
    assert asdict(TsneParams()) == {
        "perplexity": 30.0,
        "early_exaggeration": 12.0,
        "exaggeration": 1.0,
        "learning_rate": "auto",
        "iterations": 500,
        "threads": "reproducible",
    }
    assert asdict(UmapParams()) == {
        "metric": "auto",
        "n_neighbors": 15,
        "min_dist": 0.1,
        "spread": 1.0,
        "epochs": None,
        "threads": "reproducible",
    }


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (TsneParams, {"perplexity": 1}, "perplexity = 1; expected a number above 1"),
        (TsneParams, {"perplexity": "many"}, "perplexity = 'many'; expected a number above 1"),
        (TsneParams, {"perplexity": float("nan")}, "perplexity = nan; expected"),
        (TsneParams, {"perplexity": float("inf")}, "perplexity = inf; expected"),
        (TsneParams, {"exaggeration": 0.5}, "exaggeration = 0.5; expected a number of at least 1"),
        (TsneParams, {"early_exaggeration": True}, "early_exaggeration = True; expected"),
        (TsneParams, {"learning_rate": 0}, "expected auto or a number above 0"),
        (TsneParams, {"learning_rate": "fast"}, "expected auto or a number above 0"),
        (TsneParams, {"iterations": 0}, "iterations = 0; expected a whole number of at least 1"),
        (TsneParams, {"iterations": 10**12}, "whole number of at least 1 and at most 10,000"),
        (UmapParams, {"epochs": 10**12}, "whole number of at least 1 and at most 10,000"),
        (TsneParams, {"iterations": 10.5}, "iterations = 10.5; expected a whole number"),
        (TsneParams, {"threads": 0}, "threads = 0; expected reproducible, fast or a whole number"),
        (TsneParams, {"threads": "all"}, "threads = 'all'; expected reproducible, fast"),
        (UmapParams, {"n_neighbors": 1}, "n_neighbors = 1; expected a whole number of at least 2"),
        (UmapParams, {"min_dist": -0.1}, "min_dist = -0.1; expected a number of at least 0"),
        (UmapParams, {"min_dist": 2}, "min_dist = 2.0; expected at most the spread, 1.0"),
        (UmapParams, {"spread": 0}, "spread = 0; expected a number above 0"),
        (UmapParams, {"epochs": 0}, "epochs = 0; expected a whole number of at least 1"),
    ],
)
def test_a_value_out_of_bounds_is_refused(kind, values, message):
    with pytest.raises(EmbeddingError, match=message):
        kind(**values)


def test_equal_values_are_equal_parameters():
    assert asdict(TsneParams(perplexity=20)) == asdict(TsneParams(perplexity=20.0))
    assert str(asdict(TsneParams(perplexity=20))) == str(asdict(TsneParams(perplexity=20.0)))


def test_threads_are_counted():
    assert thread_count("reproducible") == thread_count("fast") >= 1
    assert thread_count(3) == 3


def test_parameters_are_frozen():
    with pytest.raises(FrozenInstanceError):
        TsneParams().perplexity = 5  # type: ignore[misc]


def test_neighbors_read_from_the_graph():
    assert TsneParams(perplexity=33).graph_neighbors == 66
    assert UmapParams(n_neighbors=15).graph_neighbors == 14  # umap counts the point itself
    assert METHODS["pca"].params().graph_neighbors == 0
    assert METHODS["precomputed"].params().graph_neighbors == 0
