"""Builds to be broken: the same one each time, in this process or in one that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagesmith import Build, RunSettings
from imagesmith.options import public
from imagesmith.runner import RunOutcome, run_plan
from imagesmith_simulator.cloud import SimulatedCloud
from tests.faults.clouds import TARGETS, Shape, Target

_AT_ONCE = 8
"""A broken build mostly waits."""

_calls: dict[str, list[str]] = {}


@dataclass(frozen=True)
class Way:
    """One kind of build to be swept, on one cloud."""

    target: Target
    shape: Shape

    @property
    def name(self) -> str:
        """What pytest calls it."""
        return f"{self.target.name}: {self.shape.name}"

    def cloud(self) -> SimulatedCloud:
        """A cloud of its own for each build."""
        return self.target.cloud(self.shape.machines)

    def run(self, cloud: SimulatedCloud) -> RunOutcome:
        """One build in this process."""
        source = self.target.source(cloud, self.shape.changes)
        build = Build(source=source, provisioners=self.shape.provisioners)
        return run_plan(build.plan(), RunSettings(), lambda _event: None)

    def calls(self) -> list[str]:
        """The actions of a build that nothing breaks, in order; looked at once in a process."""
        if self.name not in _calls:
            with self.cloud() as cloud:
                assert self.run(cloud).exit_code == 0
                _calls[self.name] = [call.action for call in cloud.calls()]
        return _calls[self.name]

    def each_call(self, step: int, breaks: Callable[[int], str]) -> list[str]:
        """Break every call, or each ``step``-th, in a build of its own; what ``breaks`` says was wrong with it.

        Of builds with a guest, which take seconds, a sample is half as many.
        """
        if step > 1 and self.shape.machines != "none":
            step *= 2
        return [text for text in at_once(breaks, range(1, len(self.calls()) + 1, step)) if text]


WAYS = tuple(Way(target, shape) for target in TARGETS for shape in target.shapes)


def at_once(work: Callable[[int], str], numbers: Iterable[int]) -> list[str]:
    """Do it for each number, several side by side."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, numbers))


def broken_call(cloud: SimulatedCloud) -> str:
    """The action that the fault has hit; calls side by side come in any order, and there may be a look fewer."""
    return next((call.action for call in cloud.calls() if call.fault), "no call")


def images(cloud: SimulatedCloud) -> list[str]:
    """What is there besides leftovers."""
    leftovers = set(cloud.leftovers())
    return [line for line in cloud.inventory() if line not in leftovers]


CODE = """
import importlib, json, sys
from imagesmith import Build
from imagesmith.options import restore
builder = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
Build(source=restore(builder, json.loads(sys.argv[3]))).run()
"""


def start_process(
    target: Target, cloud: SimulatedCloud, changes: Mapping[str, Any], state_dir: Path
) -> subprocess.Popen[bytes]:
    """The same build in a process of its own; its credentials come from the environment, as a cleanup's will."""
    builder = target.builder
    options = json.dumps(public(target.source(cloud, changes)))
    return subprocess.Popen(
        [sys.executable, "-c", CODE, builder.__module__, builder.__name__, options],
        env={**os.environ, **target.environment(cloud), "IMAGESMITH_STATE_DIR": str(state_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
