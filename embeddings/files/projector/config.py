"""A Projector's config: JSON or TensorBoard's pbtxt, and the files to which its paths lead.

No path leads out of the config's folder. A config may name any file of the machine, so a file is
looked for among those that were given, then in the config's own folder or below it. Nothing remote
is ever fetched.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.files.limits import first_line
from embeddings.files.projector import pbtxt

_CONFIG_BYTES = 16 * 2**20
_HEAD_BYTES = 2**20
_REMOTE = re.compile(r"[a-z][a-z0-9+.\-]*:|//", re.IGNORECASE)
_LONGEST_ADDRESS = 1_000


def matches(head: bytes, path: Path) -> bool:
    """Return True if a file that starts with `head` is a config."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    is_json = start == b"{" and b'"embeddings"' in head and b'"tensorPath"' in head
    return is_json or (pbtxt.is_pbtxt(head) and b"embeddings" in head)


def is_config(path: Path) -> bool:
    """Return True if a file is a config, which is to be opened with the files beside it."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return matches(file.read(_HEAD_BYTES), path)


def read_config(path: Path) -> dict[str, Any]:
    """Return a config whose list `embeddings` has at least one entry.

    Each has a tensorPath; or a tensorName, of a tensor in a checkpoint.

    Raises
    ------
    EmbeddingError
        The file is larger than 16 MiB, is neither JSON nor pbtxt, or lists no tensors.
    """
    size = path.stat().st_size
    if size > _CONFIG_BYTES:
        raise EmbeddingError(f"a config of {size:,} bytes; expected at most {_CONFIG_BYTES:,}")
    content = path.read_bytes()
    try:
        if pbtxt.is_pbtxt(content[:_HEAD_BYTES]):
            config = pbtxt.parse(content.decode("utf-8", "replace"))
        else:
            config = json.loads(content.decode("utf-8-sig"))
        json.dumps(config, ensure_ascii=False).encode()  # half a character cannot be printed
    except EmbeddingError:
        raise
    except (ValueError, RecursionError) as error:
        raise EmbeddingError(f"the config is not JSON ({first_line(error)})") from error
    entries = config.get("embeddings")
    if not isinstance(entries, list) or not entries:
        raise EmbeddingError("no list `embeddings` of tensors in the config")
    for i, entry in enumerate(entries):
        names = (
            (entry.get(key) for key in ("tensorPath", "tensorName"))
            if isinstance(entry, dict)
            else ()
        )
        if not any(isinstance(name, str) and name for name in names):
            raise EmbeddingError(
                f"embeddings[{i}] has no tensorPath; expected the name of the tensor's file, or "
                "tensorName, its name in a checkpoint"
            )
    return config


def file_name(address: str) -> str:
    """Return the name of the file that an address ends in."""
    return _parts(address)[-1]


def find_file(address: str, config: Path, given: Sequence[Path]) -> Path | None:
    """Return the file that an address in a config means; None if it is missing.

    Of several given files of that name, it is the one whose folders agree most with the address.

    Parameters
    ----------
    config : the config's own path
    given : files that were given together with the config
    """
    parts = _parts(address)
    same = [path for path in given if path.name == parts[-1]]
    if same:
        return max(same, key=lambda path: _common(path.parts, parts))
    if _REMOTE.match(address) or "\0" in address or len(address) > _LONGEST_ADDRESS:
        return None
    for tail in (parts, parts[-1:]):
        path = config.parent.joinpath(*tail)
        if "" not in tail and ".." not in tail and _is_inside(path, config.parent):
            return path
    return None


def _parts(address: str) -> list[str]:
    if _REMOTE.match(address):
        address = re.split(r"[?#]", address)[0]
    return re.split(r"[/\\]", address)


def _common(path: Sequence[str], parts: Sequence[str]) -> int:
    """Return how many parts, counted from the last, are the same."""
    count = 0
    for one, other in zip(reversed(path), reversed(parts), strict=False):
        if one != other:
            break
        count += 1
    return count


def _is_inside(path: Path, folder: Path) -> bool:
    """Return True if a path is a file in a folder or below it, and not a link."""
    if any(len(part.encode("utf-8", "replace")) > 255 for part in path.parts):
        return False
    real = path.is_file() and not path.is_symlink()
    return real and path.resolve().is_relative_to(folder.resolve())
