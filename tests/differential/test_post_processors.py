"""The same template through Debian's packer 1.6.6 and through imagesmith: the files that are there in the end.

What differs on purpose: imagesmith does not delete a file that belongs to an artifact it lists (packer does when
``compress`` follows ``checksum``), nor anything when a post-processor fails, writes bzip2 into ``.bz2`` and lists an
artifact once.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import lz4.frame
import pytest

pytestmark = [
    pytest.mark.packer,
    pytest.mark.skipif(not shutil.which("packer"), reason="packer is not installed"),
]
OUTPUTS = ["tar", "zip", "gz", "lz4", "bgzf", "xz", "tar.gz", "tar.lz4", "tar.bgzf", "tar.xz", "tar.zip", "tgz", "raw"]
COMPRESS = [
    *({"output": f"all.{extension}"} for extension in OUTPUTS),
    {},
    {"output": "formed.raw", "format": "zip"},
    {"output": "formed", "format": "tar.gz"},
    {"output": "formed.gz", "format": "tar"},
    {"output": "formed.{{.BuildName}}.{{.BuilderType}}.zip", "format": "gz", "compression_level": 1},
    {"output": "deep/folder/made.xz"},
]
Folder = dict[str, object]


def both(folder: Path, *chains: list[Any], times: int = 1) -> tuple[Folder, Folder]:
    """What is in the folder of either program after its builds."""
    builder = {"type": "file", "name": "web", "content": "hello hello hello", "target": "sub/made.txt"}
    template = json.dumps({"builders": [builder], "post-processors": chains})
    programs = {"theirs": ["packer", "build"], "ours": [sys.executable, "-m", "imagesmith", "build"]}
    found = []
    for program, command in programs.items():
        place = folder / program
        place.mkdir(exist_ok=True)
        (place / "sub").mkdir(exist_ok=True)
        (folder / "t.json").write_text(template)
        for _ in range(times):
            done = subprocess.run([*command, "../t.json"], cwd=place, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        found.append({str(path.relative_to(place)): content(path) for path in place.rglob("*") if path.is_file()})
    return found[0], found[1]


def content(path: Path) -> object:
    """What is in a file, whichever way it is packed; of archives the members, their modes and contents."""
    data = path.read_bytes()
    if path.suffix == ".json":
        builds = json.loads(data)["builds"]
        return [{key: one[key] for key in ("name", "builder_type", "artifact_id", "files")} for one in builds]
    if data[:2] == b"\x1f\x8b":
        return "gzip", _inside(gzip.decompress(data)), data[3] & 4, data[-28:] if data[3] & 4 else b""
    if data[:6] == b"\xfd7zXZ\0":
        return "xz", _inside(lzma.decompress(data))
    if data[:4] == b"\x04\x22\x4d\x18":
        return "lz4", _inside(lz4.frame.decompress(data))
    if data[:3] == b"BZh":
        return "bzip2", _inside(bz2.decompress(data))
    return _inside(data)


def _inside(data: bytes) -> object:
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return [(one.name, one.mode, one.size, one.mtime, tar.extractfile(one).read()) for one in tar]  # type: ignore[union-attr]
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [(one.filename, archive.read(one)) for one in archive.infolist()]
    return data


@pytest.mark.parametrize("options", COMPRESS, ids=str)
def test_compress(tmp_path: Path, options: dict[str, Any]) -> None:
    theirs, ours = both(tmp_path, [{"type": "compress", **options}, {"type": "manifest"}])
    for folder in (theirs, ours):
        del folder["packer-manifest.json"][0]["files"][0]["size"]  # type: ignore[index]
    assert ours == theirs
    assert "sub/made.txt" not in ours


@pytest.mark.parametrize("keep", [None, True, False])
@pytest.mark.parametrize("kind", ["compress", "checksum", "artifice", "manifest", "shell-local"])
def test_what_is_kept(tmp_path: Path, kind: str, keep: bool | None) -> None:
    step: dict[str, Any] = {"type": kind} if keep is None else {"type": kind, "keep_input_artifact": keep}
    step |= {"artifice": {"files": ["sub/other.txt"]}, "shell-local": {"inline": ["true"]}}.get(kind, {})
    for program in ("theirs", "ours"):
        (tmp_path / program / "sub").mkdir(parents=True)
        (tmp_path / program / "sub" / "other.txt").write_text("other")
    theirs, ours = both(tmp_path, [step], [step])
    assert ours == theirs


@pytest.mark.parametrize("times", [1, 2])
def test_checksum(tmp_path: Path, times: int) -> None:
    types = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]
    first = [{"type": "checksum", "checksum_types": types}, {"type": "manifest", "output": "one.json"}]
    deep = {"type": "checksum", "output": "new/{{.BuilderType}}-{{.BuildName}}.{{.ChecksumType}}"}
    second = [deep, {"type": "manifest", "output": "two.json"}]
    theirs, ours = both(tmp_path, first, second, times=times)
    assert ours == theirs
    assert len(ours) == len(types) + 4


def test_artifice(tmp_path: Path) -> None:
    make = {"type": "shell-local", "inline": ["echo b > b.img; echo a > a.img"]}
    chain = [
        make,
        {"type": "artifice", "files": ["*.img"]},
        {"type": "manifest"},
        {"type": "compress", "output": "x.tar"},
    ]
    theirs, ours = both(tmp_path, chain)
    assert ours == theirs
    assert "a.img" not in ours


@pytest.mark.parametrize("keep", [None, True])
@pytest.mark.parametrize("through", [{"type": "manifest"}, {"type": "shell-local", "inline": ["true"]}])
def test_what_a_step_passes_on_the_next_one_uses_up(tmp_path: Path, through: Folder, keep: bool | None) -> None:
    last: dict[str, Any] = {"type": "compress", "output": "x.gz"}
    theirs, ours = both(tmp_path, [dict(through), {**last, "keep_input_artifact": True} if keep else last])
    assert ours == theirs
    assert ("sub/made.txt" in ours) == bool(keep)


def test_a_file_that_is_listed_is_there_which_is_not_so_with_packer(tmp_path: Path) -> None:
    sums = {"type": "checksum", "output": "sum"}
    theirs, ours = both(tmp_path, [sums, {"type": "compress", "output": "all.tar"}])
    assert ours == {**theirs, "sub/made.txt": b"hello hello hello"}
    assert "sub/made.txt" not in theirs


def test_bz2_is_bzip2_which_is_not_so_with_packer(tmp_path: Path) -> None:
    theirs, ours = both(tmp_path, [{"type": "compress", "output": "x.bz2"}])
    assert theirs["x.bz2"][0] == "gzip"  # type: ignore[index]
    assert ours["x.bz2"] == ("bzip2", b"hello hello hello")
