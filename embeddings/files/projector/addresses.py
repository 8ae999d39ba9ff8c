"""Addresses of files in a Projector's config, of which none leads out of the config's folder.

A config may point anywhere. A file that was given is found by its name; else one that lies in the
config's own folder, or below it. Nothing remote is ever fetched.
"""

import re
from collections.abc import Sequence
from pathlib import Path

_REMOTE = re.compile(r"[a-z][a-z0-9+.\-]*:|//", re.IGNORECASE)
_LONGEST = 1_000


def file_name(address: str) -> str:
    """Return the name of the file that an address ends in."""
    return _parts(address)[-1]


def find(address: str, config: Path, given: Sequence[Path]) -> Path | None:
    """Return the file that an address means, None for one that is absent.

    Of several given files of that name, the one whose folders agree most with the address.
    """
    parts = _parts(address)
    same = [path for path in given if path.name == parts[-1]]
    if same:
        return max(same, key=lambda path: _common(path.parts, parts))
    if _REMOTE.match(address) or "\0" in address or len(address) > _LONGEST or ".." in parts[-1:]:
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
    """Return how many last parts are the same."""
    count = 0
    for mine, its in zip(reversed(path), reversed(parts), strict=False):
        if mine != its:
            break
        count += 1
    return count


def _is_inside(path: Path, folder: Path) -> bool:
    """Say whether a path is a file in a folder or below it, and no link."""
    if any(len(part.encode("utf-8", "replace")) > 255 for part in path.parts):
        return False
    real = path.is_file() and not path.is_symlink()
    return real and path.resolve().is_relative_to(folder.resolve())
