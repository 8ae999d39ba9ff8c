"""The result of a comparison as a plot, in sentences and as a table, and its files."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from embeddings import EmbeddingError, gallery
from pages.common.formatting import duration, error_box, plain
from pages.common.sources import Source
from pages.evaluate.comparison import Comparison, sentences
from pages.evaluate.plot import dot_plot
from pages.evaluate.run_control import ZIP
from pages.evaluate.running import draw_delete, show_log
from pages.explore import opening
from server.runs.contract import FEATURES, METRICS, MODELS, MetricName
from server.runs.records import RunRecord, RunStatus

ENDING = ".embedding.parquet"


def show(run: RunRecord, status: RunStatus) -> None:
    """Show the result of a run that is done."""
    try:
        comparison = Comparison.of(status.metrics)
    except EmbeddingError as error:
        error_box(str(error))
        draw_delete(run)
        show_log(run)
        return
    _status_bar(run, status, comparison)
    _draw(comparison, run.id)
    show_log(run)


def show_built_in() -> None:
    """Show the result of the comparison of the built-in table, which comes with the app."""
    results = _built_in()
    comparison = Comparison.of(results)
    made = datetime.fromisoformat(results["created"])
    library = f"scikit-learn {results['versions']['scikit-learn']}"
    with st.container(key="status_bar", horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**Built-in result** of {made.day} {made:%B %Y}, with {library} · "
            + plain(_described(comparison)),
            width="stretch",
        )
    _draw(comparison, "built-in")
    st.caption(f"Made by `{gallery.COMPARISON_COMMAND}`. Compare, on the left, runs it again.")


@st.cache_data(max_entries=1, show_spinner=False)
def _built_in() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(gallery.COMPARISON.read_text())
    return found


def _draw(comparison: Comparison, name: str) -> None:
    """Draw the plot, the findings and the table of scores; `name` is part of the widgets' keys."""
    metric = st.segmented_control(
        "Metric",
        list(comparison.better),
        format_func=METRICS.__getitem__,
        default=next(iter(comparison.better)),
        key=f"metric {name}",
        required=True,
        label_visibility="collapsed",
    )
    plot, words = st.columns([0.54, 0.46], gap="medium")
    with plot:
        st.plotly_chart(
            dot_plot(comparison, metric),
            config={"displayModeBar": False, "scrollZoom": False},
            key=f"plot {name}",
            alt=f"{METRICS[metric]} of each kind of features under each model; the table below "
            "has the numbers",
        )
    with words, st.container(key="findings"):
        st.markdown("\n".join(f"- {plain(line)}" for line in sentences(comparison, metric)))
        st.caption(
            f"± is the standard error over {comparison.folds} folds. Too close to call means that "
            "the difference over the folds is at most two of its standard errors."
        )
        for note in comparison.notes:
            st.caption(plain(note))
    with st.container(key="scores"):
        st.table(score_table(comparison, metric), border="horizontal")


def _status_bar(run: RunRecord, status: RunStatus, comparison: Comparison) -> None:
    """Describe the comparison in one line; draw the buttons for its files."""
    text = f"{_described(comparison)} · {duration(status.seconds)}"
    with st.container(key="status_bar", horizontal=True, vertical_alignment="center"):
        st.markdown(plain(text), width="stretch")
        if status.results:
            _file_buttons(run, status.results)
        draw_delete(run)


def _described(comparison: Comparison) -> str:
    """Return what was compared, as a line of text."""
    levels = [f"{name} ({count:,})" for name, count in comparison.categorical.items()]
    predictors = ", ".join([*levels, *comparison.numeric])
    return (
        f"{comparison.rows:,} rows · {comparison.target} from {predictors} · "
        f"{comparison.folds} folds"
    )


def _file_buttons(run: RunRecord, results: Sequence[Path]) -> None:
    """Draw the buttons that open the embedding files and download the zip."""
    together, *single = [path.name for path in results]
    st.button(
        "Open in Explore",
        icon=":material/scatter_plot:",
        key="open_result",
        help="Levels of all columns; distances are meaningful within one column only",
        on_click=opening.request,
        args=(_key(run, together),),
    )
    with st.popover("One column"):
        for name in single:
            column = name.removesuffix(ENDING).partition(".")[2]
            st.button(plain(column), key=f"open {name}", width="stretch",
                      on_click=opening.request, args=(_key(run, name),))  # fmt: skip
    st.download_button(
        "Zip",
        data=(run.folder / ZIP).read_bytes,
        file_name=f"{run.data.partition('.')[0]}-{ZIP}",
        mime="application/zip",
        icon=":material/download:",
        type="primary",
        key="download_zip",
        on_click="ignore",
        help="A script that rebuilds the pipeline with scikit-learn, the embedding files, the "
        "table, the results; no pickle",
    )


def _key(run: RunRecord, name: str) -> str:
    """Return the key of an embedding file of a run."""
    return Source("run", f"{run.id}/{name}").key


def score_table(comparison: Comparison, metric: MetricName) -> pd.DataFrame:
    """Return a row for each kind of features: the metric under each model, the best in bold."""
    best = {model: comparison.under(model, metric)[0] for model in comparison.models}
    lines = []
    for name in comparison.features:
        scores = {model: comparison.found(name, model) for model in comparison.models}
        present = [each for each in scores.values() if each is not None]
        cells = {
            MODELS[model]: "–" if each is None
            else f"**{each.text(metric)}** ★" if each is best[model] else each.text(metric)
            for model, each in scores.items()
        }  # fmt: skip
        lines.append(
            {
                "": FEATURES[name],
                **cells,
                "Columns": f"{present[0].columns:,.0f}",
                "Matrix (MB)": f"{present[0].megabytes:,.1f}",
                "Features (s)": f"{present[0].feature_seconds:,.1f}",
                "Models (s)": f"{sum(each.model_seconds for each in present):,.1f}",
            }
        )
    return pd.DataFrame(lines).set_index("")
