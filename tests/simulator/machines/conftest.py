"""Sandbox machines; where the host can't have any the tests say why they are skipped."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imagesmith_simulator.machines.interface import MachineSpec
from imagesmith_simulator.machines.sandbox import SandboxKind
from tests.simulator.machines.boxes import Box, KeyPair

_numbers = itertools.count(1)
_NET = f"127.{60 + int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw'))}"
"""Tests that run side by side have addresses of their own."""


@pytest.fixture(scope="session")
def kind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxKind]:
    found = SandboxKind(tmp_path_factory.mktemp("sandbox") / "machines", reboot_s=0.2)
    reason = found.unavailable()
    if reason:
        found.close()
        pytest.skip(reason)
    yield found
    found.close()


@pytest.fixture(scope="session")
def key_pair(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return KeyPair.make(tmp_path_factory.mktemp("keys") / "id_ed25519")


MakeBox = Callable[..., Box]


def _make(kind: SandboxKind, key_pair: KeyPair, **wanted: Any) -> Box:
    number = next(_numbers)
    spec = MachineSpec(
        **{"id": f"i-{number}", "hostname": f"box{number}", "authorized_keys": (key_pair.public,), **wanted}
    )
    machine = kind.create(spec)
    return Box(machine, machine.listen(f"{_NET}.{number // 250}.{number % 250 + 1}"), key_pair, spec.username)


@pytest.fixture
def make_box(kind: SandboxKind, key_pair: KeyPair) -> Iterator[MakeBox]:
    """Machines that are off, destroyed after the test."""
    made: list[Box] = []

    def make(**wanted: Any) -> Box:
        made.append(_make(kind, key_pair, **wanted))
        return made[-1]

    yield make
    for box in made:
        box.machine.destroy()


@pytest.fixture(scope="session")
def shared_box(kind: SandboxKind, key_pair: KeyPair) -> Iterator[Box]:
    """One machine that is up, for tests that leave it as it is."""
    box = _make(kind, key_pair, password="let me in")
    box.boot()
    yield box
    box.machine.destroy()
