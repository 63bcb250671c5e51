"""A whole build against the simulated cloud's own critical path, on each cloud.

Beside it what packer takes for the same: Debian's 1.6.6 measured on Alibaba Cloud, the plugin computed on Huawei Cloud.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import huaweicloud_plugin
from benchmarks.clouds import ALICLOUD, HUAWEICLOUD, Measured
from benchmarks.reporting import title, verdict
from imagesmith_simulator.cloud import SimulatedCloud
from imagesmith_simulator.record import Call

PROVISIONERS = [{"type": "shell", "inline": ["echo hello > /etc/hello"]}]


@dataclass(frozen=True)
class Figures:
    """What one build cost."""

    seconds: float
    record: Sequence[Call]
    critical_path_s: float
    rss_mib: float

    @property
    def calls(self) -> int:
        """How many."""
        return len(self.record)


def measure(
    on: Measured, command: list[str], environment: dict[str, str] | None = None, *, points: bool = True
) -> Figures:
    """Build once against a cloud of its own; ``{url}`` in the environment becomes the cloud's address."""
    with on.start(machines="sandbox", latencies=on.latencies) as cloud:
        return _measure(cloud, command, environment or {}, on.block(cloud, on.pointing(cloud) if points else {}))


def _measure(
    cloud: SimulatedCloud, command: list[str], environment: dict[str, str], builder: dict[str, Any]
) -> Figures:
    with tempfile.TemporaryDirectory(prefix="b") as folder:
        template = {"builders": [builder], "provisioners": PROVISIONERS}
        (Path(folder) / "t.json").write_text(json.dumps(template))
        environ = {name: value.replace("{url}", cloud.url) for name, value in environment.items()}
        environ |= {"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "CHECKPOINT_DISABLE": "1"}
        started = time.monotonic()
        process = subprocess.Popen([*command, "t.json"], cwd=folder, env=environ, stdout=subprocess.PIPE, text=True)
        watch = PeakMemory(process.pid)
        output, _ = process.communicate()
        seconds = time.monotonic() - started
        rss = watch.stop()
    if process.returncode or cloud.leftovers():
        sys.exit(f"{command[0]} failed or left something:\n{output}\n{cloud.leftovers()}")
    return Figures(seconds, cloud.calls(), cloud.critical_path_s(), rss)


class PeakMemory:
    """The largest sum of the resident memory of a process and its children, looked at every 0.2 s."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak_kib = pid, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self.peak_kib = max(self.peak_kib, sum(_rss_kib(pid) for pid in _family(self.pid)))

    def stop(self) -> float:
        """The peak in MiB."""
        self._over.set()
        self._thread.join()
        return self.peak_kib / 1024


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            found += _family(int(child))
    return found


def _rss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def main() -> bool:
    """Print both clouds' builds, each beside packer's; returns whether the bounds are kept."""
    kept = [_on_alicloud(), _on_huaweicloud()]
    return all(kept)


def _ours(on: Measured) -> tuple[Figures, bool]:
    title(f"A build on {on.name}; simulated seconds: {dict(on.latencies)}")
    ours = measure(on, [sys.executable, "-m", "imagesmith", "build", "-color=false"])
    print("                     wall     critical path   calls   peak RSS")
    print_row("imagesmith", ours)
    return ours, verdict("wall over critical path", ours.seconds / ours.critical_path_s, 1.05, "x")


def _on_alicloud() -> bool:
    ours, kept = _ours(ALICLOUD)
    if shutil.which("packer") is None:
        print("  packer is not installed: nothing to compare with")
        return kept
    proxies = {"HTTP_PROXY": "{url}", "HTTPS_PROXY": "{url}"}
    theirs = measure(ALICLOUD, ["packer", "build", "-color=false"], proxies, points=False)
    print_row("packer 1.6.6", theirs)
    return verdict("calls", ours.calls, theirs.calls, "calls") and kept


def _on_huaweicloud() -> bool:
    """The plugin has its few calls from looking seldom, which is what costs it minutes: they are shown, not a bound."""
    ours, kept = _ours(HUAWEICLOUD)
    calls, seconds = huaweicloud_plugin.print_table(HUAWEICLOUD.latencies, ours.record)
    print(f"  the plugin, computed: {seconds:.1f} s, {calls} calls; {seconds - ours.seconds:.0f} s saved in each build")
    return verdict("seconds", ours.seconds, seconds / 2, "s, half the plugin's") and kept


def print_row(who: str, figures: Figures) -> None:
    """One line of the table."""
    path, rss = figures.critical_path_s, figures.rss_mib
    print(f"  {who:15} {figures.seconds:7.1f} s {path:13.1f} s {figures.calls:9} {rss:7.0f} MiB", flush=True)
