"""What the map shows while jobs run, and which of them are started, joined and cancelled."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from components import Blobs, Colors, PointStyle, category_colors, one_color
from embeddings import EmbeddingSet, layouts
from embeddings.analysis.clusters import NOISE, Clusters
from embeddings.cache import Cache
from embeddings.filters import Filter, IsMissing
from embeddings.layouts import Layout, LayoutSpec
from embeddings.neighbors import Neighbors
from pages.common import services
from pages.explore import layout_controls, view
from pages.explore.colors import map_colors
from pages.explore.colors.color_controls import NAMED
from pages.explore.history import History
from pages.explore.layers import ActiveSet
from pages.explore.layout_controls import DisplayedLayout, displayed_layout
from pages.explore.new_points.placing import Placing
from pages.explore.subsets.active_filter import Matching
from pages.explore.table.table_rows import TableRows
from pages.explore.view import ViewState
from server.jobs.status import JobStatus

ROWS = 60
SET = EmbeddingSet.of(np.random.default_rng(0).normal(size=(ROWS, 5)))
PCA, UMAP = LayoutSpec("pca", 2), LayoutSpec("umap", 2)


class SessionState(dict[str, Any]):
    """A session's state, whose items are its attributes."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


class Server:
    """The server as the session "me" sees it: some jobs, and what is done to them."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobStatus] = {}
        self.started: list[str] = []
        self.cancelled: list[str] = []

    def start(self, embedding_set: EmbeddingSet, spec: LayoutSpec) -> JobStatus:
        self.started.append(spec.method)
        return JobStatus(layout_controls.job_key(embedding_set, spec), clients=frozenset({"me"}))

    def put(self, key: str, state: Any, *clients: str, **changes: Any) -> None:
        self.jobs[key] = JobStatus(key, state, frozenset(clients), **changes)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    made, cache = Server(), Cache(tmp_path)
    blobs = Blobs(cache)
    monkeypatch.setattr(services, "pool", lambda: SimpleNamespace(status=made.jobs.get))
    monkeypatch.setattr(services, "cache", lambda: cache)
    monkeypatch.setattr(services, "blobs", lambda: blobs)
    monkeypatch.setattr(services, "session_id", lambda: "me")
    monkeypatch.setattr(services, "cancel", made.cancelled.append)
    monkeypatch.setattr(layout_controls, "start", made.start)
    monkeypatch.setattr(layout_controls.st, "session_state", SessionState())
    return made


def test_pca_is_computed_at_once_and_its_quality_by_a_job(server: Server) -> None:
    shown = displayed_layout(SET, PCA)
    assert shown.is_requested and shown.layout.method == "pca" and not shown.layout.quality
    assert shown.job is not None and server.started == ["pca"]


def test_the_quality_of_a_large_set_is_not_measured_by_itself(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout_controls, "MEASURED_ROWS", ROWS - 1)
    shown = displayed_layout(SET, PCA)
    assert shown.is_requested and shown.job is None and server.started == []


def test_pca_is_shown_for_a_layout_that_nobody_has_computed(server: Server) -> None:
    shown = displayed_layout(SET, UMAP)
    assert not shown.is_requested and shown.layout.method == "pca"
    assert shown.job is None and server.started == []


@pytest.mark.parametrize(
    ("state", "clients", "started", "is_shown"),
    [
        ("running", ["me", "other"], [], True),
        ("running", ["other"], ["umap"], True),
        ("failed", ["other"], [], False),
        ("cancelled", [], [], False),
    ],
)
def test_a_job_that_runs_for_others_is_joined(
    server: Server, state: str, clients: list[str], started: list[str], is_shown: bool
) -> None:
    key = layout_controls.job_key(SET, UMAP)
    server.put(key, state, *clients, error="out of memory" if state == "failed" else "")
    shown = displayed_layout(SET, UMAP)
    assert server.started == started
    assert (shown.job is not None) == is_shown
    assert shown.error == ("out of memory" if state == "failed" else "")


def test_a_layout_is_read_from_disk_only_when_its_job_may_have_changed_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    load_cached = layouts.load_cached

    def counted(embedding_set: EmbeddingSet, spec: LayoutSpec, **options: Any) -> Layout | None:
        read.append(spec.method)
        return load_cached(embedding_set, spec, **options)

    monkeypatch.setattr(layouts, "load_cached", counted)
    layouts.compute(SET, PCA, cache=services.cache(), with_quality=False)
    key = layout_controls.job_key(SET, PCA)
    server.put(key, "running", "me")
    for _ in range(3):
        assert not displayed_layout(SET, PCA).layout.quality
    assert len(read) == 1
    layouts.compute(SET, PCA, cache=services.cache())  # measures its quality
    server.put(key, "done", "me")
    for _ in range(3):
        assert displayed_layout(SET, PCA).layout.quality
    assert len(read) == 2
    server.jobs.clear()  # the server was restarted
    assert displayed_layout(SET, PCA).layout.quality
    assert len(read) == 2


DISPLAYED = DisplayedLayout(
    Layout(np.zeros((ROWS, 2), np.float32), "pca"), "layout", True, None, ""
)


def test_clusters_that_nobody_waits_for_any_more_are_cancelled(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def once(key: str, *_: Any) -> JobStatus:
        server.put(key, "running", "me")
        return server.jobs[key]

    monkeypatch.setattr(services, "once", once)
    colored = [
        map_colors._cluster_colors(ActiveSet("source", SET), DISPLAYED, granularity)
        for granularity in (0.1, 0.1, 0.2)
    ]
    first, same, second = (each.job.key for each in colored if each.job is not None)
    assert first == same != second
    assert server.cancelled == [first]
    server.put(second, "done", "me")
    map_colors._cluster_colors(ActiveSet("source", SET), DISPLAYED, 0.3)
    assert server.cancelled == [first]  # what has ended need not be cancelled


def test_clusters_that_could_not_be_found_say_why(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = JobStatus("clusters", "failed", error="too few points")
    monkeypatch.setattr(services, "once", lambda *_: failed)
    colored = map_colors._cluster_colors(ActiveSet("source", SET), DISPLAYED, 0.5)
    assert colored.note == "too few points"
    assert colored.colors.message["names"] == ["clusters"]


def found(count: int, noise: int) -> Clusters:
    labels = np.repeat(np.arange(-1, count), [noise] + [3] * count).astype(np.int32)
    central = np.array([[noise + 3 * i] * 3 for i in range(count)], np.int32)
    return Clusters(labels, count, (3,) * count, noise / len(labels), 0.5, 3, central)


def named(clusters: Clusters) -> tuple[EmbeddingSet, Layout]:
    """Return a set with a word for each cluster, and its layout."""
    coordinates = np.column_stack([clusters.labels, np.arange(len(clusters.labels)) % 3])
    words = ["".join(chr(ord("h") + int(digit)) for digit in f"{each + 1:03d}")
             for each in clusters.labels]  # fmt: skip
    labels = [f"{word} {row}" for row, word in enumerate(words)]
    layout = Layout(coordinates.astype(np.float32), "pca")
    return EmbeddingSet.of(coordinates, labels, metric="euclidean"), layout


def test_clusters_are_named_on_the_map_finer_ones_once_they_are_found(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse, fine = found(2, noise=4), found(5, noise=4)
    coarse_labels = np.array([-1, 0, 0, 0, 1, 1])[fine.labels + 1].astype(np.int32)
    coarse = replace(coarse, labels=coarse_labels, sizes=(9, 6))
    results = {"clusters": coarse, "finer": (fine,)}
    state = {"clusters": "done", "finer": "running"}

    def once(key: str, *_: Any) -> JobStatus:
        kind = key.partition("-")[0]
        return JobStatus(key, state[kind], frozenset({"me"}), result=results[kind])  # type: ignore[arg-type]

    monkeypatch.setattr(services, "once", once)
    embedding_set, layout = named(fine)
    displayed = replace(DISPLAYED, layout=layout, key="named")
    colored = map_colors._cluster_colors(ActiveSet("source named", embedding_set), displayed, 0.5)
    assert colored.job is not None and not colored.job.is_finished
    assert [(name.row, name.level, name.code) for name in colored.names] == [(4, 0, 0), (7, 0, 1)]
    state["finer"] = "done"
    colored = map_colors._cluster_colors(ActiveSet("source named", embedding_set), displayed, 0.5)
    assert colored.job is None
    assert [name.level for name in colored.names] == [0, 0, 1, 1, 1, 1, 1]
    assert [name.row for name in colored.names[2:]] == [4, 7, 10, 13, 16]
    assert [name.text for name in colored.names[2:]] == ["hhi", "hhj", "hhk", "hhl", "hhm"]
    assert colored.names[2].radius == pytest.approx((2 / 3) ** 0.5)


@pytest.mark.parametrize("count", [NAMED, NAMED + 2])
def test_small_clusters_share_a_color_and_noise_has_its_own(server: Server, count: int) -> None:
    clusters = found(count, noise=4)
    embedding_set, layout = named(clusters)
    active = ActiveSet(f"source {count}", embedding_set)
    inputs = (active.key, f"digest {count}", (), active, layout, clusters)
    message = map_colors._found_clusters(*inputs).colors.message
    others = ["other (2 clusters)"] if count > NAMED else []
    assert len(set(message["names"])) == NAMED + len(others) + 1
    assert message["names"][NAMED:] == [*others, "no cluster"]
    assert message["counts"] == [3] * NAMED + [6] * len(others) + [4]
    path = services.cache().folder / "blobs" / message["url"].rpartition("/")[2]
    codes = np.fromfile(path, np.uint8)
    assert np.bincount(codes).tolist() == message["counts"]
    assert (codes[clusters.labels == NOISE] == len(message["names"]) - 1).all()


def test_neighbor_preservation_waits_for_the_quality(server: Server) -> None:
    colored = map_colors._preservation_colors(SET, DISPLAYED)
    assert "once the quality has been measured" in colored.note
    assert colored.colors.message["names"] == ["all points"]


ALL = Matching(Filter())


def state_of(
    history: History,
    nearest: Neighbors | None,
    colored: Any = None,
    matching: Matching = ALL,
) -> ViewState:
    request: Any = SimpleNamespace(active=SimpleNamespace(embedding_set=SET))
    return ViewState(
        request, {}, DISPLAYED, Placing(), colored, history, None, nearest, None, matching,
        TableRows(False, ROWS), PointStyle(), False,
    )  # fmt: skip


def test_the_points_that_are_visible_are_counted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = SimpleNamespace(hidden=(None, frozenset()))
    monkeypatch.setattr(view.navigation, "open_set", lambda: opened)
    codes = np.arange(ROWS, dtype=np.uint8) % 3
    colors = category_colors(codes, ["a", "b", "c"], [20] * 3, "kind", services.blobs())
    colored = map_colors.Colored(colors)
    history = History([3], 0)
    shown = state_of(history, Neighbors(np.array([5, 7]), np.float32([1, 0]), "cosine"), colored)
    assert shown.visible_count == ROWS and shown.hidden == frozenset()
    view.hide(shown, frozenset({0, 1}))
    assert shown.hidden == {0, 1} and shown.visible_count == 20
    history.only_these = True  # rows 3, 5 and 7, of the categories 0, 2 and 1
    assert shown.visible_count == 1
    view.hide(shown, frozenset())
    assert shown.visible_count == 3
    view.hide(shown, frozenset({0}))
    other = map_colors.Colored(Colors({**colors.message, "title": "other"}, codes))
    assert state_of(History(), None, other).visible_count == ROWS  # hidden in another coloring


@pytest.mark.parametrize(
    ("row", "only_these", "alone"), [(3, False, None), (3, True, [3, 5, 7]), (None, True, [5, 7])]
)
def test_only_the_item_and_its_neighbors_stay_on_the_map(
    server: Server, row: int | None, only_these: bool, alone: list[int] | None
) -> None:
    history = History([] if row is None else [row], -1 if row is None else 0)
    history.only_these = only_these
    nearest = Neighbors(np.array([5, 7]), np.float32([0.5, 0.25]), "cosine")
    shown = state_of(history, nearest)
    focus, mask = view.highlight(shown)
    assert focus is not None and (focus.row, focus.rows) == (row, [5, 7])
    if alone is None:
        assert mask is None
    else:
        assert mask is not None and mask.alone is not None and mask.url is None
        path = services.cache().folder / "blobs" / mask.alone.rpartition("/")[2]
        bits = np.unpackbits(np.fromfile(path, np.uint8), count=ROWS)
        assert np.flatnonzero(bits).tolist() == alone


def test_nothing_stands_out_without_an_item_or_a_selection(server: Server) -> None:
    shown = state_of(History(), None)
    assert view.highlight(shown) == (None, None)
    shown.history.selected = np.arange(ROWS) < 5
    focus, mask = view.highlight(shown)
    assert focus is None and mask is not None and mask.alone is None


def rows_at(address: str | None) -> list[int] | None:
    if address is None:
        return None
    path = services.cache().folder / "blobs" / address.rpartition("/")[2]
    return np.flatnonzero(np.unpackbits(np.fromfile(path, np.uint8), count=ROWS)).tolist()


@pytest.mark.parametrize(
    ("selected", "only_these", "is_alone", "standing_out", "alone"),
    [
        ([], False, False, [1, 2, 3], None),
        ([], False, True, None, [1, 2, 3]),
        ([0, 1, 2], False, False, [1, 2], None),
        ([0, 1, 2], False, True, [1, 2], [1, 2, 3]),
        ([0, 1, 2], True, True, None, [1, 2]),
    ],
)
def test_the_filter_mutes_or_hides_the_rest_and_the_selection_is_within_it(
    server: Server,
    selected: list[int],
    only_these: bool,
    is_alone: bool,
    standing_out: list[int] | None,
    alone: list[int] | None,
) -> None:
    history = History(only_these=only_these)
    if selected:
        history.selected = np.isin(np.arange(ROWS), selected)
    matches = np.isin(np.arange(ROWS), [1, 2, 3])
    matching = Matching(Filter((IsMissing("x"),)), matches, is_alone)
    shown = state_of(history, None, map_colors.Colored(one_color(ROWS, "all")), matching)
    focus, mask = view.highlight(shown)
    assert focus is None and mask is not None
    assert (rows_at(mask.url), rows_at(mask.alone)) == (standing_out, alone)
