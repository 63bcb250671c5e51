"""The CCE node-image bundle: ``make image`` in a copy of it, with ``packer`` being imagesmith, on a simulated cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith import Build, RunSettings, Shell, events
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud

BUNDLE = Path(__file__).parent.parent.parent / "examples" / "cce-image-builder"
ACCESS_KEY, SECRET_KEY = "HPUAMYACCESSKEY00001", "a-secret-key-nobody-may-see-0001"
NETWORK = {
    "ECS_VPC_ID": "0a7e4c1e-3f66-4bd5-9f0d-0f8a2b6c1d01",
    "ECS_NETWORK_ID": "0a7e4c1e-3f66-4bd5-9f0d-0f8a2b6c1d02",
    "ECS_SECGRP_ID": "0a7e4c1e-3f66-4bd5-9f0d-0f8a2b6c1d03",
}
VARIABLES = {
    "REGION_NAME": "cn-north-4",
    "IAM_ACCESS_KEY": ACCESS_KEY,
    "IAM_SECRET_KEY": SECRET_KEY,
    "CCE_SOURCE_IMAGE_ID": "0a7e4c1e-3f66-4bd5-9f0d-0f8a2b6c1d04",
    **NETWORK,
}


@pytest.fixture
def cloud() -> Iterator[SimulatedHuaweicloud]:
    with SimulatedHuaweicloud.start() as simulated:
        yield simulated


class Bundle:
    """An unpacked bundle, and the command ``packer`` on the PATH as the extra installs it."""

    def __init__(self, folder: Path, cloud: SimulatedHuaweicloud) -> None:
        self.folder = folder / "cce-image-builder"
        shutil.copytree(BUNDLE, self.folder)
        self.cloud = cloud
        self._bin = folder / "bin"
        self._bin.mkdir()
        script = self._bin / "packer"
        script.write_text(f"#!{sys.executable}\nimport sys\nfrom imagesmith.cli import script\nsys.exit(script())\n")
        script.chmod(0o755)

    def make(self, target: str = "image", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make; a variable that is given as "" is not set at all."""
        own = {"PATH": f"{self._bin}{os.pathsep}{os.environ['PATH']}", "IMAGESMITH_SIMULATE": self.cloud.url}
        environ = {name: value for name, value in (os.environ | own | VARIABLES | environment).items() if value}
        command = ["make", "--no-print-directory", target]
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    @property
    def log(self) -> Path:
        (path,) = self.folder.glob("packer_*.log")
        return path

    @property
    def image(self) -> str:
        """The image's id, from the file that the build leaves."""
        (build,) = json.loads((self.folder / "image.json").read_text())["builds"]
        return str(build["artifact_id"])


@pytest.fixture
def bundle(tmp_path: Path, cloud: SimulatedHuaweicloud) -> Bundle:
    return Bundle(tmp_path, cloud)


def on_a_node_of(image: str, cloud: SimulatedHuaweicloud, *commands: str) -> list[str]:
    """What commands print on a machine that was made from the image."""
    lines: list[str] = []

    def note(event: events.Event) -> None:
        if isinstance(event, events.Output):
            lines.append(event.line)

    node = HuaweicloudEcs(
        region="cn-north-4",
        source_image=image,
        image_name="looked-at",
        flavor="c7.large.2",
        vpc_id=NETWORK["ECS_VPC_ID"],
        subnets=[NETWORK["ECS_NETWORK_ID"]],
        security_groups=[NETWORK["ECS_SECGRP_ID"]],
        ssh_username="root",
    )
    settings = RunSettings(simulate=True, clouds={"huaweicloud": cloud})
    Build(source=node, provisioners=[Shell(inline=list(commands))], settings=settings).run(on_event=note)
    return lines


def launches(cloud: SimulatedHuaweicloud) -> list[dict[str, Any]]:
    """The parameters of every request for a server."""
    return [dict(call.parameters) for call in cloud.calls() if call.action == "CreatePostPaidServers"]


