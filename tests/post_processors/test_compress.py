"""Archives and compressed files: what is in them, that they are the same every time, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lz4.frame
import pytest

from imagesmith.errors import Cancelled, PostProcessError, TemplateError
from imagesmith.interfaces import Artifact
from imagesmith.options import Given, complete, decode
from imagesmith.post_processors.compress import Compress
from tests.effects import shows
from tests.provisioners.local_remote import Scene

CONTENT = b"hello " * 40_000 + random.Random(1).randbytes(100_000)
READERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.decompress,
    "bgzf": gzip.decompress,
    "bz2": bz2.decompress,
    "bzip2": bz2.decompress,
    "lz4": lz4.frame.decompress,
    "xz": lzma.decompress,
}


@pytest.fixture
def disk(folder: Path) -> Artifact:
    """One file in a folder, as a builder has made it."""
    (folder / "out").mkdir()
    (folder / "out" / "disk.raw").write_bytes(CONTENT)
    (folder / "out" / "disk.raw").chmod(0o640)
    return Artifact(builder_id="b", id="disk", description="", files=("out/disk.raw",), generated={"ID": "i-1"})


def compress(scene: Scene, artifact: Artifact, **given: Any) -> Path:
    done = complete(Compress(**given)).process(artifact, scene.post_process())
    assert not done.keep_input
    (name,) = done.artifact.files
    assert done.artifact.builder_id == "packer.post-processor.compress"
    assert done.artifact.description == f"compressed artifacts in: {name}"
    assert not [path for path in Path(name).absolute().parent.iterdir() if path.name.endswith(".tmp")]
    return Path(name)


def members(archive: bytes) -> dict[str, tuple[int, bytes]]:
    """The modes and contents of a tar archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = {}
        for member in tar:
            assert (member.uid, member.gid, member.mtime) == (0, 0, 0)
            file = tar.extractfile(member)
            assert file is not None
            found[member.name] = (member.mode, file.read())
        return found


@pytest.mark.parametrize("extension", sorted(READERS))
def test_one_file_is_compressed_as_the_extension_says(scene: Scene, disk: Artifact, extension: str) -> None:
    made = compress(scene, disk, output=f"deep/disk.{extension}")
    assert READERS[extension](made.read_bytes()) == CONTENT
    inside = compress(scene, disk, output=f"disk.tar.{extension}")
    assert members(READERS[extension](inside.read_bytes())) == {"disk.raw": (0o640, CONTENT)}


@pytest.mark.parametrize("name", ["packed", "packed.tgz", "packed.dat", "a.b.raw"])
def test_what_no_extension_says_is_a_tar_archive_in_gzip(scene: Scene, disk: Artifact, name: str) -> None:
    assert list(members(gzip.decompress(compress(scene, disk, output=name).read_bytes()))) == ["disk.raw"]


@shows(Compress, "format")
def test_the_format_counts_more_than_the_extension(scene: Scene, disk: Artifact) -> None:
    made = compress(scene, disk, output="disk.gz", format="tar")
    assert made.name == "disk.gz"
    assert list(members(made.read_bytes())) == ["disk.raw"]
    assert list(members(lzma.decompress(compress(scene, disk, output="d", format="tar.xz").read_bytes())))
    assert lzma.decompress(compress(scene, disk, output="d.tar", format="xz").read_bytes())


@shows(Compress, "output")
def test_the_output_is_named_after_the_build(scene: Scene, disk: Artifact) -> None:
    made = compress(scene, disk, output="{{.BuildName}}/{{.BuilderType}}-{{build `ID`}}.zip")
    assert str(made) == "web/null-i-1.zip"
    assert zipfile.is_zipfile(made)


def test_without_an_output_the_name_is_packers(scene: Scene, disk: Artifact) -> None:
    assert str(compress(scene, disk)) == "packer_web_null"


@shows(Compress, "compression_level")
@pytest.mark.parametrize("extension", ["bgzf", "gz", "tar.lz4", "xz", "zip"])
def test_the_level_says_how_small_it_gets(scene: Scene, disk: Artifact, extension: str) -> None:
    words = [str(number % 977).encode() for number in range(200_000)]
    Path(disk.files[0]).write_bytes(b" ".join(words))
    small = compress(scene, disk, output=f"small.{extension}", compression_level=9).stat().st_size
    large = compress(scene, disk, output=f"large.{extension}", compression_level=1).stat().st_size
    assert small < large


@pytest.mark.parametrize("level", [-1, 0, 6])
def test_the_usual_level_is_six(scene: Scene, disk: Artifact, level: int) -> None:
    usual = compress(scene, disk, output="usual.gz").read_bytes()
    assert compress(scene, disk, output="given.gz", compression_level=level).read_bytes() == usual


@pytest.mark.parametrize("name", ["x.tar", "x.zip", *(f"x.tar.{extension}" for extension in READERS)])
def test_the_same_files_give_the_same_archive(scene: Scene, disk: Artifact, name: str) -> None:
    once = compress(scene, disk, output=f"one/{name}").read_bytes()
    os.utime(disk.files[0], (10**9, 10**9))
    assert compress(scene, disk, output=f"two/other-{name}").read_bytes() == once


