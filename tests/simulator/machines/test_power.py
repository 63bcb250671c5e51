"""On, off, again; by the cloud, from inside, and with the simulator itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from imagesmith.errors import UsageError
from imagesmith_simulator.machines.sandbox import SandboxKind
from tests.simulator.machines.boxes import Box, KeyPair, eventually

MakeBox = Callable[..., Box]


@pytest.mark.parametrize(
    "command", ["poweroff", "shutdown -h now", "halt -p", "init 0", "systemctl poweroff", "sudo poweroff"]
)
def test_powering_off_inside_stops_the_machine_and_tells(make_box: MakeBox, command: str) -> None:
    box = make_box()
    off = threading.Event()
    box.machine.on_power_off(off.set)
    box.boot()
    if command.startswith("s") and box.ssh(f"command -v {command.split(maxsplit=1)[0]}").returncode:
        pytest.skip(f"this host has no {command.split(maxsplit=1)[0]}")
    box.ssh(command)
    assert off.wait(10), box.machine.console()
    assert not box.machine.running
    with pytest.raises(ConnectionRefusedError):
        box.connect()
    assert "Power down." in box.machine.console()


def test_a_planned_shutdown_can_be_cancelled(make_box: MakeBox) -> None:
    box = make_box()
    box.boot()
    assert "60 seconds" in box.run("shutdown -h +1; ps ax | grep -c '[s]leep 60' >&2; shutdown -c")
    assert "sleep 60" not in box.run("sleep 0.2; ps ax | grep '[s]leep 6' || true")


def test_a_reboot_ends_connections_and_processes_and_keeps_the_disk(make_box: MakeBox) -> None:
    box = make_box(user_data=b"#!/bin/sh\necho once >> /root/first-boots\n")
    off = threading.Event()
    box.machine.on_power_off(off.set)
    box.boot()
    boot_id = box.run("cat /proc/sys/kernel/random/boot_id; touch /run/gone; setsid sleep 987 >/dev/null 2>&1 &")
    assert box.ssh("reboot; sleep 30").returncode != 0
    assert eventually(box.answers)
    assert box.run("cat /proc/sys/kernel/random/boot_id; ls /run/gone; cat /root/first-boots; true") != boot_id
    assert "sleep 987" not in box.run("ps ax")
    assert box.run("cat /root/first-boots") == "once\n"
    assert box.machine.running
    assert not off.is_set()


def test_power_off_by_the_cloud_asks_processes_first_and_force_does_not(make_box: MakeBox) -> None:
    box = make_box()
    called: list[str] = []
    box.machine.on_power_off(lambda: called.append("off"))
    for force, expected in ((False, "asked\n"), (True, "")):
        box.boot()
        box.run("rm -f /root/asked")
        script = "trap 'echo asked > /root/asked; exit' TERM; touch /root/ready; while :; do sleep 0.02; done"
        box.run(f'rm -f /root/ready; setsid sh -c "{script}" >/dev/null 2>&1 </dev/null &')
        assert eventually(lambda: box.ssh("ls /root/ready").returncode == 0)
        box.machine.power_off(force=force)
        assert not box.machine.running
        with pytest.raises(ConnectionRefusedError):
            box.connect()
        box.boot()
        assert box.run("cat /root/asked 2>/dev/null || true") == expected
        box.machine.power_off()
    assert called == []


def test_keys_that_are_set_count_from_the_next_boot(make_box: MakeBox, tmp_path: Path) -> None:
    box = make_box(username="ubuntu")
    box.boot()
    other = KeyPair.make(tmp_path / "other")
    box.machine.set_keys((other.public,))
    assert other.public not in box.run("cat .ssh/authorized_keys")
    box.machine.power_off()
    box.boot()
    assert box.run("id -un; sudo -n id -u") == "ubuntu\n0\n"
    box.key = other
    assert box.run("wc -l < .ssh/authorized_keys") == "2\n"


def test_a_machine_that_was_destroyed_is_gone(make_box: MakeBox) -> None:
    box = make_box()
    box.boot()
    box.machine.destroy()
    box.machine.destroy()
    assert not box.machine.running
    with pytest.raises(ConnectionRefusedError):
        box.connect()
    with pytest.raises(UsageError, match="destroyed"):
        box.machine.boot()


_SIMULATOR = """
import sys, threading
sys.path[:0] = {paths!r}
from pathlib import Path
from imagesmith_simulator.machines.sandbox import SandboxKind
from imagesmith_simulator.machines.interface import MachineSpec
kind = SandboxKind(Path(sys.argv[1]))
script = b"#!/bin/sh\\nsleep 4242 & sleep 4242\\n"
machine = kind.create(MachineSpec(id="i-killed", hostname="killed", user_data=script))
machine.listen("127.79.0.1")
machine.boot()
while "sleep" not in machine.console() and "KEYS-----" not in machine.console():
    threading.Event().wait(0.01)
threading.Event().wait(0.3)
print("up", flush=True)
threading.Event().wait(60)
"""


def _processes_naming(text: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in command and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


def test_a_killed_simulator_leaves_no_process_and_no_file(tmp_path: Path, kind: SandboxKind) -> None:
    state = tmp_path / "machines"
    script = _SIMULATOR.format(paths=sys.path)
    with subprocess.Popen([sys.executable, "-c", script, str(state)], stdout=subprocess.PIPE) as simulator:
        assert simulator.stdout
        assert simulator.stdout.readline() == b"up\n"
        assert len(_processes_naming(str(state))) >= 5
        assert len(_processes_naming("sleep\x004242")) == 2
        simulator.send_signal(signal.SIGKILL)
    assert eventually(lambda: not _processes_naming(str(state)))
    assert not _processes_naming("sleep\x004242")
    assert not state.exists()


def test_what_a_dead_host_process_left_is_removed_by_the_next_start(tmp_path: Path, kind: SandboxKind) -> None:
    state = tmp_path / "machines"
    script = _SIMULATOR.format(paths=sys.path)
    with subprocess.Popen([sys.executable, "-c", script, str(state)], stdout=subprocess.PIPE) as simulator:
        assert simulator.stdout
        assert simulator.stdout.readline() == b"up\n"
        for folder in state.iterdir():
            os.kill(int(folder.name), signal.SIGKILL)
        assert eventually(lambda: not _processes_naming("sleep\x004242"))
        simulator.kill()
    dead = list(state.iterdir())
    assert len(dead) == 1
    other = SandboxKind(state)
    assert other.unavailable() == ""
    assert not dead[0].exists()
    other.close()


def test_boot_takes_less_than_a_second_and_a_command_a_few_milliseconds(make_box: MakeBox) -> None:
    box = make_box()
    started = time.monotonic()
    box.boot()
    assert time.monotonic() - started < 1.0  # about 50 ms on an idle host
    with box.transport() as transport:
        took = []
        for _ in range(10):
            began = time.monotonic()
            channel = transport.open_session()
            channel.exec_command("true")
            channel.recv_exit_status()
            channel.close()
            took.append(time.monotonic() - began)
    assert min(took) < 0.05  # about 5 ms on an idle host
