"""Archives and compressed files: what is in them opens, bombs and traps do not."""

import bz2
import errno
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embeddings import EmbeddingError, load
from embeddings.files import archives
from embeddings.files.archives import is_packed, unpacked
from embeddings.files.compression import title

TEXT = b"cat\t0.5\t1\ndog\t1\t0.25\n"


def zstd(content: bytes) -> bytes:
    class Unclosed(io.BytesIO):
        def close(self) -> None: ...

    sink = Unclosed()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue()


COMPRESS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}


def zip_of(path: Path, members: dict[str, bytes], **options: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, **options)
    return path


def tar_of(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def contents(path: Path) -> tuple[dict[str, bytes], list[str]]:
    notes: list[str] = []
    with unpacked(path, notes.append) as members:
        found = {member.name: member.path.read_bytes() for member in members}
    return found, notes


def says_packed(path: Path) -> bool:
    return is_packed(path.read_bytes()[: 2**20], path)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_compressed_file_is_the_file_without_its_last_suffix(tmp_path, suffix):
    path = tmp_path / f"cc.en.300.vec{suffix}"
    path.write_bytes(COMPRESS[suffix](TEXT))
    assert says_packed(path)
    assert contents(path) == ({"cc.en.300.vec": TEXT}, [])


def test_titles_lose_the_suffixes_of_packing_only(tmp_path):
    names = ["my.set.tar.gz", "my.set.tgz", "my.set.zip", "my.set.tar", "my.set.xz", "my.set"]
    assert {title(tmp_path / name) for name in names} == {"my.set"}


@pytest.mark.parametrize("suffix", COMPRESS)
def test_streams_behind_each_other_are_one_file(tmp_path, suffix):
    """As `cat a.gz b.gz` and parallel compressors write them, larger than a block."""
    first, second = TEXT * 100_000, b"end\t1\t1\n"
    path = tmp_path / f"a.tsv{suffix}"
    path.write_bytes(COMPRESS[suffix](first) + COMPRESS[suffix](second))
    assert contents(path)[0]["a.tsv"] == first + second


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("cut", [10, 0.5, -2])
def test_a_stream_that_is_cut_short_is_refused(tmp_path, suffix, cut):
    whole = COMPRESS[suffix](np.random.default_rng(0).bytes(10_000))
    path = tmp_path / f"a.tsv{suffix}"
    path.write_bytes(whole[: int(len(whole) * cut) if cut == 0.5 else cut])
    with pytest.raises(EmbeddingError, match=r"a\.tsv.*: damaged or incomplete (gzip|bzip2|xz|zs)"):
        contents(path)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_bomb_is_stopped_while_it_is_written(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"a.npy{suffix}"
    path.write_bytes(COMPRESS[suffix](bytes(20 * 2**20)))
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", str(2**20))
    monkeypatch.setattr(archives.tempfile, "tempdir", str(tmp_path))
    with pytest.raises(EmbeddingError, match="unpacks to at least 2,097,152 bytes, more than the"):
        contents(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_an_archive_keeps_its_folders(tmp_path, pack):
    members = {"set/vectors.tsv": TEXT, "set/images/é 1.png": b"png", "labels.txt": b"a\nb\n"}
    path = pack(tmp_path / "bundle", members)
    assert says_packed(path)
    assert contents(path) == (members, [])


@pytest.mark.parametrize("mode", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("name", ["a.tar.{}", "a.t{}", "upload"])
def test_a_compressed_tar_is_its_members(tmp_path, mode, name):
    path = tar_of(tmp_path / name.format(mode), {"vectors.tsv": TEXT}, f"w:{mode}")
    assert contents(path) == ({"vectors.tsv": TEXT}, [])


def test_a_tar_without_a_mark_opens_by_its_name(tmp_path):
    path = tar_of(tmp_path / "old.tar", {"vectors.tsv": TEXT})
    raw = bytearray(path.read_bytes())
    raw[257:265] = bytes(8)
    raw[148:156] = b" " * 8
    raw[148:156] = f"{sum(raw[:512]):06o}\0 ".encode()
    path.write_bytes(raw)
    assert says_packed(path)
    assert contents(path) == ({"vectors.tsv": TEXT}, [])


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_what_a_system_leaves_behind_is_no_member(tmp_path, pack):
    junk = ["__MACOSX/._a.tsv", "set/.DS_Store", "set/._a.tsv", "Thumbs.db"]
    path = pack(tmp_path / "bundle", {"set/a.tsv": TEXT} | dict.fromkeys(junk, b"junk"))
    assert contents(path) == ({"set/a.tsv": TEXT}, [])


@pytest.mark.parametrize("pack", [zip_of, tar_of])
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../evil.tsv", "leads out"),
        ("set/../../evil.tsv", "leads out"),
        ("..\\evil.tsv", "leads out"),
        ("/etc/evil.tsv", "absolute"),
        ("C:\\evil.tsv", "absolute"),
        ("~/evil.tsv", "absolute"),
        ("x" * 256, "no file can have"),
        ("a/" * 600 + "b", "no file can have"),
        ("a.tsv/b.tsv", "another member has"),
        (".", "leads out"),
    ],
)
def test_names_that_lead_elsewhere_are_left_out_and_named(tmp_path, pack, name, why):
    place = tmp_path / "inner"
    place.mkdir()
    path = pack(place / "bundle", {"a.tsv": TEXT, name: b"evil"})
    found, notes = contents(path)
    assert found == {"a.tsv": TEXT}
    (note,) = notes
    assert (
        note.startswith("left out")
        and why in note
        and name.replace("\\", "/")[:20] in (note.replace("\\", "/"))
    )
    assert not list(tmp_path.rglob("evil*"))


def test_members_of_one_name_are_not_written_over(tmp_path):
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.tsv", TEXT)
        archive.writestr("a.tsv", b"other")
    assert contents(path) == (
        {"a.tsv": TEXT},
        ["left out a.tsv: a name that another member has"],
    )


def test_links_and_devices_in_a_tar_are_left_out(tmp_path):
    path = tmp_path / "bundle.tar"
    with tarfile.open(path, "w") as archive:
        kinds = {
            "link.tsv": tarfile.SYMTYPE,
            "hard.tsv": tarfile.LNKTYPE,
            "dev.tsv": tarfile.CHRTYPE,
            "fifo.tsv": tarfile.FIFOTYPE,
        }
        for name, kind in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("a.tsv")
        info.size = len(TEXT)
        archive.addfile(info, io.BytesIO(TEXT))
    found, notes = contents(path)
    assert found == {"a.tsv": TEXT}
    assert notes == [
        "left out link.tsv, hard.tsv, dev.tsv, fifo.tsv: a link or a device, not a regular file"
    ]


def test_a_link_in_a_zip_is_left_out(tmp_path):
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.tsv")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.tsv", TEXT)
    found, notes = contents(path)
    assert found == {"a.tsv": TEXT} and "link.tsv: a link" in notes[0]


def test_a_name_with_a_nul_is_left_out(tmp_path):
    path = tmp_path / "bundle.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a.tsv", "b.tsv\0.png"):
            info = tarfile.TarInfo("a.tsv")
            info.size, info.pax_headers = len(TEXT), {"path": name}
            archive.addfile(info, io.BytesIO(TEXT))
    found, notes = contents(path)
    assert found == {"a.tsv": TEXT}
    assert len(notes) == 1 and "a name that no file can have" in notes[0]


