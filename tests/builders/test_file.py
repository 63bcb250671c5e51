"""The builder ``file``: it writes a file, and there is no machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imagesmith import build
from imagesmith.checking import check_plan
from imagesmith.errors import TemplateError, TransferError
from imagesmith.plan import TemplateRequest
from imagesmith.template import load


def template(folder: Path, builder: dict[str, Any], **more: Any) -> Path:
    path = folder / "t.json"
    path.write_text(json.dumps({"builders": [{"type": "file", **builder}], **more}))
    return path


def test_content_is_written_and_folders_are_made(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er" / "out"
    (artifact,) = build(template(tmp_path, {"target": str(target), "content": "é\n{{build_name}}"}))
    assert target.read_text() == "é\nfile"
    assert target.stat().st_mode & 0o777 == 0o600
    assert (artifact.id, artifact.builder_id, artifact.files) == ("File", "packer.file", (str(target),))
    assert artifact.description == f"Stored file: {target}"


def test_a_source_is_copied_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(bytes(range(256)))
    build(template(tmp_path, {"target": str(tmp_path / "out"), "source": str(tmp_path / "in")}))
    assert (tmp_path / "out").read_bytes() == bytes(range(256))


def test_post_processors_get_the_file_and_it_goes_when_a_chain_does_not_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build(template(tmp_path, {"target": "out", "content": "x"}, **{"post-processors": ["manifest"]}))
    (entry,) = json.loads((tmp_path / "packer-manifest.json").read_text())["builds"]
    assert (entry["artifact_id"], entry["files"]) == ("File", [{"name": "out", "size": 1}])
    assert Path("out").exists()


def test_what_is_left_is_what_the_build_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chains = {"post-processors": [[{"type": "compress", "output": "out.xz"}, "checksum"]]}
    made = build(template(tmp_path, {"target": "out", "content": "x"}, **chains))
    assert [one.files for one in made] == [("out.xz",), ("out.xz", "packer_file_file_md5.checksum")]
    assert not Path("out").exists()
    chains["post-processors"].append(["manifest"])
    made = build(template(tmp_path, {"target": "out", "content": "x"}, **chains))
    assert [one.files for one in made] == [("out",), ("out.xz",), ("out.xz",)]
    assert Path("out").exists()


def test_provisioners_run_without_any_machine(tmp_path: Path) -> None:
    steps = [
        {"type": "shell", "inline": [f"touch {tmp_path}/never"]},
        {"type": "file", "source": str(tmp_path), "destination": "/nowhere/at/all"},
        {"type": "file", "source": "/there", "destination": str(tmp_path / "got"), "direction": "download"},
        {"type": "shell-local", "inline": [f"touch {tmp_path}/here"]},
    ]
    build(template(tmp_path, {"target": str(tmp_path / "out"), "content": "x"}, provisioners=steps))
    assert not (tmp_path / "never").exists()
    assert (tmp_path / "here").exists()
    assert (tmp_path / "got").read_bytes() == b""


def test_a_file_that_cannot_be_written_fails_the_build(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="directory"):
        build(template(tmp_path, {"target": str(tmp_path), "content": "x"}))
    with pytest.raises(TransferError, match="nonexistent"):
        build(template(tmp_path, {"target": str(tmp_path / "out"), "source": "/nonexistent"}))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"content": "x"}, "target"),
        ({"target": "out", "content": "x", "source": "y"}, "source and content"),
        ({"target": "out", "content": "x", "communicator": "none"}, "communicator"),
        ({"target": "out", "content": "x", "ssh_username": "u"}, "ssh_username"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(options: dict[str, Any], word: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=word):
        check_plan(load(TemplateRequest(str(template(tmp_path, options)))))


def test_an_empty_file_is_a_warning_only(tmp_path: Path) -> None:
    (warning,) = check_plan(load(TemplateRequest(str(template(tmp_path, {"target": "out"})))))
    assert (warning.severity, "empty" in warning.summary) == ("warning", True)
