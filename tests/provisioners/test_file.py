"""What the file provisioner moves, and where to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import ProvisionError, TemplateError, TransferError
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners.file import File
from tests.provisioners.local_remote import LocalRemote, Scene


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "local"
    (folder / "site" / "css").mkdir(parents=True)
    (folder / "site" / "index.html").write_text("hello")
    (folder / "site" / "css" / "a.css").write_text("a{}")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o750)
    monkeypatch.chdir(folder)
    return folder


def run(remote: LocalRemote, scene: Scene, **given: Any) -> None:
    complete(File(**given)).run(remote, scene.provision)


def test_a_file_keeps_its_mode(local: Path, remote: LocalRemote, scene: Scene) -> None:
    run(remote, scene, source="run.sh", destination="there.sh")
    assert remote.wire == ["upload there.sh 0750"]
    assert (remote.home / "there.sh").read_text() == "#!/bin/sh\n"


def test_a_slash_at_the_end_says_that_the_destination_is_a_folder(
    local: Path, remote: LocalRemote, scene: Scene
) -> None:
    (remote.home / "bin").mkdir()
    run(remote, scene, sources=["run.sh", "site/index.html"], destination="bin/")
    assert sorted(path.name for path in (remote.home / "bin").iterdir()) == ["index.html", "run.sh"]


@pytest.mark.parametrize(("source", "expected"), [("site", "srv/site/css/a.css"), ("site/", "srv/css/a.css")])
def test_a_slash_after_a_folder_means_what_is_in_it(
    local: Path, remote: LocalRemote, scene: Scene, source: str, expected: str
) -> None:
    run(remote, scene, source=source, destination="srv")
    assert (remote.home / expected).read_text() == "a{}"


def test_content_is_written_for_its_owner_only(remote: LocalRemote, scene: Scene) -> None:
    run(remote, scene, content="naïve\n", destination="motd")
    (remote.home / "etc").mkdir()
    run(remote, scene, content="x", destination="etc/")
    assert remote.wire[0] == "upload motd 0600"
    assert (remote.home / "motd").read_text("utf-8") == "naïve\n"
    assert re.fullmatch(r"upload etc/pkr-file-content[0-9a-f]+ 0600", remote.wire[1])


def test_a_download_makes_the_folder_it_goes_to(local: Path, remote: LocalRemote, scene: Scene) -> None:
    (remote.home / "log.txt").write_text("log")
    run(remote, scene, source="log.txt", destination="out/deep/l.txt", direction="download")
    run(remote, scene, source="log.txt", destination="other/", direction="download")
    assert (local / "out/deep/l.txt").read_text() == "log"
    assert (local / "other/log.txt").read_text() == "log"


def test_globs_and_folders_are_downloaded_as_trees(local: Path, remote: LocalRemote, scene: Scene) -> None:
    for name in ("a.log", "b.log", "c.txt", "d/e.log"):
        (remote.home / name).parent.mkdir(exist_ok=True)
        (remote.home / name).write_text(name)
    run(remote, scene, sources=["*.log", "d/"], destination="logs/", direction="download")
    assert sorted(str(path.relative_to(local / "logs")) for path in (local / "logs").rglob("*.*")) == [
        "a.log",
        "b.log",
        "d/e.log",
    ]


def test_a_source_that_was_to_be_made_and_was_not_is_an_error(local: Path, remote: LocalRemote, scene: Scene) -> None:
    with pytest.raises(ProvisionError, match='no file or folder "made-later" to upload'):
        run(remote, scene, source="made-later", destination="x", generated=True)
    with pytest.raises(TransferError):
        run(remote, scene, source="missing", destination="x", direction="download")


def test_without_a_way_into_a_machine_it_says_so(scene: Scene) -> None:
    with pytest.raises(ProvisionError, match='communicator = "none"'):
        File(content="x", destination="y").run(None, scene.provision)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"source": "run.sh"}, "there is no destination"),
        ({"destination": "/x"}, "there is nothing to copy"),
        ({"source": "missing", "destination": "/x"}, 'no file or folder "missing"'),
        ({"source": "run.sh", "content": "x", "destination": "/x"}, "content and source are given"),
        ({"content": "x", "destination": "/x", "direction": "download"}, "content can't be downloaded"),
        ({"source": "run.sh", "destination": "/x", "direction": "sideways"}, 'can\'t be "sideways"'),
    ],
)
def test_wrong_options_are_found_before_the_build(local: Path, given: dict[str, object], expected: str) -> None:
    with pytest.raises(TemplateError) as caught:
        decode(File, [Given(name, value) for name, value in given.items()], owner="file")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"source": "missing", "generated": True},
        {"source": "missing", "direction": "download"},
        {"source": "{{ build `ID` }}/x"},
        {"source": "<unknown>/x"},
    ],
)
def test_sources_that_can_not_be_known_yet_are_accepted(local: Path, given: dict[str, object]) -> None:
    decode(File, [Given("destination", "/x"), *(Given(*entry) for entry in given.items())], owner="file")
