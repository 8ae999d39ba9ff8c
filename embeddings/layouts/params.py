"""The parameters of the layout methods, one frozen dataclass of settings for each method."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from annotated_types import Ge, Gt, Le
from typing_extensions import Doc

from embeddings.settings import Label, SettingError, check

UmapMetric = Literal["auto", "cosine", "euclidean", "manhattan"]
UMAP_METRICS: tuple[UmapMetric, ...] = get_args(UmapMetric)

MAX_ROUNDS = 10_000
"""The most iterations or epochs of a layout, twenty times the default: a layout ends."""

Threads = Literal["reproducible", "fast"] | int

_THREADS = Doc(
    "CPU threads: a number, or reproducible or fast, which both mean all cores, since the layout "
    "is the same bit for bit with any number of threads"
)

_AXIS = Doc(
    "From one item to another, man -> woman; groups are labels separated by commas, or column = "
    "value; or a principal component, pca 3; or a column of numbers"
)


@dataclass(frozen=True)
class PcaParams:
    """PCA has no parameters."""

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads from the graph."""
        return 0


@dataclass(frozen=True)
class PrecomputedParams:
    """Coordinates that the set already has need no parameters."""

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads from the graph."""
        return 0


@dataclass(frozen=True)
class TsneParams:
    """Parameters of t-SNE (van der Maaten and Hinton 2008; defaults of openTSNE).

    The layout is the same for any number of threads.
    """

    # fmt: off

    perplexity: Annotated[float, Gt(1), Doc(
        "Effective number of neighbors of each point, typically 5 to 50")] = 30.0
    early_exaggeration: Annotated[float, Ge(1), Doc(
        "Factor on the attractive forces in the first 250 iterations")] = 12.0
    exaggeration: Annotated[float, Ge(1), Doc(
        "Factor on the attractive forces in the remaining iterations; 2 to 4 makes "
        "clusters denser")] = 1.0
    learning_rate: Annotated[float | Literal["auto"], Gt(0), Doc(
        "Learning rate; auto is the number of points divided by the exaggeration")] = "auto"
    iterations: Annotated[int, Ge(1), Le(MAX_ROUNDS), Doc(
        "Number of iterations after the first 250")] = 500
    threads: Annotated[Threads, _THREADS, Ge(1)] = "reproducible"

    # fmt: on
    def __post_init__(self) -> None:
        check(self)

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads from the graph: 2 x perplexity.

        Measured on 37,000 words of GloVe, 3 x perplexity preserves no more of the neighbors and
        takes 1.4 times the CPU time.
        """
        return max(1, int(2 * self.perplexity))


@dataclass(frozen=True)
class UmapParams:
    """Parameters of UMAP (McInnes, Healy and Melville 2018; defaults of umap-learn).

    The layout is the same for any number of threads.
    """

    # fmt: off

    n_neighbors: Annotated[int, Ge(2), Label("Neighbors"), Doc(
        "Number of neighbors of each point, itself included: low values show local detail, high "
        "values the global structure")] = 15
    min_dist: Annotated[float, Ge(0), Label("Minimum distance"), Doc(
        "Minimum distance between points in the layout, at most the spread")] = 0.1
    spread: Annotated[float, Gt(0), Doc(
        "Scale of the layout, to which the minimum distance is relative")] = 1.0
    epochs: Annotated[int | None, Ge(1), Le(MAX_ROUNDS), Doc(
        "Number of passes over the graph; default: 500 up to 10,000 points, 200 above")] = None
    metric: Annotated[UmapMetric, Doc(
        "Metric that defines neighbors; auto is the set's own metric")] = "auto"
    threads: Annotated[Threads, _THREADS, Ge(1)] = "reproducible"

    # fmt: on
    def __post_init__(self) -> None:
        check(self)
        if self.min_dist > self.spread:
            raise SettingError("min_dist", self.min_dist, f"at most the spread, {self.spread}")

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads: UMAP counts the point itself."""
        return self.n_neighbors - 1


@dataclass(frozen=True)
class AxesParams:
    """The axes of a layout, each as text; see embeddings.layouts.axes."""

    # fmt: off

    x: Annotated[str, Label("Horizontal axis"), _AXIS] = "pca 1"
    y: Annotated[str, Label("Vertical axis"), _AXIS] = "pca 2"
    z: Annotated[str, Label("Third axis, in 3D"), _AXIS] = "pca 3"

    # fmt: on
    def __post_init__(self) -> None:
        check(self)

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads from the graph."""
        return 0


Params = PcaParams | TsneParams | UmapParams | PrecomputedParams | AxesParams


def thread_count(threads: Threads) -> int:
    """Return the number of threads that `threads` means on this machine."""
    if isinstance(threads, str):
        from joblib import cpu_count  # respects the limits of a container or of taskset

        return cpu_count()
    return threads
