"""Mounting the panel that exports figures."""

from components.mount import mount


def figure_panel(*, key: str, name: str) -> None:
    """Mount the panel; all that it exports is drawn in the browser, from what the map shows.

    Parameters
    ----------
    name : begins the names of the files
    """
    mount("figure", key, {"name": name})
