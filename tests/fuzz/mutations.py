"""How the fuzz run damages a file: bytes, blocks, numbers, names, and what goes with what."""

import gzip
import io
import random
import re
import struct
import zipfile
from collections.abc import Callable, Sequence

from tests.fuzz.seeds import Seed

_MAGICS = (
    b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"\x93NUMPY\x01\0", b"PK\x03\x04",
    b"\x89HDF\r\n\x1a\n", b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd",
    b"FEA1", b"\x80\x04", b"{", b"[",
    b"<", b"\xff\xfe", b"\xef\xbb\xbf", b"\x89PNG\r\n\x1a\n", b"24 6\n", b"\0",
)  # fmt: skip
_NUMBERS = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**64 - 1)
_TEXT_NUMBERS = (
    b"0", b"-1", b"999999999999", b"9223372036854775807", b"18446744073709551616", b"1e999",
    b"-1e38", b"1e-400", b"nan", b"inf", b"", b"9" * 400, b"1,5", b"0x10",
)  # fmt: skip
_TOKENS = (
    b'"', b"'", b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"[", b"]", b"{", b"}", b":", b" ",
    b"\xff", b"\xc3", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\\ud800", b"null", b"...", b"NaN",
    b"\\", b"=1",
)  # fmt: skip
_ENDS = (
    ".npy", ".npz", ".parquet", ".csv", ".tsv", ".json", ".bin", ".vec", ".txt", ".zip", ".gz",
    ".tar", ".h5ad", ".pkl", ".bytes", ".pbtxt", "", ".feather", ".safetensors", ".png",
)  # fmt: skip
_HEAD = 4096
_DEPTHS = (50, 900, 5_000, 200_000)


def mutated(all_seeds: Sequence[Seed], seed: int, index: int) -> tuple[str, dict[str, bytes]]:
    """Return what one input is, in words, and its files; the same for the same numbers.

    Parameters
    ----------
    seed : of the whole run
    index : number of the input, from 0
    """
    rng = random.Random(f"{seed}/{index}")
    chosen = all_seeds[index % len(all_seeds)]
    files, done = dict(chosen.files), []
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        name = rng.choice(sorted(files))
        change = rng.choice(_CHANGES)
        done.append(f"{change.__name__.lstrip('_')} {name}")
        if change is _spliced:
            other = rng.choice(all_seeds)
            files[name] = _spliced(files[name], rng, other.files[rng.choice(sorted(other.files))])
        else:
            files[name] = change(files[name], rng)
    if rng.random() < 0.2:
        done.append(rng.choice(_ARRANGEMENTS)(files, rng, all_seeds))
    return f"{chosen.name}: {', '.join(done)}", files


def _place(content: bytes, rng: random.Random) -> int:
    """Return a position, half of the time near the start or the end, where headers are."""
    near = min(len(content), _HEAD)
    places = (rng.randrange(len(content) + 1), rng.randrange(near + 1))
    return rng.choice((*places, places[0], len(content) - places[1]))


def _flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 20)) if content else 0):
        changed[min(_place(content, rng), len(content) - 1)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _overwrite(content: bytes, rng: random.Random) -> bytes:
    at, length = _place(content, rng), rng.choice((1, 4, 16, 300))
    run = rng.choice((bytes(length), b"\xff" * length, rng.randbytes(length), b"A" * length))
    return content[:at] + run + content[at + length :]


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: _place(content, rng)]


def _cut_start(content: bytes, rng: random.Random) -> bytes:
    return content[_place(content, rng) :]


def _remove(content: bytes, rng: random.Random) -> bytes:
    at = _place(content, rng)
    return content[:at] + content[at + rng.choice((1, 7, 64, 1000)) :]


def _insert(content: bytes, rng: random.Random) -> bytes:
    at = _place(content, rng)
    what = rng.choice(
        (rng.choice(_TOKENS), rng.choice(_TOKENS) * 100, rng.randbytes(rng.choice((1, 33))))
    )
    return content[:at] + what + content[at:]


def _insert_tokens(content: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.choice((2, 10))):
        at = _place(content, rng)
        content = content[:at] + rng.choice(_TOKENS) + content[at:]
    return content


def _repeat(content: bytes, rng: random.Random) -> bytes:
    at, length = _place(content, rng), rng.choice((1, 16, 512, 20_000))
    return (
        content[:at] + content[at : at + length] * rng.choice((2, 3, 50)) + content[at + length :]
    )


def _swap(content: bytes, rng: random.Random) -> bytes:
    """Let two blocks change places."""
    length = rng.choice((4, 8, 64))
    a, b = sorted((_place(content, rng), _place(content, rng)))
    b = max(b, a + length)
    return (
        content[:a] + content[b : b + length] + content[a + length : b]
        + content[a : a + length] + content[b + length :]
    )  # fmt: skip


def _spliced(content: bytes, rng: random.Random, other: bytes = b"") -> bytes:
    return content[: _place(content, rng)] + other[_place(other, rng) :]


