"""The look at a guest before it is provisioned: what is found busy there, and how long that is waited for."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith import events, readiness
from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import Cancelled, ConnectionLost, TemplateError, WaitTimeout
from imagesmith.interfaces import CommandResult
from imagesmith.ledger import Ledger
from imagesmith.lifecycle import Policy, Run, new_run_id
from imagesmith.options import complete
from imagesmith.readiness import wait_until_ready
from imagesmith.waiting import CancelToken
from tests.effects import shows
from tests.provisioners.local_remote import LocalRemote
from tests.provisioners.windows_remote import WindowsRemote

DONE = {"v1": {"datasource": "DataSourceNone", "errors": []}}
FAILED = {"v1": {"datasource": "DataSourceNone", "errors": ["part-001 failed"]}}


class Scene:
    """A guest whose root is a folder here, and a run that waits for it."""

    def __init__(self, folder: Path, run: Run, seen: list[events.Event]) -> None:
        self.root, self.run, self.seen = folder / "root", run, seen
        self.root.mkdir()
        (folder / "home").mkdir()
        self.remote = LocalRemote(folder / "home")

    def write(self, path: str, text: str = "") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(text)
        return new.rename(file)

    def wait(self, **options: Any) -> None:
        given: dict[str, Any] = {"ssh_username": "root", "guest_ready_timeout": 20.0} | options
        wait_until_ready(self.run, self.remote, complete(CommunicatorOptions(**given)))

    def said(self) -> str:
        return "\n".join(event.text for event in self.seen if isinstance(event, events.Message))

    def waited_for(self) -> list[str]:
        return [event.state for event in self.seen if isinstance(event, events.Waiting)]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    seen: list[events.Event] = []
    run_id = new_run_id()
    ledger = Ledger.create(tmp_path / "state", run_id)
    cancel = CancelToken()
    run = Run(run_id=run_id, build_name="t", ledger=ledger, on_event=seen.append, cancel=cancel, policy=Policy())
    made = Scene(tmp_path, run, seen)
    question = readiness.question
    monkeypatch.setattr(readiness, "question", lambda: question(str(made.root)))
    yield made
    ledger.close()


def later(seconds: float, work: Any) -> None:
    threading.Timer(seconds, work).start()


@pytest.mark.parametrize("files", [{}, {"run/cloud-init/result.json": json.dumps(DONE, indent=1)}])
def test_a_guest_that_is_ready_costs_one_command_and_no_step(scene: Scene, files: dict[str, str]) -> None:
    for path, text in files.items():
        scene.write(path, text)
    scene.wait()
    assert len(scene.remote.commands) == 1
    assert scene.seen == []


@pytest.mark.parametrize("sign", ["enabled", "status.json"])
def test_cloud_init_is_waited_for_and_shown(scene: Scene, sign: str) -> None:
    scene.write(f"run/cloud-init/{sign}")
    later(0.8, lambda: scene.write("run/cloud-init/result.json", json.dumps(DONE)))
    scene.wait()
    assert set(scene.waited_for()) == {"busy: cloud-init"}
    assert [event.step for event in scene.seen if isinstance(event, events.StepFinished)] == ["guest ready"]
    assert "errors" not in scene.said()


def test_cloud_init_that_was_disabled_is_not_waited_for(scene: Scene) -> None:
    scene.write("run/cloud-init/disabled")
    scene.wait()
    assert len(scene.remote.commands) == 1


def test_errors_of_cloud_init_are_a_warning(scene: Scene) -> None:
    scene.write("run/cloud-init/result.json", json.dumps(FAILED))
    scene.wait()
    assert "cloud-init has finished with errors" in scene.said()


@pytest.mark.parametrize(
    "path",
    [
        "var/lib/dpkg/lock-frontend",
        "var/lib/dpkg/lock",
        "var/lib/apt/lists/lock",
        "var/cache/apt/archives/lock",
        "var/lib/rpm/.rpm.lock",
        "usr/lib/sysimage/rpm/.rpm.lock",
    ],
)
def test_a_lock_that_a_process_holds_is_waited_for(scene: Scene, path: str) -> None:
    lock = scene.write(path)
    with lock.open("w") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        later(0.6, lambda: fcntl.lockf(held, fcntl.LOCK_UN))
        scene.wait()
    (state,) = set(scene.waited_for())
    assert state.startswith(f"busy: {lock} ")
    assert state.endswith(f" {os.getpid()}")


def test_a_lock_file_that_nobody_holds_is_nothing(scene: Scene) -> None:
    scene.write("var/lib/dpkg/lock-frontend")
    scene.wait()
    assert len(scene.remote.commands) == 1


@pytest.mark.parametrize(
    "path", ["run/yum.pid", "run/zypp.pid", "var/cache/dnf/metadata_lock.pid", "var/lib/dnf/x.pid"]
)
def test_a_file_with_the_number_of_a_package_manager_is_waited_for(scene: Scene, path: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as manager:
        assert "python" in Path(f"/proc/{manager.pid}/comm").read_text()
        file = scene.write(path, f"{manager.pid}\n")
        later(0.6, lambda: manager.communicate(b"\n"))
        scene.wait()
    assert any(state.startswith(f"busy: {file} python") for state in scene.waited_for())


@pytest.mark.parametrize("number", ["999999999", "1", "", "nonsense"])
def test_a_file_that_was_left_behind_is_nothing(scene: Scene, number: str) -> None:
    scene.write("var/cache/dnf/metadata_lock.pid", number)
    scene.wait()
    assert len(scene.remote.commands) == 1


@shows(CommunicatorOptions, "guest_ready_timeout")
def test_the_wait_ends_with_the_timeout_and_names_the_culprit(scene: Scene) -> None:
    scene.write("run/cloud-init/enabled")
    later(3, lambda: scene.write("run/cloud-init/result.json", json.dumps(DONE)))
    options = CommunicatorOptions(ssh_username="root", guest_ready_timeout=0.5)
    with pytest.raises(WaitTimeout, match=r"the guest is still busy: cloud-init after 0.5 s") as caught:
        wait_until_ready(scene.run, scene.remote, complete(options))
    assert "wait_for_guest = false" in caught.value.hint


@shows(CommunicatorOptions, "wait_for_guest")
def test_it_can_be_turned_off(scene: Scene) -> None:
    scene.write("run/cloud-init/result.json", json.dumps(FAILED))
    scene.wait(wait_for_guest=False)
    assert scene.remote.commands == []


def test_windows_and_no_way_in_are_not_asked(scene: Scene) -> None:
    remote = WindowsRemote()
    over_winrm = CommunicatorOptions(communicator="winrm", winrm_username="a")
    for options in (CommunicatorOptions(communicator="none"), over_winrm):
        wait_until_ready(scene.run, remote, complete(options))
    assert remote.commands == []


def test_a_machine_without_such_a_shell_is_taken_to_be_ready(scene: Scene) -> None:
    remote = WindowsRemote()
    remote.on("", CommandResult(1, "", "'sh' is not recognized as an internal or external command"))
    wait_until_ready(scene.run, remote, complete(CommunicatorOptions(ssh_username="root")))
    assert len(remote.commands) == 1


def test_a_reboot_by_cloud_init_is_lived_through(scene: Scene) -> None:
    remote = WindowsRemote()
    remote.on("", ConnectionLost("cut"), CommandResult(0, "busy cloud-init\nasked"), CommandResult(0, "asked"))
    wait_until_ready(scene.run, remote, complete(CommunicatorOptions(ssh_username="root")))
    assert len(remote.commands) == 3


def test_a_guest_that_never_answers_ends_with_the_timeout_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "question", lambda: "sleep 30")
    with pytest.raises(WaitTimeout, match=r"the guest is not ready after 0.5 s"):
        scene.wait(guest_ready_timeout=0.5)


def test_cancelling_ends_the_wait(scene: Scene) -> None:
    scene.write("run/cloud-init/enabled")
    later(0.5, scene.run.cancel.cancel)
    with pytest.raises(Cancelled):
        scene.wait()


def test_no_time_is_refused() -> None:
    with pytest.raises(TemplateError, match="guest_ready_timeout must be more than 0"):
        complete(CommunicatorOptions(ssh_username="root", guest_ready_timeout=0.0))
    complete(CommunicatorOptions(ssh_username="root", guest_ready_timeout=0.0, wait_for_guest=False))
