"""Hugging Face data sets on disk: folders written by `save_to_disk`, and Parquet shards of the hub.

Layouts: a folder of state.json, dataset_info.json and data-00000-of-0000N.arrow; a folder of
dataset_dict.json and one such folder for each split; or data/SPLIT-00000-of-0000N.parquet.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from embeddings.errors import EmbeddingError
from embeddings.files.archives import Member
from embeddings.files.draft import Draft
from embeddings.files.hugging_face.schema import with_features
from embeddings.files.limits import error_context, first_line
from embeddings.files.options import ReadContext
from embeddings.files.tabular.embedding_table import METADATA_KEY, from_table
from embeddings.files.tabular.shards import read_shards
from embeddings.text import count_noun, listed

_JSON_BYTES = 64 * 2**20
_SHARD = re.compile(r"(.+?)-(\d{5})-of-(\d{5})(?:-[0-9a-f]+)?\.(?:parquet|arrow)")
_DESCRIBING = re.compile(
    r"(state|dataset_dict|dataset_infos?)\.json|README.*|LICENSE.*|\..*", re.IGNORECASE
)
_SPLIT_NAME = re.compile(
    r"(?:.*[-_.])?(train|training|test|testing|validation|valid|val|dev|eval|unsupervised)"
)


@dataclass(frozen=True)
class _Split:
    """One part of a data set.

    Attributes
    ----------
    shards : name and file of each shard, in order; None for a missing file
    folder : name of the folder that holds them
    state : content of its state.json; {} without one
    """

    name: str
    shards: tuple[tuple[str, Member | None], ...]
    folder: str
    state: dict[str, Any]


def is_dataset(members: Sequence[Member]) -> bool:
    """Return True if files, named as in their folder, are a data set of one of the layouts."""
    return bool(_splits(members))


def load(members: Sequence[Member], context: ReadContext, name: str = "") -> Draft:
    """Read one split of a data set.

    Parameters
    ----------
    members : the files of the folder, of the archive, or given together
    name : name of the set; by default the one in dataset_info.json

    Raises
    ------
    EmbeddingError
        a shard that is missing, damaged or has other columns, or no vectors
    """
    splits = _splits(members)
    split = _choose(splits, members, context)
    missing = [file for file, member in split.shards if member is None]
    if missing:
        raise EmbeddingError(
            f"split {split.name} lacks {listed(missing)} (of "
            f"{count_noun(len(split.shards), 'file')}); add what is missing"
        )
    if split.state.get("_indices_data_files") or split.state.get("_indices_files"):
        raise EmbeddingError(
            f"split {split.name} is stored as a list of rows of another table; write it again with "
            "load_from_disk(folder).flatten_indices().save_to_disk(other)"
        )
    _note_ignored(splits, members, context)
    paths = [member.path for _, member in split.shards if member is not None]
    table = read_shards(paths)
    info = _info(split, members)
    _note_rows(info, split, table.num_rows, context)
    features = info.get("features")
    if isinstance(features, dict) and features:
        table = with_features(table, features)
    named = METADATA_KEY in (table.schema.metadata or {})
    with error_context(paths[0]):
        draft = from_table(table, paths[0], context)
    if named:
        return draft
    title = name or _text(info, "dataset_name") or split.folder.split("/")[0] or "data set"
    if len(splits) > 1:
        title = f"{title} {split.name}"
    return replace(draft, provenance=replace(draft.provenance, name=title))


def _splits(members: Sequence[Member]) -> list[_Split]:
    return _saved(members) or _sharded(members)


def _choose(splits: list[_Split], members: Sequence[Member], context: ReadContext) -> _Split:
    """Return the selected split; by default train, or else the first."""
    names = [split.name for split in splits]
    missing = [name for name in _listed_splits(members) if name not in names]
    if missing:
        context.note(f"missing splits: {listed(missing)}")
    if len(splits) == 1:
        return splits[0]
    default = "train" if "train" in names else names[0]
    others = listed(name for name in names if name != default)
    assumed = f"took split {default}; other splits: {others}"
    selected = context.choose("split", names, default, assumed)
    return splits[names.index(selected or default)]


def _saved(members: Sequence[Member]) -> list[_Split]:
    """Return the splits written by save_to_disk, in the order of dataset_dict.json."""
    by_name = {member.name: member for member in members}
    states = {}
    for member in members:
        folder, _, file = member.name.rpartition("/")
        if file == "state.json":
            state = _json(member)
            if isinstance(state.get("_data_files"), list):
                states[folder] = state
    order = _listed_splits(members)
    found = []
    for folder, state in states.items():
        inside = PurePosixPath(folder).name
        many = len(states) > 1 or inside in order
        shards = [
            (file, by_name.get(f"{folder}/{file}".lstrip("/")))
            for entry in state["_data_files"]
            if isinstance(entry, dict) and (file := PurePosixPath(_text(entry, "filename")).name)
        ]
        name = inside if many else _text(state, "_split") or inside or "train"
        if shards:
            found.append(_Split(name, tuple(shards), folder, state))
    found.sort(key=lambda split: order.index(split.name) if split.name in order else len(order))
    return found


def _sharded(members: Sequence[Member]) -> list[_Split]:
    """Return the splits by the names of shards, or of files called train, test, ..."""
    groups: dict[str, dict[int, Member]] = {}
    counts: dict[str, set[int]] = {}
    whole = []
    for member in sorted(members, key=lambda member: member.name):
        match = _SHARD.fullmatch(member.name)
        if match:
            groups.setdefault(match[1], {})[int(match[2])] = member
            counts.setdefault(match[1], set()).add(int(match[3]))
        elif member.name.endswith((".parquet", ".arrow")):
            whole.append(member)
    if len(whole) + len(groups) > 1 and all(_SPLIT_NAME.fullmatch(_stem(each)) for each in whole):
        for member in whole:
            start = member.name.rpartition(".")[0]
            groups[start], counts[start] = {0: member}, {1}
    folders = {start.rpartition("/")[0] for start in groups}
    found = []
    for start, shards in groups.items():
        folder, _, file = start.rpartition("/")
        count = max(*counts[start], max(shards) + 1)
        files = tuple(
            (shards[i].name if i in shards else f"{start}-{i:05}-of-{count:05}", shards.get(i))
            for i in range(count)
        )
        found.append(_Split(file if len(folders) == 1 else start, files, folder, {}))
    return found


def _listed_splits(members: Sequence[Member]) -> list[str]:
    """Return the splits that dataset_dict.json names."""
    for member in members:
        if PurePosixPath(member.name).name == "dataset_dict.json":
            splits = _json(member).get("splits")
            if isinstance(splits, list):
                return [split for split in splits if isinstance(split, str)]
    return []


def _info(split: _Split, members: Sequence[Member]) -> dict[str, Any]:
    """Return the dataset_info.json of a split's folder, else the one at the top; {} for none."""
    by_name = {member.name: member for member in members}
    for name in (f"{split.folder}/dataset_info.json".lstrip("/"), "dataset_info.json"):
        if name in by_name:
            return _json(by_name[name])
    return {}


