"""A whole build against the simulated cloud's own critical path, beside Debian's packer 1.6.6 on the same template."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reporting import title, verdict
from imagesmith_simulator.alicloud import SimulatedAlicloud

LATENCIES = {"instance": 8.0, "stop": 5.0, "snapshot": 30.0, "image": 10.0, "call": 0.05}
BUILDER = {
    "type": "alicloud-ecs",
    "region": "cn-hangzhou",
    "image_name": "benchmark",
    "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
    "instance_type": "ecs.s6-c1m2.large",
    "internet_charge_type": "PayByTraffic",
    "ssh_username": "root",
    "image_ignore_data_disks": True,
    "tags": {"app": "web"},
}
TEMPLATE = {"builders": [BUILDER], "provisioners": [{"type": "shell", "inline": ["echo hello > /etc/hello"]}]}


@dataclass(frozen=True)
class Figures:
    """What one build cost."""

    seconds: float
    calls: int
    critical_path_s: float
    rss_mib: float


def measure(command: list[str], environment: dict[str, str], builder: dict[str, str]) -> Figures:
    """Build once against a cloud of its own; ``{url}`` in the arguments becomes the cloud's address."""
    with SimulatedAlicloud.start(machines="sandbox", latencies=LATENCIES) as cloud:
        return _measure(cloud, command, environment, builder)


def _measure(
    cloud: SimulatedAlicloud, command: list[str], environment: dict[str, str], builder: dict[str, str]
) -> Figures:
    with tempfile.TemporaryDirectory(prefix="b") as folder:
        keys = {"access_key": cloud.access_key, "secret_key": cloud.secret_key}
        url = {name: value.replace("{url}", cloud.url) for name, value in builder.items()}
        template = TEMPLATE | {"builders": [BUILDER | keys | url]}
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
    actions = Counter(call.action for call in cloud.calls())
    return Figures(seconds, sum(actions.values()), cloud.critical_path_s(), rss)


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
    """Print both side by side; returns whether the bounds are kept."""
    title(f"A build; simulated seconds: {LATENCIES}")
    ours = measure(
        [sys.executable, "-m", "imagesmith", "build", "-color=false"],
        {},
        {"custom_endpoint_ecs": "{url}", "custom_endpoint_vpc": "{url}"},
    )
    print("                     wall     critical path   calls   peak RSS")
    print_row("imagesmith", ours)
    kept = verdict("wall over critical path", ours.seconds / ours.critical_path_s, 1.05, "x")
    if shutil.which("packer") is None:
        print("  packer is not installed: nothing to compare with")
        return kept
    theirs = measure(["packer", "build", "-color=false"], {"HTTP_PROXY": "{url}", "HTTPS_PROXY": "{url}"}, {})
    print_row("packer 1.6.6", theirs)
    return verdict("calls", ours.calls, theirs.calls, "calls") and kept


def print_row(who: str, figures: Figures) -> None:
    """One line of the table."""
    path, rss = figures.critical_path_s, figures.rss_mib
    print(f"  {who:15} {figures.seconds:7.1f} s {path:13.1f} s {figures.calls:9} {rss:7.0f} MiB", flush=True)
