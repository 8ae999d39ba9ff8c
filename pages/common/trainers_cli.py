"""Short questions to the trainers' command line, which pages never import."""

import json
import subprocess
import sys
from typing import Any

import streamlit as st

from embeddings import EmbeddingError
from server.runs.contract import ERROR_PREFIX, USER_ERROR
from server.runs.records import PROJECT


@st.cache_data(max_entries=64, show_spinner=False)
def ask(*arguments: str) -> Any:
    """Return the JSON that `python -m trainers ARGUMENTS` prints; kept for all sessions.

    Raises
    ------
    EmbeddingError
        what the command says is wrong
    """
    command = [sys.executable, "-m", "trainers", *arguments]
    done = subprocess.run(
        command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode == USER_ERROR:
        raise EmbeddingError(done.stderr.splitlines()[-1].removeprefix(ERROR_PREFIX))
    if done.returncode != 0:
        raise RuntimeError(f"python -m trainers {' '.join(arguments)}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