def _note_rows(info: dict[str, Any], split: _Split, rows: int, context: ReadContext) -> None:
    """Note how many rows several shards have, and if dataset_info.json states another number."""
    if len(split.shards) > 1:
        context.note(
            f"put {len(split.shards)} shards of split {split.name} together: {rows:,} rows"
        )
    splits = info.get("splits")
    described = splits.get(split.name) if isinstance(splits, dict) else None
    count = described.get("num_examples") if isinstance(described, dict) else None
    if isinstance(count, int) and count != rows:
        context.note(
            f"dataset_info.json states {count:,} rows for split {split.name}, the files hold "
            f"{rows:,}, as they do after a filter"
        )


def _note_ignored(
    splits: Sequence[_Split], members: Sequence[Member], context: ReadContext
) -> None:
    used = {member.name for split in splits for _, member in split.shards if member is not None}
    ignored = [
        each.name
        for each in members
        if each.name not in used and not _DESCRIBING.fullmatch(PurePosixPath(each.name).name)
    ]
    if ignored:
        context.note(f"left out {listed(ignored)}: not part of the data set")


def _json(member: Member) -> dict[str, Any]:
    """Return a JSON object; {} for other JSON, which describes nothing.

    Raises
    ------
    EmbeddingError
        the file is not JSON, or larger than 64 MiB
    """
    size = member.path.stat().st_size
    if size > _JSON_BYTES:
        raise EmbeddingError(
            f"{member.name}: a description of {size:,} bytes; expected at most {_JSON_BYTES:,}"
        )
    try:
        found = json.loads(member.path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise EmbeddingError(
            f"{member.name}: not JSON ({first_line(error)}); write the data set again"
        ) from error
    return found if isinstance(found, dict) else {}


def _text(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    return value if isinstance(value, str) else ""


def _stem(member: Member) -> str:
    return PurePosixPath(member.name).stem.lower()
