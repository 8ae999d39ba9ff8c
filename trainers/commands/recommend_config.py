"""The arguments of `python -m trainers recommend`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from annotated_types import Ge
from typing_extensions import Doc

from embeddings.errors import EmbeddingError
from embeddings.settings import check


@dataclass(frozen=True)
class RecommendConfig:
    """Print the right items nearest to a left item, those that it is paired with left out.

    With --text, those nearest to a text, by the run that made the file.
    """

    # fmt: off

    file: Annotated[tyro.conf.Positional[Path], Doc("An embedding file of two_tower")]
    label: Annotated[tyro.conf.Positional[str | None], Doc("A left item: a user, a book, a "
                                                           "query")] = None
    text: Annotated[str | None, Doc("A text instead, if made with --words lsa")] = None
    run_dir: Annotated[Path | None, Doc("For --text, the run that made the file. Left out: "
                                        "NAME.run beside it")] = None
    k: Annotated[int, Doc("How many"), Ge(1), tyro.conf.arg(aliases=["-k"])] = 10
    json: Annotated[bool, Doc("Print a list of {row, label, similarity}")] = False

    # fmt: on
    def __post_init__(self) -> None:
        check(self)
        if (self.label is None) == (self.text is None):
            raise EmbeddingError("recommend: expected either a label or --text TEXT")
