"""The exception class for mistakes of the user."""

from embeddings.text import shorten_middle


class EmbeddingError(ValueError):
    """An input that cannot be used; the message says what was given, what was expected, what to do.

    The command line prints it as one line, `error: ...`, and a page shows it in a red box, neither
    with a traceback. Programming errors are raised as Python's own exceptions and propagate.
    """

    def __str__(self) -> str:
        """Return the message; a long one, as of a name of a megabyte, is cut in its middle."""
        return shorten_middle(super().__str__())
