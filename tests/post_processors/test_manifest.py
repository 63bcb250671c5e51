"""The manifest file, side by side with the one that Debian's packer 1.6.6 writes."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from imagesmith import redact
from imagesmith.errors import Cancelled, PostProcessError
from imagesmith.interfaces import Artifact
from imagesmith.post_processors.manifest import Manifest
from tests.effects import shows
from tests.provisioners.local_remote import Scene

IMAGE = Artifact(
    builder_id="alibaba.alicloud",
    id="cn-beijing:m-1,cn-hangzhou:m-2",
    description="Alicloud images were created",
    images={"cn-beijing": "m-1", "cn-hangzhou": "m-2"},
    generated={"ID": "i-1"},
)


def write(scene: Scene, artifact: Artifact = IMAGE, *, force: bool = False, run_id: str = "one", **given: Any) -> Any:
    manifest = Manifest(**given)
    done = manifest.process(artifact, scene.post_process(force=force, run_id=run_id))
    assert done.artifact is artifact
    assert done.keep_input
    assert done.keep_forced
    return json.loads(Path(manifest.output).read_text("utf-8"))


@pytest.mark.packer
@shows(Manifest, "output", "strip_path", "strip_time", "custom_data")
def test_each_option_does_what_packers_does(scene: Scene) -> None:
    compare(scene, strip=True)


@pytest.mark.packer
def test_it_is_what_packer_writes(scene: Scene) -> None:
    compare(scene, strip=False)


def compare(scene: Scene, *, strip: bool) -> None:
    if not shutil.which("packer"):
        pytest.skip("packer is not installed")
    custom = {"b": "<a> & é", "a": "line\u2028end \"q\" 'q' \\ \t", "z": ""}
    options: dict[str, Any] = {"strip_path": strip, "strip_time": strip, "custom_data": custom}
    template = {
        "builders": [{"type": "file", "name": "web", "content": "hello", "target": "out/made.txt"}],
        "post-processors": [{"type": "manifest", "output": "theirs.json", **options}, "manifest"],
    }
    Path("out").mkdir()
    Path("t.json").write_text(json.dumps(template))
    subprocess.run(["packer", "build", "t.json"], check=True, capture_output=True)
    scene.environment = {"PACKER_BUILD_NAME": "web"}
    context = dataclasses.replace(scene.post_process(), builder_type="file")
    made = Artifact(builder_id="packer.file", id="File", description="", files=("out/made.txt",))
    Manifest(output="ours.json", **options).process(made, context)
    Manifest().process(made, context)
    assert same(Path("ours.json")) == same(Path("theirs.json"))
    assert stat.S_IMODE(Path("ours.json").stat().st_mode) == stat.S_IMODE(Path("theirs.json").stat().st_mode)
    # The third file began as packer's and was appended to by us: it is still what packer would have written.
    both = json.loads(Path("packer-manifest.json").read_text())["builds"]
    for entry in both:
        del entry["build_time"], entry["packer_run_uuid"]
    assert both[0] == both[1]


def same(manifest: Path) -> str:
    """The text without what differs between two runs."""
    text = re.sub(r'"build_time": \d+', '"build_time": 0', manifest.read_text("utf-8"))
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)


def test_an_image_has_no_files_and_keeps_its_id(scene: Scene) -> None:
    content = write(scene, custom_data={"source": "{{build `ID`}} of {{ build_name }}"})
    (entry,) = content["builds"]
    assert entry["artifact_id"] == "cn-beijing:m-1,cn-hangzhou:m-2"
    assert entry["files"] is None
    assert entry["custom_data"] == {"source": "i-1 of web"}
    assert entry["packer_run_uuid"] == content["last_run_uuid"] == str(uuid.uuid5(uuid.NAMESPACE_OID, "one"))


def test_runs_are_appended_and_force_drops_earlier_runs_only(scene: Scene) -> None:
    assert len(write(scene)["builds"]) == 1
    assert len(write(scene, run_id="two")["builds"]) == 2
    assert len(write(scene, run_id="two", force=True)["builds"]) == 3
    assert len(write(scene, run_id="three", force=True)["builds"]) == 1


def test_builds_that_end_together_all_get_into_it(scene: Scene) -> None:
    threads = [threading.Thread(target=write, args=(scene,)) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(json.loads(Path("packer-manifest.json").read_text())["builds"]) == 25
    assert [path.name for path in Path().iterdir()] == ["packer-manifest.json"]


def test_processes_that_end_together_all_get_into_it() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from local_remote import Scene\n"
        "from imagesmith.interfaces import Artifact\n"
        "from imagesmith.post_processors.manifest import Manifest\n"
        "made = Artifact(builder_id='b', id='i', description='')\n"
        "for _ in range(5): Manifest().process(made, Scene().post_process())\n"
    )
    helpers = str(Path(__file__).parents[1] / "provisioners")
    processes = [subprocess.Popen([sys.executable, "-c", code, helpers]) for _ in range(3)]
    assert [process.wait(30) for process in processes] == [0, 0, 0]
    assert len(json.loads(Path("packer-manifest.json").read_text())["builds"]) == 15


def test_a_lock_that_a_dead_process_has_left_is_taken_over(scene: Scene) -> None:
    lock = Path("packer-manifest.json.lock")
    lock.touch()
    os.utime(lock, (0, 0))
    write(scene)
    assert "taken for dead" in scene.said[0]
    assert not lock.exists()


def test_waiting_for_a_lock_can_be_cancelled(scene: Scene) -> None:
    Path("packer-manifest.json.lock").touch()
    timer = threading.Timer(0.2, scene.cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        write(scene)
    timer.join()
    assert Path("packer-manifest.json.lock").exists()
    assert not Path("packer-manifest.json").exists()


def test_secrets_are_masked(scene: Scene) -> None:
    redact.register("manifest, \"secret\" 'value'")
    write(scene, custom_data={"password": "is manifest, \"secret\" 'value'."})
    text = Path("packer-manifest.json").read_text()
    assert json.loads(text)["builds"][0]["custom_data"] == {"password": "is <sensitive>."}
    assert "value" not in text


def test_a_link_and_the_mode_of_the_file_stay_as_they_are(scene: Scene, folder: Path) -> None:
    real = folder / "real.json"
    real.touch()
    real.chmod(0o600)
    Path("packer-manifest.json").symlink_to(real)
    write(scene)
    assert Path("packer-manifest.json").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["not json", "[]", '{"builds": 3}', "\udcff"])
def test_another_file_in_its_place_is_left_alone(scene: Scene, text: str) -> None:
    Path("packer-manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PostProcessError, match="is no manifest") as caught:
        write(scene)
    assert "another output" in caught.value.hint
    assert Path("packer-manifest.json").read_bytes() == text.encode("utf-8", "surrogateescape")


def test_a_place_that_can_not_be_written_is_a_clear_error(scene: Scene) -> None:
    Path("file").touch()
    with pytest.raises(PostProcessError, match=r'"file/m\.json" could not be written'):
        write(scene, output="file/m.json")
