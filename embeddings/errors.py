"""The exception class for mistakes of the user."""

from typing import Any

from embeddings.text import shorten_middle


class EmbeddingError(ValueError):
    """An input that cannot be used; the message says what was given, what was expected, what to do.

    The command line prints it as one line, `error: ...`, and a page shows it in a red box, neither
    with a traceback. Programming errors are raised as Python's own exceptions and propagate.

    Attributes
    ----------
    choices : of a file that could not be read, how it was read so far; see files.options.Choice
    """

    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        """Return the message; a long one, as of a name of a megabyte, is cut in its middle."""
        return shorten_middle(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the error with its attributes, whatever the arguments of its class are."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[EmbeddingError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error
