"""Files in the place of an artifact."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagesmith.errors import PostProcessError, TemplateError
from imagesmith.interfaces import Artifact
from imagesmith.options import Given, decode
from imagesmith.post_processors.artifice import Artifice
from tests.effects import shows
from tests.provisioners.local_remote import Scene

IMAGE = Artifact("alibaba.alicloud", "cn-beijing:m-1", "", images={"cn-beijing": "m-1"}, generated={"ID": "i-1"})


@shows(Artifice, "files")
def test_files_and_patterns_take_the_place_of_the_artifact(scene: Scene, folder: Path) -> None:
    (folder / "sub.img").mkdir()
    for name in ("b.img", "a.img", "report", "other"):
        (folder / name).touch()
    done = Artifice(files=["report", "*.img", "a.*"]).process(IMAGE, scene.post_process())
    assert done.artifact.files == ("report", "a.img", "b.img")
    assert done.artifact.description == "Created artifact from files: report, a.img, b.img"
    assert (done.artifact.builder_id, done.artifact.id) == ("packer.post-processor.artifice", "")
    assert done.artifact.generated == {"ID": "i-1"}
    assert (done.keep_input, done.keep_forced) == (True, False)


def test_a_name_that_finds_nothing_is_warned_of_and_nothing_at_all_is_an_error(scene: Scene, folder: Path) -> None:
    (folder / "a").touch()
    assert Artifice(files=["a", "*.img"]).process(IMAGE, scene.post_process()).artifact.files == ("a",)
    assert scene.said[0] == 'Warning: there is no file "*.img"'
    with pytest.raises(PostProcessError, match=r"there are no such files: b, \*\.img") as caught:
        Artifice(files=["b", "*.img"]).process(IMAGE, scene.post_process())
    assert str(folder) in caught.value.hint


@pytest.mark.parametrize("given", [[], [Given("files", [])], [Given("files", [""])]])
def test_it_needs_names(given: list[Given]) -> None:
    with pytest.raises(TemplateError, match="files"):
        decode(Artifice, given, owner="artifice")
