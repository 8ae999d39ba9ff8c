"""The groups that people name in the open set: a column of it, and the form that changes them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import streamlit as st
import xxhash

from embeddings import EmbeddingError, EmbeddingSet
from pages.common import services
from pages.common.formatting import error_box, plain
from pages.explore import navigation
from pages.explore.history import History
from pages.explore.layers import ActiveSet
from server import annotations
from server.annotations import LONGEST_NAME, Annotations, DamagedAnnotations

COLUMN = "group"
"""Name of the column of groups, unless the file has one of this name."""


def attach(active: ActiveSet) -> ActiveSet:
    """Return the set with its groups as a column; offer to delete groups that are damaged."""
    embedding_set, whole = active.embedding_set, active.annotated
    try:
        found = annotations.load(whole.fingerprint, len(whole))
    except DamagedAnnotations as error:
        error_box(str(error))
        st.button(
            "Delete the groups",
            key="delete_annotations",
            on_click=annotations.delete,
            args=(whole.fingerprint,),
        )
        return active
    if not found.groups:
        return active
    key, column = f"{active.key} groups {_digest(found)}", found.column()
    if active.rows is not None:
        column = column.take(pa.array(active.rows))

    def grouped() -> EmbeddingSet:
        name = _free_name(embedding_set.metadata.column_names)
        return embedding_set.with_metadata(embedding_set.metadata.append_column(name, column))

    shown = services.hold(key, grouped, lambda _: int(column.nbytes), part_of=active.key)
    return replace(active, key=key, embedding_set=shown, ungrouped=active)


def _digest(found: Annotations) -> str:
    digest = xxhash.xxh3_64(found.codes.tobytes())
    digest.update("\n".join(found.groups).encode())
    return digest.hexdigest()


def _free_name(columns: list[str]) -> str:
    """Return a name for the column of groups that no other column has."""
    name, number = COLUMN, 2
    while name in columns:
        name, number = f"{COLUMN} {number}", number + 1
    return name


def of(active: ActiveSet) -> Annotations | None:
    """Return the annotations of the set; None while they are damaged."""
    try:
        return annotations.load(active.annotated.fingerprint, len(active.annotated))
    except DamagedAnnotations:
        return None


def change(
    active: ActiveSet, edit: Callable[[Annotations], Annotations], selected_name: str = ""
) -> str:
    """Change the annotations of the set, and run the page again; or return why they cannot be.

    Parameters
    ----------
    selected_name : name of the selection afterwards; "" leaves it
    """
    try:
        annotations.change(active.annotated.fingerprint, len(active.annotated), edit)
    except EmbeddingError as error:
        return str(error)
    navigation.open_set().forms += 1  # the form closes: another click would be on another button
    if selected_name:
        navigation.current().selected_name = annotations.valid_name(selected_name)
    st.rerun()


def draw_form(active: ActiveSet, history: History, cluster: str | None) -> None:
    """Draw the form that names the selection, or changes a group or the name of a cluster.

    Parameters
    ----------
    cluster : name of the cluster whose members are selected; None if they are no cluster
    """
    key = f"group_form {navigation.open_set().forms}"
    panel = st.popover("Name", key=key, on_change="rerun")
    if not panel.open or history.selected is None:
        return
    found, rows = of(active), active.in_whole(history.selected)
    with panel:
        if found is None:
            st.caption("The groups of this set are damaged.")
            return
        group = same_group(found, rows)
        error = _rename(active, group) if group else _name(active, rows)
        if cluster is not None:
            error = _rename_cluster(active, found, cluster, rows) or error
        others = [name for name in found.groups if name != group]
        if others:
            error = _add_or_remove(active, found, others, rows) or error
        if error:
            error_box(error)


def same_group(found: Annotations, rows: np.ndarray) -> str:
    """Return the group that has exactly these rows, or ""."""
    code = int(found.codes[rows.argmax()])
    if code and np.array_equal(found.codes == code, rows):
        return found.groups[code - 1]
    return ""


def _name(active: ActiveSet, rows: np.ndarray) -> str:
    """Draw the box for the name of the selection; return why it cannot be its name, or ""."""
    key = navigation.open_set().widget("group_name")
    name = st.text_input("Name of the group", key=key, max_chars=LONGEST_NAME)
    if not st.button("Name this group", key="name_group", type="primary", width="stretch"):
        return ""
    return change(active, lambda known: known.added(name, rows), name)


def _rename(active: ActiveSet, group: str) -> str:
    """Draw the box for another name of a group; return why it cannot be its name, or ""."""
    name = st.text_input(
        "Name of the group", group, key=f"group_rename {group}", max_chars=LONGEST_NAME
    )
    with st.container(horizontal=True):
        is_renamed = st.button("Rename", key="rename_group")
        is_deleted = st.button("Delete the group", key="delete_group")
    if is_deleted:
        return change(active, lambda known: known.removed(group, known.members(group)))
    if not is_renamed or name == group:
        return ""
    return change(active, lambda known: known.renamed(group, name), name)


def _rename_cluster(active: ActiveSet, found: Annotations, title: str, rows: np.ndarray) -> str:
    """Draw the box for another name of a cluster; return why it cannot be its name, or ""."""
    digest, title = annotations.rows_digest(rows), title[:LONGEST_NAME]
    key = f"cluster_name {digest} {title}"
    name = st.text_input("Name of the cluster", title, key=key, max_chars=LONGEST_NAME)
    with st.container(horizontal=True):
        is_renamed = st.button("Rename the cluster", key="rename_cluster")
        is_reset = digest in found.clusters and st.button(
            "Computed name", key="reset_cluster", help="Name it by its words and categories again"
        )
    if is_reset:
        return change(active, lambda known: known.with_cluster(digest, ""))
    if not is_renamed or name == title:
        return ""
    if not name.strip():
        return "enter a name"
    return change(active, lambda known: known.with_cluster(digest, name), name)


def _add_or_remove(
    active: ActiveSet, found: Annotations, names: list[str], rows: np.ndarray
) -> str:
    """Draw the choice of a group that the selection is added to or taken out of."""
    sizes = dict(zip(found.groups, found.sizes(), strict=True))
    group = st.selectbox(
        "Another group",
        names,
        format_func=lambda name: f"{plain(name)} ({sizes[name]:,})",
        key="other_group",
    )
    with st.container(horizontal=True):
        is_added = st.button("Add to it", key="add_to_group", help="A point is in one group only.")
        is_removed = st.button("Take out of it", key="remove_from_group")
    if is_added:
        return change(active, lambda known: known.added(group, rows))
    if is_removed:
        return change(active, lambda known: known.removed(group, rows))
    return ""
