"""The same template through Debian's packer 1.6.6 and through imagesmith, on the same simulated cloud over real SSH.

What each of them changes in the cloud is kept as a golden trace in ``traces/``. ``IMAGESMITH_WRITE_TRACES=1`` in the
environment writes them anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TRACES = Path(__file__).parent / "traces"
WRITE = os.environ.get("IMAGESMITH_WRITE_TRACES") == "1"
TEMPLATE = {
    "builders": [
        {
            "type": "alicloud-ecs",
            "region": "cn-hangzhou",
            "image_name": "differential",
            "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
            "instance_type": "ecs.s6-c1m2.large",
            "internet_charge_type": "PayByTraffic",
            "io_optimized": "true",
            "ssh_username": "root",
            "image_ignore_data_disks": "true",
            "tags": {"app": "web"},
        }
    ],
    "provisioners": [
        {"type": "shell", "inline": ["echo built by $PACKER_BUILD_NAME > /etc/built"]},
        {"type": "file", "source": "index.html", "destination": "/srv/index.html"},
    ],
}
NOISE = re.compile(r"^(ClientToken|AutoReleaseTime|PublicKeyBody|Signature.*|Timestamp|AccessKeyId|Format|Version)$")


class Served:
    """A cloud that ``imagesmith simulate alicloud`` serves in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "imagesmith", "simulate", "alicloud", "--port", "0", "-latency", "none"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = re.findall(r"http://127\.0\.0\.1:\d+", self.process.stdout.readline())[0]

    def look(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/_simulator/{what}", timeout=10) as answer:
            return json.load(answer)

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)


@pytest.fixture
def served() -> Iterator[Served]:
    cloud = Served()
    yield cloud
    cloud.close()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a short name: packer's sockets live in it."""
    path = Path("/tmp") / f"is{os.getpid()}"
    path.mkdir()
    (path / "t.json").write_text(json.dumps(TEMPLATE))
    (path / "index.html").write_text("<h1>hello</h1>\n")
    yield path
    shutil.rmtree(path)


def trace(calls: list[dict[str, Any]]) -> str:
    """The calls that change something, each with its parameters; ids and names of one run replaced by their kind."""
    lines = []
    for call in calls:
        if not call["mutates"]:
            continue
        facts = {name: normal(value) for name, value in call["parameters"].items() if not NOISE.match(name)}
        lines.append(" ".join([call["action"], *(f"{name}={value}" for name, value in sorted(facts.items()))]))
    return "\n".join(sorted(lines)) + "\n"


def normal(value: str) -> str:
    value = re.sub(r"\b(i|vpc|vsw|sg|eip|d|s|m)-bp1\w+", r"<\1>", value)
    value = re.sub(r"imagesmith-\d{8}-\d{6}-\w{6}-\w{6}", "<name>", value)
    value = re.sub(r"\b\d{8}-\d{6}-\w{6}\b", "<run>", value)
    value = re.sub(r"\b[0-9a-f]{32}\b", "<token>", value)
    value = re.sub(r"packer_[0-9a-f-]{36}", "<name>", value)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "<time>", value)


def keep(name: str, text: str) -> None:
    """Compare with the golden trace."""
    path = TRACES / name
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text


def run(command: list[str], folder: Path, served: Served, **environ: str) -> None:
    keys = {"ALICLOUD_ACCESS_KEY": "SIMULATED-AK", "ALICLOUD_SECRET_KEY": "SIMULATED-SK", "CHECKPOINT_DISABLE": "1"}
    plain = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    done = subprocess.run(command, cwd=folder, env=plain | keys | environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert served.look("leftovers") == []
    assert any("differential" in line for line in served.look("inventory"))


def may_use_port_22() -> bool:
    """Simulated machines of others have another port, which only imagesmith reads out of an address."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.127.0.1", 22))
        except PermissionError:
            return False
        return True


@pytest.mark.packer
@pytest.mark.skipif(shutil.which("packer") is None, reason="Debian's packer is not installed")
@pytest.mark.skipif(not may_use_port_22(), reason="packer needs port 22, which an ordinary user may not open")
def test_packer_builds_on_the_simulated_cloud(served: Served, folder: Path) -> None:
    proxies = {"HTTP_PROXY": served.url, "HTTPS_PROXY": served.url}
    run(["packer", "build", "-color=false", "t.json"], folder, served, **proxies)
    keep("packer-1.6.6.txt", trace(served.look("calls")))


def test_imagesmith_builds_the_same_template(served: Served, folder: Path) -> None:
    template = json.loads((folder / "t.json").read_text())
    template["builders"][0] |= {"custom_endpoint_ecs": served.url, "custom_endpoint_vpc": served.url}
    (folder / "t.json").write_text(json.dumps(template))
    run([sys.executable, "-m", "imagesmith", "build", "-color=false", "t.json"], folder, served)
    keep("imagesmith.txt", trace(served.look("calls")))