def test_sparse_files_in_a_tar_are_left_out(tmp_path):
    path = tar_of(tmp_path / "bundle.tar", {"a.tsv": TEXT, "hole": TEXT})
    raw = bytearray(path.read_bytes())
    start = raw.index(b"hole\0")
    raw[start + 156] = ord("S")  # GNU's type of sparse files
    raw[start + 257 : start + 265] = b"ustar  \0"
    raw[start + 345 : start + 512] = bytes(167)
    raw[start + 386 : start + 410] = b"%011o\0%011o\0" % (0, len(TEXT))
    raw[start + 483 : start + 495] = b"%011o\0" % len(TEXT)
    raw[start + 148 : start + 156] = b" " * 8
    raw[start + 148 : start + 156] = b"%06o\0 " % sum(raw[start : start + 512])
    path.write_bytes(raw)
    with tarfile.open(path) as archive:
        assert archive.getmember("hole").issparse()
    found, notes = contents(path)
    assert found == {"a.tsv": TEXT}
    assert notes == ["left out hole: a link or a device, not a regular file"]


def test_members_packed_by_a_method_without_a_memory_limit_are_left_out(tmp_path):
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.tsv", TEXT, zipfile.ZIP_BZIP2)
        archive.writestr("b.tsv", TEXT, zipfile.ZIP_LZMA)
    found, notes = contents(path)
    assert found == {"a.tsv": TEXT}
    assert notes == ["left out b.tsv: packed by a rare method; pack it with deflate"]


def test_a_full_disk_is_not_called_damage(tmp_path, monkeypatch):
    def full(target, source, written=0, block=b""):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = zip_of(tmp_path / "a.zip", {"a.tsv": TEXT})
    monkeypatch.setattr(archives, "_write", full)
    with pytest.raises(EmbeddingError, match=r"a\.zip: no space left to unpack it in .*TMPDIR"):
        contents(path)


