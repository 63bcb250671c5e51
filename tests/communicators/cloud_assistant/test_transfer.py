"""Files by Cloud Assistant: in parts, checked, with their modes; and nothing left on the way."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from imagesmith.errors import TransferError
from imagesmith_alicloud.assistant_remote import AssistantRemote
from imagesmith_simulator.alicloud import SimulatedAlicloud
from tests.communicators.cloud_assistant.test_run import left

NOISE = random.Random(5).randbytes(400_000)


def test_a_file_of_many_parts_goes_there_and_back(
    remote: AssistantRemote, cloud: SimulatedAlicloud, tmp_path: Path
) -> None:
    (tmp_path / "noise").write_bytes(NOISE)
    before = sum(call.action == "SendFile" for call in cloud.calls())
    remote.upload(tmp_path / "noise", "/root/noise file", mode=0o640)
    assert sum(call.action == "SendFile" for call in cloud.calls()) - before == -(-len(NOISE) // 24_000)
    assert remote.run("stat -c '%a %s' '/root/noise file'").stdout == "640 400000\n"
    assert left(remote) == ["1"]
    remote.download("/root/noise file", tmp_path / "back" / "noise")
    assert (tmp_path / "back" / "noise").read_bytes() == NOISE


def test_small_and_empty_content(remote: AssistantRemote, tmp_path: Path) -> None:
    remote.upload(b"", "/root/empty")
    remote.upload(b"#!/bin/sh\n", "~/script", mode=0o700)
    assert remote.run("stat -c '%a %s' /root/empty /root/script").stdout == "644 0\n700 10\n"
    remote.download("/root/empty", tmp_path / "empty")
    assert (tmp_path / "empty").read_bytes() == b""


@pytest.mark.parametrize("contents_only", [False, True])
def test_a_tree_keeps_its_modes(remote: AssistantRemote, tmp_path: Path, contents_only: bool) -> None:
    tree = tmp_path / "tree"
    (tree / "deep er").mkdir(parents=True)
    (tree / "deep er" / "run").write_text("x")
    (tree / "deep er" / "run").chmod(0o755)
    target = f"/root/trees-{contents_only}"
    remote.upload_tree(tree, target, contents_only=contents_only)
    inside = target if contents_only else f"{target}/tree"
    assert remote.run(f"stat -c %a '{inside}/deep er/run'").stdout == "755\n"
    remote.download_tree(f"{inside}/deep*", tmp_path / "back")
    assert (tmp_path / "back" / "deep er" / "run").stat().st_mode & 0o777 == 0o755


def test_what_goes_wrong_is_told(remote: AssistantRemote, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match=r"could not be uploaded to /nowhere/x.*(must exist|No such)"):
        remote.upload(b"x", "/nowhere/x")
    with pytest.raises(TransferError, match="/root is a directory"):
        remote.upload(b"x", "/root")
    with pytest.raises(TransferError, match="could not be downloaded"):
        remote.download("/root/no-such", tmp_path / "x")
    with pytest.raises(TransferError, match="no such file or directory"):
        remote.download_tree("/root/no-such*", tmp_path / "x")
    assert left(remote) == ["1"]


def test_a_damaged_part_is_noticed(remote: AssistantRemote, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = remote.agent.send
    monkeypatch.setattr(remote.agent, "send", lambda name, content: sent(name, content[:-1] + b"?"))
    with pytest.raises(TransferError, match="damaged on its way"):
        remote.upload(b"precious", "/root/precious")
    assert remote.run("test -e /root/precious").exit_status == 1
