"""The data of a run: built-in data, uploaded files, or the files of an earlier run."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from embeddings.settings import SettingField
from pages.common.settings_form import help_text
from pages.common.sources import safe_file_name
from pages.train.trainer_settings import Trainer
from server.runs.contract import DATA_FOLDER
from server.runs.records import RunRecord

BUILT_IN, UPLOAD = "Built-in", "Upload"


@dataclass(frozen=True)
class DataSource:
    """The data that a run learns from.

    Attributes
    ----------
    uploads : files by the name of their setting
    earlier : a run whose files are used again
    missing : what still has to be uploaded, as a phrase; "" if nothing
    """

    uploads: Mapping[str, Sequence[UploadedFile]] = field(default_factory=dict)
    earlier: RunRecord | None = None
    missing: str = ""

    @property
    def title(self) -> str:
        """The name of the data on the screen."""
        if self.earlier is not None:
            return self.earlier.data
        names = [upload.name for files in self.uploads.values() for upload in files]
        return ", ".join(names) or "built-in"

    @property
    def placeholders(self) -> dict[str, Path]:
        """A path for each setting that has files, before `write` gives their real place."""
        folder = self.earlier.folder / DATA_FOLDER if self.earlier is not None else None
        names = [each.name for each in folder.iterdir()] if folder and folder.is_dir() else []
        return {name: Path(name) for name in [*self.uploads, *names]}

    def write(self, folder: Path) -> dict[str, Path]:
        """Write the files to a run's folder.

        Returns
        -------
        The value of each setting: the file, or a folder if there are several
        """
        target = folder / DATA_FOLDER
        if self.earlier is not None:
            source = self.earlier.folder / DATA_FOLDER
            if source.is_dir():  # hard links: either run can be deleted
                shutil.copytree(source, target, copy_function=os.link)
        for name, uploads in self.uploads.items():
            (target / name).mkdir(parents=True)
            for upload in uploads:
                path = target / name / safe_file_name(upload.name)
                path.write_bytes(upload.getbuffer())
        values = {}
        for each in sorted(target.iterdir()) if target.exists() else []:
            files = list(each.iterdir())
            values[each.name] = files[0] if len(files) == 1 else each
        return values


def choose(trainer: Trainer, past: Sequence[RunRecord]) -> DataSource:
    """Draw the choice of data; return the data.

    Parameters
    ----------
    trainer : the trainer to start
    past : all runs, the latest first
    """
    main, *others = trainer.files
    earlier: dict[str, RunRecord] = {}
    for run in past:
        if run.trainer == trainer.name and (run.folder / DATA_FOLDER).is_dir():
            earlier.setdefault(run.data, run)
    options = [*([] if main.required else [BUILT_IN]), UPLOAD, *earlier]
    key = f"train-{trainer.name}-source"
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    chosen = st.selectbox("Data", options, key=key, help=help_text(main), persist_state="session")
    if chosen in earlier:
        return DataSource(earlier=earlier[chosen])
    if chosen == BUILT_IN:
        return DataSource()
    uploads = _upload(trainer, main, several=True)
    missing = [] if uploads else [main]
    if others:
        with st.expander("More files", expanded=any(each.required for each in others)):
            for setting in others:
                uploads |= _upload(trainer, setting)
                if setting.required and setting.name not in uploads:
                    missing.append(setting)
    return DataSource(uploads, missing=f"upload the {missing[0].label.lower()}" if missing else "")


def _upload(
    trainer: Trainer, setting: SettingField, several: bool = False
) -> dict[str, list[UploadedFile]]:
    """Draw an uploader; return its files by the setting's name, or an empty dict."""
    found = st.file_uploader(
        setting.label,
        accept_multiple_files=several,
        key=f"train-{trainer.name}-{setting.name}",
        help=help_text(setting),
        label_visibility="collapsed" if several else "visible",
    )
    files = found if isinstance(found, list) else [found] if found else []
    return {setting.name: files} if files else {}
