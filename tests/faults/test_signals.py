"""SIGTERM at a random moment: everything is torn down within ten seconds, and the remote script is dead."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imagesmith_simulator.cloud import SimulatedCloud
from tests.faults.clouds import OVER_SSH, TARGETS, Target
from tests.faults.tally import Tally

MOMENTS = 20
MARK = "imagesmith-sweep-sleep"
SCRIPT = f"cp /bin/sleep /usr/local/bin/{MARK}; {MARK} 1000 & {MARK} 1001"


def template(target: Target, cloud: SimulatedCloud, folder: Path) -> Path:
    """A build over SSH whose script starts children and goes on for a quarter of an hour."""
    builder = target.builder_block(cloud, OVER_SSH)
    path = folder / "t.json"
    path.write_text(json.dumps({"builders": [builder], "provisioners": [{"type": "shell", "inline": [SCRIPT]}]}))
    return path


def processes_called(name: str) -> list[str]:
    """The processes of this machine, sandboxes included, that run a program of this name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if Path(words[0].decode(errors="replace")).name == name:
            found.append(b" ".join(words).decode(errors="replace"))
    return found


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_sigterm_at_random_moments(target: Target, tmp_path: Path, step: int, tally: Tally) -> None:
    chance = random.Random(7)
    wrong: list[str] = []
    for number in range(MOMENTS if step == 1 else 2):
        moment = chance.uniform(0.0, 4.0)
        with target.cloud("sandbox", **{target.starting: 0.5}) as cloud:
            command = [
                sys.executable,
                "-m",
                "imagesmith",
                "build",
                "-color=false",
                str(template(target, cloud, tmp_path)),
            ]
            process = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            assert process.stdout is not None
            process.stdout.read(1)  # it has begun
            time.sleep(moment)  # noqa: TID251 - the moment itself is what is tested
            process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            output, _ = process.communicate(timeout=60)
            seconds = time.monotonic() - started
            left, alive = [*cloud.leftovers(), *cloud.lost()], processes_called(MARK)
        good = process.returncode == 130 and seconds <= 10 and not left and not alive
        ended = "exit 130, nothing left, script dead" if good else "WRONG"
        tally.count(target.name, "SIGTERM", ended, len(left))
        if not good:
            ended = f"at {moment:.2f} s: exit {process.returncode} after {seconds:.1f} s"
            wrong.append(f"{number} {ended}, left {left}, alive {alive}\n{output.decode()}")
    assert not wrong, "\n".join(wrong)


def test_sigterm_before_anything_has_begun() -> None:
    code = "import os, signal, sys, imagesmith.cli; sys.argv = ['imagesmith', 'runs']\n"
    code += "import imagesmith.cli.program as p; p.run = lambda *a, **k: os.kill(os.getpid(), signal.SIGTERM) or 0\n"
    code += "sys.exit(imagesmith.cli.script())"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 130