def test_encrypted_members_are_left_out(tmp_path):
    path = zip_of(tmp_path / "bundle.zip", {"a.tsv": TEXT, "b.tsv": TEXT})
    raw = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = raw.rindex(magic) + offset
        raw[place] |= 1
    path.write_bytes(raw)
    found, notes = contents(path)
    assert found == {"a.tsv": TEXT}
    assert notes == ["left out b.tsv: encrypted; pack it without a password"]


def test_archives_within_an_archive_are_left_out(tmp_path):
    inner = zip_of(tmp_path / "inner.zip", {"a.tsv": TEXT}).read_bytes()
    members = {"a.tsv": TEXT, "inner.zip": inner, "b.tsv.gz": gzip.compress(TEXT)}
    found, notes = contents(zip_of(tmp_path / "outer.zip", members))
    assert found == {"a.tsv": TEXT}
    assert notes == [
        "left out inner.zip, b.tsv.gz: an archive or a compressed file within the archive"
    ]


def test_an_npz_within_an_archive_is_a_member(tmp_path):
    content = io.BytesIO()
    np.savez(content, vectors=np.eye(2))
    path = zip_of(tmp_path / "outer.zip", {"minilm.npz": content.getvalue()})
    assert contents(path) == ({"minilm.npz": content.getvalue()}, [])


def test_an_npz_is_no_archive_but_arrays_beside_a_table_are(tmp_path):
    np.savez(tmp_path / "a.npz", vectors=np.eye(2))
    assert not says_packed(tmp_path / "a.npz")
    renamed = (tmp_path / "a.npz").rename(tmp_path / "a.zip")
    assert not says_packed(renamed)
    array = zipfile.ZipFile(renamed).read("vectors.npy")
    mixed = zip_of(tmp_path / "mixed.zip", {"vectors.npy": array, "labels.txt": b"a\nb\n"})
    assert says_packed(mixed)
    assert set(contents(mixed)[0]) == {"vectors.npy", "labels.txt"}


def test_a_damaged_npz_is_left_to_its_reader(tmp_path):
    path = zip_of(tmp_path / "a.npz", {"a.tsv": TEXT})
    assert not says_packed(path)
    path.write_bytes(path.read_bytes()[:-5])
    assert not says_packed(path)


def test_a_file_of_pytorch_is_no_archive(tmp_path):
    """Its pickle is refused as a whole, not looked for as a member."""
    assert not says_packed(zip_of(tmp_path / "m.zip", {"m/data.pkl": b"x", "m/data/0": b"x"}))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("model.weights.h5", "a Keras model"),
        ("xl/workbook.xml", "an Excel workbook"),
        ("zarr.json", "a zarr store"),
    ],
)
def test_zips_that_are_another_format_are_refused_by_name(tmp_path, name, what):
    path = zip_of(tmp_path / "a.bin", {"config.json": b"{}", name: b""})
    with pytest.raises(EmbeddingError, match=f"a.bin: the file is {what}"):
        contents(path)


def test_a_zip_that_unpacks_to_too_much_is_refused_unread(tmp_path, monkeypatch):
    path = zip_of(tmp_path / "bomb.zip", {f"{i}.tsv": bytes(2**20) for i in range(10)})
    assert path.stat().st_size < 20_000
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "5000000")
    with pytest.raises(EmbeddingError, match=r"bomb\.zip: it unpacks to 10,485,760 bytes"):
        contents(path)


def test_a_zip_with_wrong_sizes_is_refused(tmp_path, monkeypatch):
    path = zip_of(tmp_path / "bomb.zip", {"a.tsv": bytes(10 * 2**20)})
    raw = path.read_bytes().replace(struct.pack("<I", 10 * 2**20), struct.pack("<I", 100))
    path.write_bytes(raw)
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "5000000")
    with pytest.raises(EmbeddingError, match=r"bomb\.zip: damaged"):
        contents(path)


def test_a_tar_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    members = {f"{i}.tsv": bytes(2**20) for i in range(10)}
    path = tar_of(tmp_path / "bomb.tar", members)
    monkeypatch.setenv("EMBEDDING_MAX_BYTES", "5000000")
    with pytest.raises(EmbeddingError, match=r"bomb\.tar: it unpacks to 5,242,880 bytes"):
        contents(path)


def test_a_tar_whose_names_are_absurdly_long_is_refused_before_they_are_read(tmp_path):
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 2**30
    path = tmp_path / "bomb.tar"
    with path.open("wb") as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        file.truncate(2**30)
    with pytest.raises(
        EmbeddingError, match=r"bomb\.tar: its list of members claims to take 1,073,741"
    ):
        contents(path)


