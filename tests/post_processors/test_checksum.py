"""Checksum files: their lines, their names, and what goes on."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import Cancelled, PostProcessError, TemplateError
from imagesmith.interfaces import Artifact
from imagesmith.options import Given, complete, decode
from imagesmith.post_processors.checksum import Checksum
from tests.effects import shows
from tests.provisioners.local_remote import Scene

TYPES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
BUILT = Artifact("b", "built", "", files=("out/disk.raw", "out/notes"), generated={"ID": "i-1", "Password": "geheim"})


@pytest.fixture(autouse=True)
def built(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "disk.raw").write_bytes(b"disk" * 1_000_000)
    (folder / "out" / "notes").write_text("notes")


def sums(scene: Scene, artifact: Artifact = BUILT, **given: Any) -> Artifact:
    done = complete(Checksum(**given)).process(artifact, scene.post_process())
    assert done.keep_input
    assert done.keep_forced
    return done.artifact


@shows(Checksum, "checksum_types")
def test_each_type_has_a_file_with_a_line_for_each_file(scene: Scene) -> None:
    made = sums(scene, checksum_types=TYPES)
    assert made.files == (*BUILT.files, *(f"packer_web_null_{kind}.checksum" for kind in TYPES))
    assert made.description == f"Created artifact from files: {', '.join(made.files)}"
    for kind in TYPES:
        text = Path(f"packer_web_null_{kind}.checksum").read_text()
        tool = [f"{kind}sum", "out/disk.raw", "out/notes"]
        told = subprocess.run(tool, check=True, capture_output=True, text=True).stdout
        assert text == told.replace("  out/", "\t")


def test_md5_is_what_there_is_without_a_word(scene: Scene) -> None:
    assert sums(scene).files[2:] == ("packer_web_null_md5.checksum",)


@shows(Checksum, "output")
def test_the_output_is_named_after_the_build_and_its_folder_is_made(scene: Scene) -> None:
    name = "sums/{{.BuildName}}/{{.BuilderType}}-{{build `ID`}}.{{.ChecksumType}}"
    assert sums(scene, output=name, checksum_types=["sha1"]).files[2:] == ("sums/web/null-i-1.sha1",)
    assert Path("sums/web/null-i-1.sha1").read_text().count("\n") == 2


def test_lines_are_appended_and_an_old_file_is_not_part_of_what_was_made(scene: Scene) -> None:
    both = sums(scene, output="all", checksum_types=["md5", "sha256"])
    assert both.files == (*BUILT.files, "all")
    assert [len(line.split("\t")[0]) for line in Path("all").read_text().splitlines()] == [32, 32, 64, 64]
    again = sums(scene, output="all")
    assert again.files == BUILT.files
    assert Path("all").read_text().splitlines()[4] == f"{hashlib.md5(b'disk' * 1_000_000).hexdigest()}\tdisk.raw"


def test_a_cloud_image_goes_on_as_it_is(scene: Scene) -> None:
    image = Artifact("alibaba.alicloud", "cn-beijing:m-1", "", images={"cn-beijing": "m-1"})
    assert sums(scene, image) is image
    assert "has no files" in scene.said[0]


@pytest.mark.parametrize(
    ("files", "output", "expected"),
    [
        (("missing",), "sums", '"missing" could not be read'),
        (("out/notes",), "out/notes", "is a file of the artifact itself"),
        (("out/notes",), "out/notes/sums", '"out/notes/sums" could not be written'),
    ],
)
def test_what_can_not_be_done_is_a_clear_error(
    scene: Scene, files: tuple[str, ...], output: str, expected: str
) -> None:
    with pytest.raises(PostProcessError) as caught:
        sums(scene, Artifact("b", "i", "", files=files), output=output)
    assert expected in caught.value.message
    assert Path("out/notes").read_text() == "notes"


def test_an_unknown_type_is_found_before_the_build() -> None:
    with pytest.raises(TemplateError, match='there is no "sha3"') as caught:
        decode(Checksum, [Given("checksum_types", ["md5", "sha3"])], owner="checksum")
    assert "sha512" in str(caught.value)


def test_cancelling_ends_it(scene: Scene, folder: Path) -> None:
    scene.cancel.cancel("test")
    with pytest.raises(Cancelled):
        sums(scene)
    assert [path.name for path in folder.iterdir()] == ["out"]
