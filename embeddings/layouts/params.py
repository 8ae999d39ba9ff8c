"""The parameters that people move, one frozen dataclass a method.

Every field's metadata holds `help`: one sentence that serves as caption on the screen and as help
on the command line. Values are checked on construction.
"""

import math
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Literal, get_args

from embeddings.errors import EmbeddingError

UmapMetric = Literal["auto", "cosine", "euclidean", "manhattan"]
UMAP_METRICS: tuple[UmapMetric, ...] = get_args(UmapMetric)

Threads = Literal["reproducible", "fast"] | int

_THREADS_HELP = (
    "reproducible: one thread, the same seed gives the same picture bit for bit; "
    "fast: all cores, another run will differ; or a number of threads"
)


def _help(text: str) -> dict[str, str]:
    return {"help": text}


@dataclass(frozen=True)
class PcaParams:
    """PCA has nothing to choose."""

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads."""
        return 0


@dataclass(frozen=True)
class NoneParams:
    """Coordinates that are there already leave nothing to choose."""

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads."""
        return 0


@dataclass(frozen=True)
class TsneParams:
    """Parameters of t-SNE (van der Maaten and Hinton 2008; defaults of openTSNE)."""

    perplexity: float = field(
        default=30.0,
        metadata=_help("about how many neighbors each point is drawn to; 5 to 50 is usual"),
    )
    early_exaggeration: float = field(
        default=12.0,
        metadata=_help("attraction is multiplied by this during the first 250 iterations"),
    )
    exaggeration: float = field(
        default=1.0,
        metadata=_help("attraction is multiplied by this afterwards; 2 to 4 makes clusters denser"),
    )
    learning_rate: float | Literal["auto"] = field(
        default="auto",
        metadata=_help("length of the steps; auto is the number of points over the exaggeration"),
    )
    iterations: int = field(default=500, metadata=_help("steps after the first 250"))
    threads: Threads = field(default="reproducible", metadata=_help(_THREADS_HELP))

    def __post_init__(self) -> None:
        _set_number(self, "perplexity", above=1.0)
        _set_number(self, "early_exaggeration", least=1.0)
        _set_number(self, "exaggeration", least=1.0)
        if self.learning_rate != "auto":
            _set_number(self, "learning_rate", above=0.0, otherwise="or auto")
        _set_whole(self, "iterations", least=1)
        _set_threads(self)

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads: three times the perplexity."""
        return max(1, int(3 * self.perplexity))


@dataclass(frozen=True)
class UmapParams:
    """Parameters of UMAP (McInnes, Healy and Melville 2018; defaults of umap-learn)."""

    n_neighbors: int = field(
        default=15,
        metadata=_help(
            "neighbors each point is tied to, itself included: few show detail, many the whole"
        ),
    )
    min_dist: float = field(
        default=0.1, metadata=_help("how close points may lie in the picture, 0 to spread")
    )
    spread: float = field(
        default=1.0, metadata=_help("the scale of the picture, beside which min_dist is read")
    )
    epochs: int | None = field(
        default=None,
        metadata=_help("passes over the graph; by default 500 up to 10,000 points, 200 beyond"),
    )
    metric: UmapMetric = field(
        default="auto",
        metadata=_help("what makes points neighbors; auto is the set's own measure"),
    )
    threads: Threads = field(default="reproducible", metadata=_help(_THREADS_HELP))

    def __post_init__(self) -> None:
        if self.metric not in UMAP_METRICS:
            raise EmbeddingError(
                f"metric = {self.metric!r}; expected one of {', '.join(UMAP_METRICS)}"
            )
        _set_whole(self, "n_neighbors", least=2)
        _set_number(self, "spread", above=0.0)
        _set_number(self, "min_dist", least=0.0)
        if self.min_dist > self.spread:
            raise EmbeddingError(
                f"min_dist = {self.min_dist:g}; expected at most spread, which is {self.spread:g}"
            )
        if self.epochs is not None:
            _set_whole(self, "epochs", least=1)
        _set_threads(self)

    @property
    def graph_neighbors(self) -> int:
        """Neighbors of each point that the method reads: UMAP counts the point itself."""
        return self.n_neighbors - 1


Params = PcaParams | TsneParams | UmapParams | NoneParams

PARAMS: dict[str, type[Params]] = {
    "pca": PcaParams,
    "tsne": TsneParams,
    "umap": UmapParams,
    "none": NoneParams,
}
"""The dataclass of each method's parameters."""


def thread_count(threads: Threads) -> int:
    """Return how many threads `threads` stands for on this machine."""
    if threads == "reproducible":
        return 1
    if threads == "fast":
        from joblib import cpu_count  # heeds what a container or taskset leaves to this process

        return cpu_count()
    return int(threads)


def _set_threads(params: Any) -> None:
    """Make threads "reproducible" (also for 1), "fast" or a number above 1; refuse all else."""
    threads = params.threads
    if isinstance(threads, int) and threads >= 1 and not isinstance(threads, bool):
        threads = "reproducible" if threads == 1 else threads
    elif threads not in ("reproducible", "fast"):
        raise EmbeddingError(
            f"threads = {threads!r}; expected reproducible, fast or a whole number of at least 1"
        )
    object.__setattr__(params, "threads", threads)


def _set_number(
    params: Any,
    name: str,
    least: float = -math.inf,
    above: float = -math.inf,
    otherwise: str = "",
) -> None:
    """Make a field a float, so that equal values have equal keys; refuse it out of bounds."""
    value = getattr(params, name)
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < least or value <= above:
        bound = f"of at least {least:g}" if least > above else f"above {above:g}"
        raise EmbeddingError(f"{name} = {value!r}; expected a number {bound} {otherwise}".strip())
    object.__setattr__(params, name, float(value))


def _set_whole(params: Any, name: str, least: int) -> None:
    """Make a field an int; refuse what is no whole number of at least `least`."""
    value = getattr(params, name)
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise EmbeddingError(f"{name} = {value!r}; expected a whole number of at least {least}")
    object.__setattr__(params, name, int(value))