def test_a_zip_whose_list_of_members_is_absurdly_long_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "bomb.zip"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(2**25)
        file.seek(2**25)
        file.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, 2**25, 0, 0))
    assert says_packed(path)
    with pytest.raises(EmbeddingError, match=r"bomb\.zip: its list of members claims to take 33,5"):
        contents(path)


def test_xz_that_needs_absurd_memory_is_refused(tmp_path):
    raw = bytearray(lzma.compress(TEXT))
    raw[16] = 40  # a dictionary of 4 GiB, in the header of the first block
    raw[20:24] = struct.pack("<I", zlib.crc32(raw[12:20]))
    path = tmp_path / "a.tsv.xz"
    path.write_bytes(raw)
    with pytest.raises(EmbeddingError, match=r"a\.tsv\.xz: .*xz \(Memory usage limit exceeded\)"):
        contents(path)


def test_padding_between_streams_of_xz_is_skipped(tmp_path):
    path = tmp_path / "a.tsv.xz"
    path.write_bytes(lzma.compress(TEXT) + bytes(4) + lzma.compress(TEXT) + bytes(8))
    assert contents(path)[0]["a.tsv"] == TEXT + TEXT


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 5)
    path = zip_of(tmp_path / "many.zip", {f"{i}.tsv": TEXT for i in range(6)})
    with pytest.raises(EmbeddingError, match="more than 5 files"):
        contents(path)


def test_nothing_left_is_an_error_with_the_reason(tmp_path):
    with pytest.raises(EmbeddingError, match=r"nothing in it can be opened; \.\./a\.tsv: a name"):
        contents(zip_of(tmp_path / "a.zip", {"../a.tsv": TEXT}))
    empty = zip_of(tmp_path / "empty.zip", {})
    assert says_packed(empty)
    with pytest.raises(EmbeddingError, match=r"empty\.zip: nothing in it can be opened"):
        contents(empty)


def test_an_archive_within_gzip_is_refused(tmp_path):
    inner = zip_of(tmp_path / "inner.zip", {"a.tsv": TEXT}).read_bytes()
    path = tmp_path / "inner.zip.gz"
    path.write_bytes(gzip.compress(inner))
    with pytest.raises(EmbeddingError, match="an archive within gzip"):
        contents(path)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_archives_raise_one_error_or_open(tmp_path, seed):
    rng = np.random.default_rng(seed)
    members = {"a.tsv": TEXT * 50, "b/c.tsv": rng.bytes(500)}
    pack, name = [
        (zip_of, "a.zip"), (tar_of, "a.tar"), (lambda p, m: tar_of(p, m, "w:gz"), "a.tgz"),
        (lambda p, m: tar_of(p, m, "w:xz"), "a.txz"),
    ][seed % 4]  # fmt: skip
    path = pack(tmp_path / name, members)
    raw = bytearray(path.read_bytes())
    for place in rng.integers(4, len(raw), size=6):
        raw[place] = rng.integers(256)
    path.write_bytes(raw[: rng.integers(len(raw) // 2, len(raw) + 1)])
    try:
        contents(path)
    except EmbeddingError as error:
        assert str(error).startswith(f"{name}: ")


def test_files_are_gone_afterwards_but_what_maps_them_stays(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(1000.0))
    path = zip_of(tmp_path / "a.zip", {"a.npy": (tmp_path / "a.npy").read_bytes(), "b.txt": b"x"})
    with unpacked(path, print) as members:
        (file,) = [member.path for member in members if member.name == "a.npy"]
        mapped = np.load(file, mmap_mode="r")
    assert not file.exists()
    assert mapped.sum() == 499_500


def test_a_member_without_a_name_is_left_out(tmp_path):
    path = zip_of(tmp_path / "bundle.zip", {"a.tsv": TEXT, "b": b"b"})
    raw = bytearray(path.read_bytes())
    for magic, length, name in ((b"PK\x01\x02", 28, 46), (b"PK\x03\x04", 26, 30)):
        place = raw.rindex(magic)
        raw[place + length : place + length + 2] = b"\0\0"
        del raw[place + name]
    end = raw.rindex(b"PK\x05\x06")
    raw[end + 12 : end + 20] = struct.pack(
        "<II", end - raw.index(b"PK\x01\x02"), raw.index(b"PK\x01\x02")
    )
    path.write_bytes(raw)
    assert "" in zipfile.ZipFile(path).namelist()
    assert says_packed(path)
    assert contents(path)[0] == {"a.tsv": TEXT}
    assert len(load(path, note=lambda _: None)) == 2