def test_make_image_makes_the_image(bundle: Bundle, cloud: SimulatedHuaweicloud) -> None:
    started = time.monotonic()
    script = bundle.folder / "user-scripts" / "example.sh"
    script.write_text(f"{script.read_text()}echo 'told: {SECRET_KEY}'\n")
    done = bundle.make()
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < 60
    assert done.stdout.startswith("./packer.sh\nPacker v1.")
    assert f"An image was created: {bundle.image}" in done.stdout
    assert cloud.leftovers() == cloud.lost() == []
    (image,) = cloud.images()
    assert image["name"] == f"cce-node-{bundle.log.stem.removeprefix('packer_')}"

    log = f"/var/log/{bundle.log.name}"
    names = "/tmp/example.package /opt/example/example.package"
    package, installed, conf, mode, *lines = on_a_node_of(
        bundle.image, cloud, f"cat {names} /etc/example/example.conf; stat -c %a {log}; cat {log}"
    )
    assert package == installed == (BUNDLE / "user-packages" / "example.package").read_text().rstrip("\n")
    assert conf == f"installed {len(package) + 1} bytes"
    assert mode == "600"
    everything = bundle.log.read_text()
    packed = "".join(f"{line}\n" for line in lines)
    # The log in the image is what had been written when it was uploaded, whole lines and nothing else.
    assert everything.startswith(packed)
    assert "example.package is installed" in packed
    assert "told: <sensitive>" in packed
    assert f"Uploading {bundle.log.name}" in everything
    assert "RunFinished" in everything.removeprefix(packed)
    assert "RunFinished" not in packed
    for text in (everything, packed, done.stdout, done.stderr):
        assert SECRET_KEY not in text
        assert ACCESS_KEY not in text


def test_the_options_reach_the_cloud_and_the_zone_can_be_chosen(bundle: Bundle, cloud: SimulatedHuaweicloud) -> None:
    assert bundle.make(PKR_VAR_ecs_az="cn-north-4g", PKR_VAR_ecs_flavor="c7.xlarge.2").returncode == 0
    server = {name.removeprefix("server."): value for name, value in launches(cloud)[-1].items()}
    assert server["availability_zone"] == "cn-north-4g"
    assert server["flavorRef"] == "c7.xlarge.2"
    assert server["vpcid"] == NETWORK["ECS_VPC_ID"]
    wrong = bundle.make(PKR_VAR_ecs_az="nowhere")
    assert wrong.returncode == 2
    assert "nowhere" in wrong.stdout + wrong.stderr
    assert cloud.leftovers() == []


def test_without_a_zone_one_is_taken_that_sells_the_flavor(bundle: Bundle, cloud: SimulatedHuaweicloud) -> None:
    with cloud.clock.lock:
        cloud.world.sold_out |= {(f"cn-north-4{letter}", "c7.large.2") for letter in "abg"}
    assert bundle.make().returncode == 0
    assert [launch["server.availability_zone"] for launch in launches(cloud)] == ["cn-north-4c"]


def test_a_script_that_fails_ends_make_and_leaves_nothing(bundle: Bundle, cloud: SimulatedHuaweicloud) -> None:
    (bundle.folder / "user-scripts" / "example.sh").write_text("#!/bin/sh\necho no such mirror >&2\nexit 7\n")
    credentials = bundle.folder / "credentials.auto.pkrvars.hcl"
    credentials.write_text(f'iam_secret_key = "{SECRET_KEY}"\n')
    done = bundle.make()
    assert done.returncode == 2  # make's own, for whatever a command of it ends with
    assert "Error 1" in done.stderr
    assert "no such mirror" in done.stdout + done.stderr
    assert cloud.inventory() == []
    assert cloud.lost() == []
    assert credentials.exists(), "they are needed for the next try"


def test_variables_that_are_missing_are_named_before_anything_runs(bundle: Bundle, cloud: SimulatedHuaweicloud) -> None:
    done = bundle.make(ECS_VPC_ID="", IAM_SECRET_KEY="")
    assert done.returncode != 0
    assert "these environment variables are not set: ECS_VPC_ID IAM_SECRET_KEY\n" in done.stderr
    assert cloud.calls() == ()
    assert not list(bundle.folder.glob("*.log"))


def test_keys_in_a_file_are_used_and_deleted_afterwards(bundle: Bundle, cloud: SimulatedHuaweicloud) -> None:
    credentials = bundle.folder / "credentials.auto.pkrvars.hcl"
    credentials.write_text(f'iam_access_key = "{ACCESS_KEY}"\niam_secret_key = "{SECRET_KEY}"\n')
    done = bundle.make(IAM_ACCESS_KEY="", IAM_SECRET_KEY="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not credentials.exists()
    assert "credentials.auto.pkrvars.hcl is deleted" in done.stdout
    assert SECRET_KEY not in bundle.log.read_text()
    assert bundle.make("clean").returncode == 0
    assert sorted(path.name for path in bundle.folder.iterdir()) == sorted(path.name for path in BUNDLE.iterdir())
