"""What a run learns from: built-in data, uploaded files, or those of an earlier run."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings.settings import SettingField
from pages.train.trainer_settings import Trainer
from server.runs.contract import DATA_FOLDER
from server.runs.records import RunRecord

BUILT_IN, UPLOAD = "Built-in", "Upload"
_LONGEST_NAME = 120  # bytes


@dataclass(frozen=True)
class Given:
    """What was given.

    Attributes
    ----------
    uploads : files by the name of their setting
    earlier : a run whose files are taken again
    missing : what has still to be given, in words; "" if nothing
    """

    uploads: Mapping[str, Sequence[UploadedFile]] = field(default_factory=dict)
    earlier: RunRecord | None = None
    missing: str = ""

    @property
    def text(self) -> str:
        """What the run learns from, for a person to read."""
        if self.earlier is not None:
            return self.earlier.data
        names = [upload.name for files in self.uploads.values() for upload in files]
        return ", ".join(names) or "built-in"

    @property
    def placeholders(self) -> dict[str, Path]:
        """Paths that stand for the files until they are in a run's folder, by setting."""
        place = self.earlier.folder / DATA_FOLDER if self.earlier is not None else None
        names = [each.name for each in place.iterdir()] if place and place.exists() else []
        return {name: Path(name) for name in [*self.uploads, *names]}

    def put(self, folder: Path) -> dict[str, Path]:
        """Put the files into a run's folder; return the value of each setting.

        A setting with several files is a folder.
        """
        place = folder / DATA_FOLDER
        if self.earlier is not None:
            kept = self.earlier.folder / DATA_FOLDER
            if kept.exists():  # links: the same bytes on disk, whichever run is deleted
                shutil.copytree(kept, place, copy_function=os.link)
        for name, uploads in self.uploads.items():
            (place / name).mkdir(parents=True)
            for upload in uploads:
                (place / name / _file_name(upload.name)).write_bytes(upload.getbuffer())
        found = {}
        for each in sorted(place.iterdir()) if place.exists() else []:
            files = list(each.iterdir())
            found[each.name] = files[0] if len(files) == 1 else each
        return found


def choose(trainer: Trainer, past: Sequence[RunRecord]) -> Given:
    """Draw the choice of data; `past` are all runs, the latest first."""
    main, *others = trainer.files
    earlier: dict[str, RunRecord] = {}
    for run in past:
        if run.trainer == trainer.name and (run.folder / DATA_FOLDER).exists():
            earlier.setdefault(run.data, run)
    options = [*([] if main.required else [BUILT_IN]), UPLOAD, *earlier]
    key = f"train-{trainer.name}-source"
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    where = st.selectbox("Data", options, key=key, help=main.help, persist_state="session")
    if where in earlier:
        return Given(earlier=earlier[where])
    if where == BUILT_IN:
        return Given()
    uploads = _upload(trainer, main, several=True)
    missing = "" if uploads else f"upload the {main.label.lower()}"
    if others:
        with st.expander("More files", expanded=any(each.required for each in others)):
            for setting in others:
                uploads |= _upload(trainer, setting)
                if setting.required and setting.name not in uploads:
                    missing = missing or f"upload the {setting.label.lower()}"
    return Given(uploads, missing=missing)


def _upload(
    trainer: Trainer, setting: SettingField, several: bool = False
) -> dict[str, list[UploadedFile]]:
    """Draw an uploader; return its files by the setting's name, nothing where there are none."""
    found = st.file_uploader(
        setting.label,
        accept_multiple_files=several,
        key=f"train-{trainer.name}-{setting.name}",
        help=setting.help,
        label_visibility="collapsed" if several else "visible",
    )
    files = found if isinstance(found, list) else [found] if found else []
    return {setting.name: files} if files else {}


def _file_name(name: str) -> str:
    """Return a name without folders, and no longer than a disk takes."""
    kept = Path(name).name.strip(".").encode()[-_LONGEST_NAME:].decode(errors="ignore")
    return kept or "file"
