"""What stays when a machine is off, what an image holds, and what is left on the host in the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imagesmith.errors import UsageError
from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.sandbox import SandboxKind
from tests.simulator.machines.boxes import Box, KeyPair

MakeBox = Callable[..., Box]


def test_a_machine_from_a_snapshot_has_the_files_of_the_first(make_box: MakeBox) -> None:
    first = make_box()
    first.boot()
    first.run(
        "echo kept > /etc/kept; rm /usr/bin/env; echo own > /usr/local/bin/own; mkdir -m 700 /var/lib/private;"
        "install -m 600 -o www-data /etc/kept /var/lib/private/file; rm -r /etc/skel; mkdir /etc/skel; sync"
    )
    snapshot = first.machine.snapshot()
    first.run("echo changed > /etc/kept")
    second = make_box(base=snapshot)
    second.boot()
    assert second.run("cat /etc/kept /usr/local/bin/own; ls -A /etc/skel; ls /usr/bin/env || true") == "kept\nown\n"
    assert second.run("stat -c '%a %U' /var/lib/private/file") == "600 www-data\n"
    assert second.run("hostname; cat /etc/machine-id") != first.run("hostname; cat /etc/machine-id")
    keys = "cat /etc/ssh/ssh_host_*_key.pub"
    assert set(second.run(keys).splitlines()).isdisjoint(first.run(keys).splitlines())
    assert snapshot.size_bytes() > 1000


def test_layers_stay_as_long_as_somebody_stands_on_them(make_box: MakeBox) -> None:
    first = make_box()
    first.boot()
    first.run("echo 1 > /root/one")
    image = first.machine.snapshot()
    second = make_box(base=image)
    second.boot()
    second.run("echo 2 > /root/two; rm /root/one")
    image_of_second = second.machine.snapshot()
    first.machine.destroy()
    second.machine.destroy()
    image.delete()
    image.delete()
    third = make_box(base=image_of_second)
    third.boot()
    assert third.run("cat /root/two; ls /root") == "2\ntwo\n"
    image_of_second.delete()


def test_a_snapshot_of_a_machine_that_is_off(make_box: MakeBox) -> None:
    box = make_box()
    box.boot()
    box.run("echo off > /root/off")
    box.machine.power_off()
    other = make_box(base=box.machine.snapshot())
    other.boot()
    assert other.run("cat /root/off") == "off\n"


def test_nothing_is_left_of_a_kind_that_was_closed(tmp_path: Path, key_pair: KeyPair, kind: SandboxKind) -> None:
    state = tmp_path / "machines"
    own = SandboxKind(state)
    machine = own.create(MachineSpec(id="i-left", hostname="left", authorized_keys=(key_pair.public,)))
    box = Box(machine, machine.listen("127.78.0.1"), key_pair)
    box.boot()
    box.run("install -d -m 700 -o www-data /var/lib/theirs; echo x > /var/lib/theirs/x")
    machine.snapshot()
    assert state.exists()
    own.close()
    assert not state.exists()
    assert not box.answers()


def test_a_disk_of_another_kind_is_refused(kind: SandboxKind) -> None:
    class Foreign:
        def size_bytes(self) -> int:
            return 0

        def delete(self) -> None:
            pass

    with pytest.raises(UsageError, match="sandbox"):
        kind.create(MachineSpec(id="i-x", hostname="x", base=Foreign()))
