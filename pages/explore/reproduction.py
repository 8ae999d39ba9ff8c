"""How the map was made: the command lines that compute the layout, and the set, again."""

import shlex
from collections.abc import Sequence

import streamlit as st

from embeddings import gallery
from embeddings.cli.arguments import layout_flags, reading_flags
from embeddings.embedding_set import Provenance
from embeddings.layouts import LayoutSpec
from embeddings.rows.export import file_name
from embeddings.text import listed
from pages.common import sources
from pages.common.formatting import plain
from pages.common.sources import Source
from pages.explore import navigation
from pages.explore.layers import ActiveSet
from pages.train.trainer_settings import trainer
from trainers.catalog import TRAINERS

_EMBEDDINGS = ("python", "-m", "embeddings")


def draw(active: ActiveSet, spec: LayoutSpec) -> None:
    """Draw the panel behind its button; it needs no run of the page to open."""
    source = Source.of(navigation.open_set().key)
    panel = st.popover("How was this made", type="tertiary", key="how_made")
    with panel, st.container(key="commands_shown"):
        _show_layout(active, source, spec)
        _show_set(source, active.embedding_set.provenance)


def _show_layout(active: ActiveSet, source: Source, spec: LayoutSpec) -> None:
    names, notes = [path.name for path in sources.paths_of(source)], []
    if source.scheme == "gallery":
        names = [f"embeddings/gallery/{names[0]}"]
        notes.append("Run it in the root of the repository.")
    reading = reading_flags(dict(source.answers), source.leave_out)
    if active.rows is not None or active.layer is not None:
        names, reading = [file_name(active.embedding_set.provenance.name, "", "embedding")], []
        notes.append("Export the rows first: Table, Export rows, Embedding file.")
    st.markdown("**The layout**")
    st.code(layout_commands(spec, names, reading), language="sh", wrap_lines=True)
    made_by = listed([f"{name} {version}" for name, version in spec.libraries.items()])
    notes.append(f"Computed by {made_by}.")
    st.caption(" ".join(notes))


def layout_commands(spec: LayoutSpec, names: Sequence[str], reading: Sequence[str]) -> str:
    """Return the command line that computes a layout of files; several are joined by one before.

    Parameters
    ----------
    names : of the files that make up the set
    reading : the flags with which they are read
    """
    lines, file = [], names[0]
    if len(names) > 1:
        file = "set.embedding.parquet"
        lines.append([*_EMBEDDINGS, "convert", *names, file, *reading])
        reading = []
    flags = [*reading, *layout_flags(spec), "--out", f"{spec.method}.layout.parquet"]
    lines.append([*_EMBEDDINGS, "layout", file, *flags])
    return "\n".join(map(shlex.join, lines))


def _show_set(source: Source, provenance: Provenance) -> None:
    """Show the command that made the set, as far as it is known."""
    if source.scheme == "gallery":
        st.markdown("**The vectors**")
        st.code(gallery.item(source.name).command, language="sh", wrap_lines=True)
        return
    command = trainer_command(provenance)
    if not command:
        return
    st.markdown("**The vectors**")
    st.code(command, language="sh", wrap_lines=True)
    data = str(provenance.source.get("name") or "")
    if data:
        note = f"Learned from {data}. For a file, add --data with its path."
        st.caption(plain(note))


def trainer_command(provenance: Provenance) -> str:
    """Return the command line of the trainer that made a set; "" if its file does not tell.

    It has the settings that affect the vectors, without the data and those that are the default.
    """
    name = provenance.trainer
    if name not in TRAINERS:
        return ""
    made_by = trainer(name)
    known = {setting.name for setting in made_by.settings}
    values = {each: value for each, value in provenance.config.items() if each in known}
    if made_by.problem(values):  # of another version, or not a trainer's
        return ""
    arguments = [*made_by.arguments(values), "--out", f"{name}.embedding.parquet"]
    return shlex.join(["python", "-m", "trainers", name, *arguments])
