"""Opening a set: from the gallery, an upload, this machine, or the address after a reload."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings import EmbeddingError, gallery
from embeddings.files.options import TEXT_CHOICES, Choice, ChoiceRequired, NotFinite
from pages.common import file_reading, sources
from pages.common.choices import chosen, distinct, key_for
from pages.common.formatting import error_box
from pages.common.local_files import local
from pages.common.sources import Opened, Source, opened, store
from pages.explore import dataset_summary, navigation
from pages.explore.address import Address
from pages.explore.address import bar as address_bar
from pages.explore.navigation import Attempt, OpenSet
from server.reading.reader import StillReading

PAGE = Path(__file__).parents[1] / "explore.py"
"""The Explore page, for `st.switch_page`."""

ENDINGS = (
    "Parquet, Arrow, npy, npz, safetensors, CSV, TSV, JSON, word2vec, GloVe, fastText .vec, "
    "Projector, h5ad, HDF5, data sets of Hugging Face; packed or in a zip; several files that "
    "belong together: vectors and labels, metadata, images"
)


def choose() -> tuple[str, Opened, dict[str, str]]:
    """Draw the file controls; return the key, what is open, and the names of all sets by key."""
    state = st.session_state
    if state.get("open_request"):
        open_set(state.open_request)
        address_bar.arrive()  # the address names the set
        state.open_request = None
    else:
        try:
            _follow_address()
        except StillReading as still:
            file_reading.stop_until_read(still)
    if navigation.open_set().notice:
        error_box(navigation.open_set().notice)
    uploads = st.file_uploader(
        "Open a file", accept_multiple_files=True, key="uploads", help=ENDINGS
    )
    _take_upload(uploads)
    _take_request()
    _go_on_opening()
    if navigation.open_set().error is not None:
        _show_error(navigation.open_set())
    listed = local().names()
    titles = _titles(listed.listed)
    _choose_from_list(titles, listed.note)
    current = navigation.open_set()
    _hide_map_of_other_sets(current)
    try:
        found = opened(current.key)
    except StillReading as still:
        file_reading.stop_until_read(still)
    return current.key, found, titles


def _hide_map_of_other_sets(current: OpenSet) -> None:
    """Hide the panels of the last set until the browser has drawn those of the current one.

    The browser keeps the last panels while the script runs, which may take a while: they would be
    shown under the name of another set.
    """
    here = dataset_summary.container_key(current)
    other = f'.embedding-map:not([data-set="{current.number}"])'
    st.html(
        f"<style>{other} > * {{ visibility: hidden; }}"
        f'{other}::after {{ content: "Opening the set…"; }}'
        f"[data-testid=stMain]:has({other}) :is(.st-key-status_bar, .st-key-inspector)"
        " { opacity: 0; pointer-events: none; }"
        f".st-key-about:not(.st-key-{here} *) {{ visibility: hidden; }}</style>"
    )


def open_set(key: str, is_detailed: bool = False) -> None:
    """Make a set the open one; what belonged to the last one is forgotten."""
    last: OpenSet | None = st.session_state.get("open_set")
    number = 0 if last is None else last.number + 1
    address = Address()
    if last is not None:  # what is not about the set stays
        address = Address(dims=last.address.dims, k=last.address.k)
    st.session_state.open_set = OpenSet(key, number, address, is_detailed=is_detailed)
    if last is not None:
        _give_up(last)  # only now: a rerun that interrupts before tries again


def request(key: str) -> None:
    """Have a set opened on the Explore page, from another page: a callback of its buttons."""
    st.session_state.open_request = key


def follow_request() -> None:
    """Go to the Explore page if a set is to be opened there."""
    key = st.session_state.get("open_request")
    if key:
        st.switch_page(PAGE, query_params={"set": key})


def _follow_address() -> None:
    """Show the view of the address that the person has come to, if it is another than before.

    Raises
    ------
    StillReading
        its set takes longer than a moment to read
    """
    wanted = address_bar.destination()
    if wanted is None:
        return
    state = st.session_state
    current: OpenSet | None = state.get("open_set")
    key, notice = _readable(wanted.set or _first())
    if current is None:
        state.open_set = OpenSet(key or _first(), notice=notice)
    elif key is None:
        current.notice = notice
    elif (key, wanted.within) != (current.key, current.address.within):
        open_set(key)
    if key is not None:
        navigation.go_to(wanted)
    address_bar.arrive()


def _first() -> str:
    """Return the set to begin with: the file that the app was started with, else the gallery."""
    files = local().files
    if files:
        return Source("file", files[0].name).key
    return Source("gallery", gallery.ITEMS[0].name).key


def _titles(files: Sequence[str]) -> dict[str, str]:
    """Return the names of uploads, this machine's files, trainers' results and gallery, by key."""
    found = dict(st.session_state.get("uploaded", {}))
    found |= {Source("file", name).key: name for name in files}
    found |= sources.run_titles()
    here = Source.of(navigation.open_set().key).plain.key
    if here not in found and not here.startswith("gallery:"):
        found[here] = sources.title(Source.of(here))
    found |= {Source("gallery", item.name).key: item.title for item in gallery.ITEMS}
    return distinct(found)


def _choose_from_list(titles: Mapping[str, str], note: str) -> None:
    """Offer the sets that can be opened; the note is about those that cannot."""
    here = Source.of(navigation.open_set().key).plain.key
    picked = chosen("embedding", here)
    if picked != here and picked in titles:
        open_set(picked)
        here = picked
    keys = list(titles)
    st.selectbox(
        "Embedding",
        keys,
        index=keys.index(here),
        format_func=titles.__getitem__,
        key=key_for("embedding", here),
        help=note or None,
    )


def _take_upload(uploads: Sequence[UploadedFile]) -> None:
    """Open newly uploaded files; what was open stays so if they cannot be opened."""
    state = st.session_state
    known = state.get("known_uploads", frozenset())
    fresh = [upload for upload in uploads if upload.file_id not in known]
    if fresh:
        try:
            candidates = _candidates(fresh, [each for each in uploads if each not in fresh])
        except EmbeddingError as error:  # they cannot be stored
            current = navigation.open_set()
            current.error = (error, Source.of(current.key), "")
        else:
            _try(*candidates)
    elif not uploads:
        navigation.open_set().error = None
        if known:  # they have just been removed
            _give_up(navigation.open_set())
    # last: the files are opened again if a rerun interrupts before
    state.known_uploads = frozenset(upload.file_id for upload in uploads)


def _take_request() -> None:
    """Open the source that was requested by a button; an answer opens its file by itself."""
    current = navigation.open_set()
    if current.request is not None:
        _try(current.request)
        current.request = None


def _candidates(fresh: list[UploadedFile], earlier: list[UploadedFile]) -> list[tuple[Source, str]]:
    """Return what may be meant: a set of its own, or else what belongs to the files before."""
    groups = [fresh, [*earlier, *fresh]] if earlier else [fresh]
    return [(store(group), ", ".join(upload.name for upload in group)) for group in groups]


def _try(*candidates: tuple[Source, str]) -> None:
    """Have the first candidate opened that can be, by `_go_on_opening`."""
    current = navigation.open_set()
    current.attempt, current.error = Attempt(list(candidates)), None


def _go_on_opening() -> None:
    """Open what was requested, or show the progress; what is open stays so until it is read.

    If no candidate can be opened, what is wrong with the first is the better answer.
    """
    state, current = st.session_state, navigation.open_set()
    attempt = current.attempt
    while attempt is not None and attempt.candidates:
        source, names = attempt.candidates[0]
        attempt.reading = ""
        try:
            found = opened(source.key)
        except StillReading as still:
            attempt.reading = still.key
            file_reading.show_progress(still)
            return
        except EmbeddingError as error:
            attempt.errors.append((error, source, names))
            del attempt.candidates[0]
            continue
        state.uploaded = {source.plain.key: names, **state.get("uploaded", {})}
        is_open = dataset_summary.is_open_choice(found) and "vector" not in dict(source.answers)
        open_set(source.key, is_open)
        return
    if attempt is not None:
        answerable = next((e for e in attempt.errors if _is_answerable(e[0])), attempt.errors[0])
        current.error, current.attempt = answerable, None


def _give_up(current: OpenSet) -> None:
    """End the reading of files that this session does not wait for any more."""
    attempt, current.attempt = current.attempt, None
    if attempt is not None and attempt.reading:
        file_reading.withdraw(attempt.reading)


def _is_answerable(error: EmbeddingError) -> bool:
    return isinstance(error, NotFinite | ChoiceRequired)


def _show_error(current: OpenSet) -> None:
    """Say why the upload could not be opened, and offer what would help."""
    assert current.error is not None
    error, source, names = current.error
    error_box(str(error))
    if isinstance(error, NotFinite) and len(error.rows) < error.count:
        st.button(
            f"Leave out {len(error.rows):,} of {error.count:,} rows",
            key="leave_out",
            type="primary",
            on_click=current.request_open,
            args=(Source(source.scheme, source.name, source.answers, True), names),
        )
    elif isinstance(error, ChoiceRequired):
        _ask(error.choice, source, names)
    if any(choice.name in TEXT_CHOICES for choice in error.choices):
        with st.expander("Change how it is read"):
            dataset_summary.draw_reading_form(source, error.choices)


def _ask(choice: Choice, source: Source, names: str) -> None:
    """Offer the candidates of a choice without which the file cannot be opened."""
    answer = st.selectbox(
        dataset_summary.TITLES[choice.name],
        choice.candidates,
        index=None,
        key=f"answer {source.key}",  # another attempt asks again
        placeholder="Choose",
        accept_new_options=choice.name == "dimensions",
    )
    if answer is not None:
        _try((source.answered(choice.name, answer), names))
        st.rerun()


def _readable(key: str) -> tuple[str | None, str]:
    """Return the key of a set if it can be opened, and else why it cannot."""
    try:
        opened(key)
    except EmbeddingError as error:
        return None, f"The address names a set that cannot be opened any more: {error}"
    return key, ""
