"""``fix`` and ``hcl2_upgrade`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imagesmith.cli import program

NULL = {"type": "null", "communicator": "none"}


def template(folder: Path, **parts: Any) -> Path:
    path = folder / "old.json"
    path.write_text(json.dumps({"builders": [NULL], **parts}))
    return path


def test_fix_prints_the_template_and_leaves_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = template(tmp_path, builders=[{**NULL, "ssh_key_path": "k"}])
    before = path.read_text()
    assert program.run(["fix", str(path)]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown)["builders"] == [{**NULL, "ssh_private_key_file": "k"}]
    assert path.read_text() == before


def test_fix_looks_at_the_result_unless_told_not_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = template(tmp_path, bogus=1)
    assert program.run(["fix", str(path)]) == 2
    assert 'unknown top-level key "bogus"' in capsys.readouterr().err
    assert program.run(["fix", "-validate=false", str(path)]) == 0
    assert '"bogus": 1' in capsys.readouterr().out


def test_fix_is_for_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.run(["fix", str(tmp_path / "t.pkr.hcl")]) == 2
    assert "is for JSON templates" in capsys.readouterr().err


def test_upgrade_writes_beside_the_template_and_says_when_it_replaces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = template(tmp_path)
    assert program.run(["hcl2_upgrade", str(path)]) == 0
    assert program.run(["hcl2_upgrade", str(path)]) == 0
    made = f"{path}.pkr.hcl"
    assert capsys.readouterr().out.splitlines() == [f"Successfully created {made}", f"Replaced {made}"]
    assert program.run(["validate", made]) == 0


def test_upgrade_says_what_needs_a_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = template(tmp_path, provisioners=[{"type": "shell-local", "inline": ["{{sed `a` `b`}}"]}])
    assert program.run(["hcl2_upgrade", f"-output-file={tmp_path / 'new.pkr.hcl'}", str(path)]) == 1
    shown = capsys.readouterr()
    assert "1 place needs your hand" in shown.out
    assert "old.json:1:" in shown.err


def test_upgrade_shows_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = {"variables": {"p": "hunter2{{sed `a`}}"}, "sensitive-variables": ["p"]}
    assert program.run(["hcl2_upgrade", str(template(tmp_path, **parts))]) == 1
    shown = capsys.readouterr()
    assert "hunter2" not in shown.out + shown.err


def test_upgrade_names_a_place_that_can_not_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "nowhere" / "x.pkr.hcl"
    assert program.run(["hcl2_upgrade", f"-output-file={nowhere}", str(template(tmp_path))]) == 2
    assert "can't be written" in capsys.readouterr().err