def _number(content: bytes, rng: random.Random) -> bytes:
    """Replace 2, 4 or 8 bytes by a number at the end of a type's range, or one off by a little."""
    size, kind = rng.choice(((2, "<H"), (4, "<I"), (4, ">I"), (8, "<Q")))
    at = _place(content, rng)
    if rng.random() < 0.7:
        at -= at % size
    was = content[at : at + size]
    if len(was) < size:
        return content
    value = rng.choice((*_NUMBERS, struct.unpack(kind, was)[0] + rng.choice((-1, 1, 255))))
    return content[:at] + struct.pack(kind, value % 2 ** (8 * size)) + content[at + size :]


def _numeral(content: bytes, rng: random.Random) -> bytes:
    """Replace numbers that are written as text, half of the time among the first."""
    for _ in range(rng.choice((1, 1, 3))):
        found = list(re.finditer(rb"-?\d[\d.]*(?:e-?\d+)?", content[: 50 * _HEAD]))
        if found:
            match = rng.choice(found[:6] if rng.random() < 0.5 else found)
            content = content[: match.start()] + rng.choice(_TEXT_NUMBERS) + content[match.end() :]
    return content


def _magic(content: bytes, rng: random.Random) -> bytes:
    magic = rng.choice(_MAGICS)
    return magic + (content[len(magic) :] if rng.random() < 0.5 else content)


def _nest(content: bytes, rng: random.Random) -> bytes:
    """Put a list, or an object, of great depth where a value was."""
    begin, end = rng.choice(
        ((b"[", b"]"), (b'{"a":', b"}"), (b"[{", b"}]"), (b"{", b"}"), (b"(", b")"))
    )
    depth = rng.choice(_DEPTHS)
    deep = begin * depth + b"1" + end * rng.choice((depth, 0))
    found = list(re.finditer(rb"\d+|\"[^\"]{0,40}\"", content[: 10 * _HEAD]))
    match = rng.choice(found) if found else None
    return content[: match.start()] + deep + content[match.end() :] if match else deep


def _line(content: bytes, rng: random.Random) -> bytes:
    """Repeat, remove, shorten or lengthen a line."""
    lines = content.split(b"\n")
    i = rng.randrange(len(lines))
    cells = re.split(rb"([ \t,;])", lines[i])
    choices = (
        [lines[i]] * rng.choice((2, 1000)), [], [b""], [lines[i][: len(lines[i]) // 2]],
        [lines[i] + b" " + lines[i]], [b"".join(cells[:-2])],
        [b"".join(rng.sample(cells, len(cells)))], [lines[i].upper()],
        [lines[i].replace(b" ", b"\t").replace(b",", b";")],
    )  # fmt: skip
    lines[i : i + 1] = rng.choice(choices)
    return b"\n".join(lines)


def _encode(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(
        rng.choice(("utf-16", "utf-16-be", "utf-8-sig", "cp1252", "utf-32")), "replace"
    )


def _line_ends(content: bytes, rng: random.Random) -> bytes:
    return content.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b" \n", b"\t\n")))


_CHANGES: tuple[Callable[..., bytes], ...] = (
    _flip, _flip, _flip, _overwrite, _overwrite, _cut, _cut, _cut_start, _remove, _insert,
    _insert_tokens, _repeat, _swap, _spliced, _number, _number, _number, _numeral, _numeral, _magic,
    _nest, _line, _encode, _line_ends,
)  # fmt: skip


def _rename(files: dict[str, bytes], rng: random.Random, _: Sequence[Seed]) -> str:
    old = rng.choice(sorted(files))
    name = old.partition(".")[0] + rng.choice(_ENDS)
    files[name] = files.pop(old)
    return f"renamed to {name}"


def _gzip(files: dict[str, bytes], rng: random.Random, _: Sequence[Seed]) -> str:
    name = rng.choice(sorted(files))
    files[f"{name}.gz"] = gzip.compress(files.pop(name), 1, mtime=0)
    return f"{name} within gzip"


def _pack(files: dict[str, bytes], rng: random.Random, _: Sequence[Seed]) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, each in files.items():
            archive.writestr(zipfile.ZipInfo(name), each, rng.choice((0, 8)))
    files.clear()
    files[rng.choice(("all.zip", "all.npz"))] = content.getvalue()
    return "all within a zip"


def _join(files: dict[str, bytes], rng: random.Random, all_seeds: Sequence[Seed]) -> str:
    """Add a file of another set."""
    other = rng.choice(all_seeds)
    name = rng.choice(sorted(other.files))
    files[f"other_{name}"] = other.files[name]
    return f"with {name} of {other.name}"


def _lose(files: dict[str, bytes], rng: random.Random, _: Sequence[Seed]) -> str:
    if len(files) == 1:
        return "as it is"
    name = rng.choice(sorted(files))
    del files[name]
    return f"without {name}"


_ARRANGEMENTS = (_rename, _rename, _gzip, _pack, _join, _join, _lose)
