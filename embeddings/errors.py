"""The one exception class for everything that a user, not the programmer, got wrong."""


class EmbeddingError(ValueError):
    """A mistake in what was given; its message says what was given, what was expected, what to do.

    The command line prints it as one `error: ...` line, a page shows it as a red box; neither ever
    shows a traceback for it. Programming errors use Python's own exceptions and propagate.
    """