def test_several_files_go_into_an_archive_with_their_modes(scene: Scene, folder: Path) -> None:
    names = [f"file-{number}" for number in range(20)] + ["ünï", "n" * 150]
    for number, name in enumerate(names):
        (folder / name).write_bytes(bytes([number]) * number * 100)
        (folder / name).chmod(0o700 + number)
    artifact = Artifact(builder_id="b", id="x", description="", files=tuple(names))
    expected = {name: (0o700 + number, bytes([number]) * number * 100) for number, name in enumerate(names)}
    assert members(compress(scene, artifact, output="all.tar").read_bytes()) == expected
    with zipfile.ZipFile(compress(scene, artifact, output="all.zip")) as archive:
        found = {one.filename: (stat.S_IMODE(one.external_attr >> 16), archive.read(one)) for one in archive.infolist()}
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert found == expected


def test_no_name_in_a_zip_archive_leads_out_of_it(scene: Scene, folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "x").write_text("x")
    files = (f"{folder}/x", "a/../x", "./a/.././../" + folder.name + "/x")
    with zipfile.ZipFile(compress(scene, Artifact("b", "i", "", files=files), output="a.zip")) as archive:
        assert archive.namelist() == [f"{folder}/x"[1:], "x", f"{folder.name}/x"]


def test_programs_that_everybody_has_read_them(scene: Scene, disk: Artifact) -> None:
    for name, command in {
        "a.tar.gz": "tar xzOf",
        "a.tar.xz": "tar xJOf",
        "a.bgzf": "gzip -dc <",
        "a.gz": "zcat <",
    }.items():
        made = compress(scene, disk, output=name)
        shown = subprocess.run(f"{command} {made}", shell=True, check=True, capture_output=True)
        assert shown.stdout == CONTENT
        assert shown.stderr == b""


def test_blocks_of_bgzf_say_how_long_they_are(scene: Scene, disk: Artifact) -> None:
    """A reader that jumps from block to block, as bgzip's index does, gets to the end marker."""
    data = compress(scene, disk, output="a.bgzf", compression_level=1).read_bytes()
    place, content, block = 0, b"", b"?"
    while place < len(data):
        assert data[place : place + 4] == b"\x1f\x8b\x08\x04"
        assert data[place + 12 : place + 16] == b"BC\x02\x00"
        length = int.from_bytes(data[place + 16 : place + 18], "little") + 1
        block = gzip.decompress(data[place : place + length])
        content += block
        place += length
    assert content == CONTENT
    assert block == b""


@pytest.mark.parametrize(
    ("files", "output", "expected"),
    [
        ((), "a.zip", "this artifact has no files"),
        (("out/disk.raw", "b"), "a.gz", "2 files don't fit into a.gz"),
        (("out/disk.raw", "b/disk.raw"), "a.tar", 'two files have the same name "disk.raw"'),
        (("out/disk.raw", "./out/disk.raw"), "a.zip", 'two files have the same name "out/disk.raw"'),
        (("missing",), "a.tar.gz", 'there is no file "missing"'),
        (("out",), "a.tar.gz", 'there is no file "out"'),
        (("out/disk.raw",), "out/disk.raw", "is a file of the artifact itself"),
        (("out/disk.raw",), "a.{{ `zst` }}", 'can\'t write "zst" files'),
        (("out/disk.raw",), "{{ `` }}", "the output has no name"),
        (("out/disk.raw",), "out/disk.raw/a.zip", '"out/disk.raw/a.zip" could not be written'),
    ],
)
def test_what_can_not_be_done_is_refused_and_nothing_is_touched(
    scene: Scene, disk: Artifact, files: tuple[str, ...], output: str, expected: str
) -> None:
    before = sorted(Path().rglob("*"))
    with pytest.raises(PostProcessError) as caught:
        compress(scene, Artifact("b", "i", "", files=files), output=output)
    assert expected in caught.value.message
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"compression_level": -2}, "can't be less than -1"),
        ({"output": "a.zst"}, 'can\'t write "zst" files'),
        ({"format": "7z"}, 'can\'t write "7z" files'),
    ],
)
def test_wrong_options_are_found_before_the_build(given: dict[str, object], expected: str) -> None:
    with pytest.raises(TemplateError, match=expected):
        decode(Compress, [Given(name, value) for name, value in given.items()], owner="compress")


def test_a_level_of_more_than_nine_is_nine_with_a_warning() -> None:
    _, (warning,) = decode(Compress, [Given("compression_level", 12)], owner="compress")
    assert (warning.severity, "9 is the most" in warning.summary) == ("warning", True)


def test_cancelling_leaves_no_half_of_an_archive(scene: Scene, disk: Artifact, folder: Path) -> None:
    scene.cancel.cancel("test")
    with pytest.raises(Cancelled):
        compress(scene, disk, output="a.tar.gz")
    assert [path.name for path in folder.iterdir()] == ["out"]


def test_without_the_lz4_package_it_says_how_to_get_it(folder: Path) -> None:
    code = (
        "import sys; sys.modules['lz4'] = sys.modules['lz4.frame'] = None\n"
        "from imagesmith.post_processors.compressed_stream import compressed\n"
        "from imagesmith.errors import MissingDependency\n"
        "try: compressed(open('f', 'wb'), 'lz4', 6)\n"
        "except MissingDependency as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert "is not installed" in done.stdout
    assert "pip install 'imagesmith[lz4]'" in done.stdout
