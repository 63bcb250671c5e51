"""Pauses, timeouts, retries and going on after an error."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import BuildTimeout, Cancelled, ConnectionLost, Location, ProvisionError, TemplateError
from imagesmith.options import Given as Entry
from imagesmith.options import Options
from imagesmith.plan import GivenOptions, PlannedProvisioner
from imagesmith.provisioners.breakpoint import Breakpoint
from imagesmith.provisioners.file import File
from imagesmith.provisioners.running import run_provisioner
from imagesmith.provisioners.shell import Shell
from imagesmith.provisioners.shell_local import ShellLocal
from imagesmith.provisioners.sleep import Sleep
from imagesmith.template.rendering import Interpolation, TemplateConfiguration
from tests.provisioners.local_remote import LocalRemote, Scene, is_running

TYPES = {Breakpoint: "breakpoint", File: "file", Shell: "shell", ShellLocal: "shell-local", Sleep: "sleep"}


def run(options: Options, remote: LocalRemote | None, scene: Scene, **planned: Any) -> None:
    configuration = GivenOptions(options, Location("web.pkr.hcl", 7))
    step = PlannedProvisioner(type=TYPES[type(options)], configuration=configuration, **planned)
    run_provisioner(step, remote, scene.provision)


def failing_until(count: int, tmp_path: Path) -> ShellLocal:
    file = tmp_path / "count"
    return ShellLocal(inline=[f"echo >> {file}", f'[ "$(wc -l < {file})" -ge {count} ]'])


def test_retries_go_on_until_it_succeeds(scene: Scene, tmp_path: Path) -> None:
    started = time.monotonic()
    run(failing_until(3, tmp_path), None, scene, max_retries=5, pause_before_s=0.1)
    assert len((tmp_path / "count").read_text()) == 3
    assert sum("Pausing 0.1 s" in line for line in scene.said) == 3
    assert time.monotonic() - started >= 0.3


def test_the_last_error_tells_how_often_it_was_tried(scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "count"
    counting = ShellLocal(inline=[f"echo >> {file}; exit $(wc -l < {file})"])
    with pytest.raises(ProvisionError, match=r"exit status 3 \(3 attempts\)") as caught:
        run(counting, None, scene, max_retries=2)
    assert caught.value.exit_status == 3
    assert caught.value.location == Location("web.pkr.hcl", 7)
    assert [line for line in scene.said if "left" in line][1].endswith("1 try left")


def test_an_error_points_at_the_template(scene: Scene) -> None:
    with pytest.raises(ProvisionError) as caught:
        run(ShellLocal(inline=["exit 1"]), None, scene)
    assert str(caught.value).startswith("web.pkr.hcl:7: ")


def test_going_on_after_an_error_warns_and_does_not_outlive_a_cancel(scene: Scene) -> None:
    run(ShellLocal(inline=["exit 1"]), None, scene, continue_on_error=True, name="optional")
    assert 'Warning: the provisioner "optional" failed' in scene.said[-1]
    scene.on_output = lambda line: scene.cancel.cancel("test")
    with pytest.raises(Cancelled):
        run(ShellLocal(inline=["echo; sleep 60"]), None, scene, continue_on_error=True, max_retries=3)


def test_the_timeout_of_the_whole_build_is_not_gone_on_with(scene: Scene) -> None:
    scene.on_output = lambda line: scene.cancel.time_out("too long")
    with pytest.raises(BuildTimeout, match="too long"):
        run(ShellLocal(inline=["echo; sleep 60"]), None, scene, continue_on_error=True, timeout_s=30)


def test_a_timeout_ends_the_script_and_names_the_provisioner(remote: LocalRemote, scene: Scene) -> None:
    with pytest.raises(ProvisionError, match=r'provisioner "shell" timed out after 0\.5 s') as caught:
        run(Shell(inline=["echo $$; exec sleep 60"]), remote, scene, timeout_s=0.5, pause_before_s=0.6)
    assert "timeout" in caught.value.hint
    assert not is_running(scene.stdout[0])
    assert not any((remote.home / path).exists() for path in remote.uploaded)
    assert not scene.cancel.is_set


def test_a_timeout_is_one_of_the_errors_that_are_tried_again(scene: Scene, tmp_path: Path) -> None:
    lines = [f"test -e {tmp_path}/second || {{ touch {tmp_path}/second; sleep 60; }}", "echo done"]
    run(ShellLocal(inline=lines), None, scene, timeout_s=0.5, max_retries=1)
    assert scene.stdout == ["done"]


def test_a_timeout_breaks_a_transfer_off_and_leaves_a_working_connection(remote: LocalRemote, scene: Scene) -> None:
    remote.hold_uploads = threading.Event()
    with pytest.raises(ProvisionError, match=r'provisioner "file" timed out after 0\.3 s'):
        run(File(content="x", destination="y"), remote, scene, timeout_s=0.3)
    assert remote.reconnects == 1
    remote.hold_uploads = None
    run(File(content="x", destination="y"), remote, scene, timeout_s=30)
    assert (remote.home / "y").read_text() == "x"


def test_an_error_of_a_transfer_within_its_time_stays_itself(remote: LocalRemote, scene: Scene) -> None:
    remote.faults = [("upload", ConnectionLost("reset"))]
    with pytest.raises(ConnectionLost):
        run(File(content="x", destination="y"), remote, scene, timeout_s=30)


def test_a_pause_can_be_cancelled(scene: Scene) -> None:
    timer = threading.Timer(0.1, scene.cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        run(Sleep(duration=0), None, scene, pause_before_s=60)
    timer.join()


def test_sleep_takes_its_time(scene: Scene) -> None:
    started = time.monotonic()
    run(Sleep(duration=0.2), None, scene)
    assert 0.2 <= time.monotonic() - started < 2
    with pytest.raises(TemplateError, match="negative"):
        run(Sleep(duration=-1), None, scene)


def test_a_breakpoint_waits_for_enter(scene: Scene) -> None:
    scene.answer = ""
    run(Breakpoint(note="look at /etc"), None, scene)
    assert len(scene.asked) == 1
    assert "look at /etc" in scene.said[0]


def test_a_breakpoint_without_a_terminal_is_an_error_unless_disabled(scene: Scene) -> None:
    with pytest.raises(ProvisionError, match="needs a terminal") as caught:
        run(Breakpoint(), None, scene)
    assert "disable = true" in caught.value.hint
    run(Breakpoint(disable=True), None, scene)


def test_options_see_the_build_variables_when_they_are_known(remote: LocalRemote, scene: Scene) -> None:
    engine = Interpolation(language="json", build_name="web", build_type="null", template_path="/t.json")
    configuration = TemplateConfiguration(
        Location("t.json", 3),
        lambda runtime: [Entry("content", "{{build `ID`}}"), Entry("destination", "{{build `Host`}}.txt")],
        engine,
        'provisioner "file"',
    )
    run_provisioner(PlannedProvisioner(type="file", configuration=configuration), remote, scene.provision)
    assert (remote.home / "192.0.2.1.txt").read_text() == "i-1"
