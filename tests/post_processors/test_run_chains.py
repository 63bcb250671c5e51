"""Chains of post-processors: what is kept, what goes on after an error, and that an image is never lost."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith import plugin
from imagesmith.errors import Cancelled, PostProcessError
from imagesmith.interfaces import Artifact
from imagesmith.options import Options
from imagesmith.plan import GivenOptions, PlannedPostProcessor
from imagesmith.post_processors.artifice import Artifice
from imagesmith.post_processors.checksum import Checksum
from imagesmith.post_processors.compress import Compress
from imagesmith.post_processors.manifest import Manifest
from imagesmith.post_processors.running import run_chains
from imagesmith.post_processors.shell_local import ShellLocal
from tests.provisioners.local_remote import Scene

IMAGE = Artifact(
    builder_id="alibaba.alicloud",
    id="cn-beijing:m-1",
    description="Alicloud images were created",
    images={"cn-beijing": "m-1"},
    generated={"ID": "i-1", "Password": "geheim"},
)

THIRD_PARTY = """
import dataclasses
from imagesmith.interfaces import Artifact, PostProcessed
from imagesmith.options import Options, option

class Pack(Options):
    target: str = option(doc="The file to make.")
    keeps: bool = option(default=False, doc="What it says about its input.")
    broken: bool = option(default=False, doc="Whether it has a fault.")

    def process(self, artifact, context):
        if self.broken:
            raise KeyError("oops")
        with open(self.target, "w") as file:
            file.write("packed")
        made = Artifact(builder_id="pack", id=self.target, description="a pack", files=(self.target,))
        return PostProcessed(made, keep_input=self.keeps)
"""


@pytest.fixture
def pack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Any]]:
    """A third party's post-processor, installed as pip would install it."""
    site = folder / "site"
    (site / "packer_pack-1.dist-info").mkdir(parents=True)
    (site / "packer_pack-1.dist-info" / "METADATA").write_text("Name: packer-pack\nVersion: 1\n")
    entry = "[imagesmith.post_processors]\npack = packer_pack:Pack\n"
    (site / "packer_pack-1.dist-info" / "entry_points.txt").write_text(entry)
    (site / "packer_pack.py").write_text(THIRD_PARTY)
    monkeypatch.syspath_prepend(str(site))
    yield plugin.load("post_processors", "pack")
    plugin.load.cache_clear()
    sys.modules.pop("packer_pack", None)


def step(options: Options, keep: bool | None = None, name: str = "") -> PlannedPostProcessor:
    kind = {"ShellLocal": "shell-local"}.get(type(options).__name__, type(options).__name__.lower())
    return PlannedPostProcessor(type=kind, configuration=GivenOptions(options), name=name, keep_input_artifact=keep)


def names(artifacts: list[Artifact]) -> list[str]:
    return [artifact.id for artifact in artifacts]


def test_without_chains_the_builders_artifact_is_what_there_is(scene: Scene) -> None:
    assert run_chains((), IMAGE, scene.post_process()) == [IMAGE]


def test_the_built_in_ones_pass_the_image_on(scene: Scene) -> None:
    show = ShellLocal(inline=["echo {{build `ID`}} $PACKER_BUILD_NAME $A $PACKER_RUN_UUID"], environment_vars=["A=b"])
    chains = ((step(Manifest()), step(show)), (step(show),))
    assert run_chains(chains, IMAGE, scene.post_process()) == [IMAGE]
    run = json.loads(Path("packer-manifest.json").read_text())["last_run_uuid"]
    assert scene.stdout == [f"i-1 web b {run}"] * 2


def test_one_text_as_execute_command_is_for_a_shell(scene: Scene) -> None:
    show = ShellLocal(inline=["echo $A"], env={"A": "b"}, execute_command=["echo one; {{.Vars}} {{.Script}}"])
    run_chains(((step(show),),), IMAGE, scene.post_process())
    assert scene.stdout == ["one", "b"]


def test_an_error_ends_its_own_chain_and_nothing_else(scene: Scene, pack: type[Any]) -> None:
    bad, worse = ShellLocal(inline=["exit 5"]), pack(target="x", broken=True)
    good = ShellLocal(inline=["echo ran"])
    chains = ((step(bad, name="first"), step(good)), (step(pack(target="p")),), (step(good),), (step(worse),))
    with pytest.raises(PostProcessError) as caught:
        run_chains(chains, IMAGE, scene.post_process())
    assert scene.stdout == ["ran"]
    assert 'post-processor "first" failed: the inline local script ended with exit status 5' in caught.value.message
    assert 'post-processor "pack" failed: an unexpected KeyError' in caught.value.message
    assert names(list(caught.value.artifacts)) == ["cn-beijing:m-1", "p"]
    assert "geheim" not in repr(caught.value.artifacts)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("keep", [None, True, False])
def test_an_image_is_never_removed(scene: Scene, pack: type[Any], keep: bool | None) -> None:
    Path("checksum").write_text("of the image")
    image = dataclasses.replace(IMAGE, files=("checksum",))
    made = run_chains(((step(pack(target="p"), keep),),), image, scene.post_process())
    assert names(made) == ["cn-beijing:m-1", "p"]
    assert Path("checksum").exists()


@pytest.mark.parametrize("keep", [None, True, False])
def test_an_image_stays_when_what_comes_after_it_fails(scene: Scene, keep: bool | None) -> None:
    Path("report").touch()
    lasts = (
        Compress(output="report"),
        Artifice(files=["none"]),
        Checksum(output="report/x"),
        ShellLocal(inline=["false"]),
    )
    for last in lasts:
        chains = ((step(last, keep),), (step(Artifice(files=["report"]), keep), step(last, keep)))
        for chain in chains[isinstance(last, Checksum) :]:
            with pytest.raises(PostProcessError) as caught:
                run_chains((chain,), IMAGE, scene.post_process())
            assert caught.value.artifacts[0].images == IMAGE.images
            assert Path("report").exists()


@pytest.mark.parametrize(
    ("keep", "says", "stays"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False), (False, False, False)],
)
def test_local_files_stay_as_the_template_or_else_the_post_processor_says(
    scene: Scene, pack: type[Any], keep: bool | None, says: bool, stays: bool
) -> None:
    Path("disk").write_text("disk")
    built = Artifact(builder_id="b", id="disk", description="", files=("disk",))
    made = run_chains(((step(pack(target="p", keeps=says), keep),),), built, scene.post_process())
    assert Path("disk").exists() == stays
    assert names(made) == (["disk", "p"] if stays else ["p"])


def test_what_lies_between_two_steps_goes_unless_it_is_kept(scene: Scene, pack: type[Any]) -> None:
    for keep, expected in ((None, ["cn-beijing:m-1", "b"]), (True, ["cn-beijing:m-1", "a", "b"])):
        chain = (step(pack(target="a")), step(pack(target="b"), keep))
        assert names(run_chains((chain,), IMAGE, scene.post_process())) == expected
        assert Path("a").exists() == (keep is True)


def test_a_post_processor_that_must_keep_its_input_does(scene: Scene) -> None:
    Path("disk").write_text("disk")
    built = Artifact(builder_id="b", id="disk", description="", files=("disk",))
    assert names(run_chains(((step(Manifest(), keep=False),),), built, scene.post_process())) == ["disk"]
    assert Path("disk").exists()


def test_what_is_passed_on_unchanged_is_the_next_ones_to_keep(scene: Scene, pack: type[Any]) -> None:
    built = Artifact(builder_id="b", id="disk", description="", files=("disk",))
    for keep, expected in ((None, ["p"]), (True, ["disk", "p"])):
        Path("disk").write_text("disk")
        chain = (step(Manifest(), keep=keep), step(pack(target="p")))
        assert names(run_chains((chain,), built, scene.post_process())) == expected
        assert Path("disk").exists() == (keep is True)


def test_no_file_of_an_artifact_that_is_kept_is_removed(scene: Scene, pack: type[Any]) -> None:
    Path("disk").write_text("disk")
    built = Artifact(builder_id="b", id="disk", description="", files=("disk",))
    chain = (step(Checksum()), step(pack(target="p")))
    assert names(run_chains((chain,), built, scene.post_process())) == ["disk", "p"]
    assert Path("disk").exists()
    assert not Path("packer_web_null_md5.checksum").exists()


def test_no_local_file_goes_before_other_chains_have_used_it(scene: Scene) -> None:
    Path("disk").write_text("disk")
    built = Artifact(builder_id="b", id="disk", description="", files=("disk",))
    chains = tuple((step(Compress(output=name)),) for name in ("one.gz", "two.xz"))
    made = run_chains(chains, built, scene.post_process())
    assert [one.files for one in made] == [("one.gz",), ("two.xz",)]
    assert not Path("disk").exists()


def test_local_files_stay_when_a_chain_fails(scene: Scene, pack: type[Any]) -> None:
    Path("disk").write_text("disk")
    built = Artifact(builder_id="b", id="disk", description="", files=("disk",))
    with pytest.raises(PostProcessError):
        run_chains(((step(pack(target="x", broken=True)),), (step(pack(target="p")),)), built, scene.post_process())
    assert Path("disk").exists()


def test_cancelling_ends_all_chains(scene: Scene) -> None:
    scene.on_output = lambda line: scene.cancel.cancel("test")
    show = ShellLocal(inline=["echo started; sleep 60"])
    with pytest.raises(Cancelled):
        run_chains(((step(show),), (step(show),)), IMAGE, scene.post_process())
    assert scene.stdout == ["started"]
