"""Two hundred secrets in every place a template can have them: none is ever seen outside."""

from __future__ import annotations

import base64
import json
import os
import random
import shlex
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import quote, quote_plus

import pytest

from imagesmith import Build
from imagesmith.errors import ImagesmithError
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud

PARTS = [
    "plain",
    "comma,comma",
    "single'quote",
    'double"quote',
    "dollar$HOME",
    "back`tick",
    "new\nline",
    "密码",
    "a b",
    "%41&+/=",
]
COUNT = 200
BATCH = 20


def secrets() -> list[str]:
    """Values that shells, URLs, JSON and regular expressions trip over."""
    chance = random.Random(20)
    return [f"{chance.choice(PARTS)}-{chance.getrandbits(48):012x}-{chance.choice(PARTS)}" for _ in range(COUNT)]


def spellings(secret: str) -> Iterator[bytes]:
    """The forms in which a leak would be seen."""
    raw = secret.encode()
    for text in (secret, shlex.quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
        yield text.encode()
    yield base64.b64encode(raw)
    yield from (line.encode() for line in secret.splitlines() if len(line) > 8)


class Watch:
    """Collects every command line on this machine while it is open."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:
                    continue


def password_of(batch: list[str]) -> str:
    """A password that the cloud accepts: 8 to 30 characters of three kinds."""
    return "aA1,'\"$`&-" + batch[1].split("-")[1]


def template(access_key: str, cloud: SimulatedAlicloud, batch: list[str], folder: Path) -> Path:
    """Every secret of the batch is a sensitive variable that a script gets; others are credentials and user data."""
    secret_key, user_data, *others = batch
    password = password_of(batch)
    names = [f"secret{number}" for number in range(len(others))]
    text = {
        "variables": dict(zip(names, others, strict=True)),
        "sensitive-variables": names,
        "builders": [
            {
                "type": "alicloud-ecs",
                "region": "cn-hangzhou",
                "image_name": "secretive",
                "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
                "instance_type": "ecs.s6-c1m2.large",
                "ssh_username": "root",
                "ssh_password": password,
                "user_data": f"#!/bin/sh\necho {shlex.quote(user_data)} > /root/told\n",
                "access_key": access_key,
                "secret_key": secret_key,
                "custom_endpoint_ecs": cloud.url,
                "custom_endpoint_vpc": cloud.url,
            }
        ],
        "provisioners": [
            {
                "type": "shell",
                "environment_vars": [f"V{number}={{{{user `{name}`}}}}" for number, name in enumerate(names)],
                "inline": ["env", "test -s /root/told", "sleep 0.3"],
            },
            {
                "type": "shell-local",
                "environment_vars": [f"V={{{{user `{names[0]}`}}}}"],
                "inline": ['echo "$V"; sleep 0.2'],
            },
            {"type": "file", "content": "{{user `secret1`}}", "destination": "/root/secret1"},
        ],
        "post-processors": [{"type": "manifest", "custom_data": {"told": "{{user `secret2`}}"}}],
    }
    path = folder / "t.json"
    path.write_text(json.dumps(text))
    return path


def run_build(path: Path, log_format: str) -> subprocess.CompletedProcess[bytes]:
    """One build, with a debug log beside the template."""
    command = [sys.executable, "-m", "imagesmith", "build", "-force", f"-log-format={log_format}", str(path)]
    environ = os.environ | {"PACKER_LOG": "1", "PACKER_LOG_PATH": str(path.parent / "packer.log")}
    return subprocess.run(command, capture_output=True, cwd=path.parent, env=environ, check=False)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_is_seen_anywhere(log_format: str, tmp_path: Path, state_dir: Path) -> None:
    hits: list[str] = []
    everything = secrets()
    half = everything[: COUNT // 2] if log_format == "text" else everything[COUNT // 2 :]
    with SimulatedAlicloud.start() as cloud, Watch() as watch:
        for begin in range(0, len(half), BATCH):
            batch = half[begin : begin + BATCH]
            good_key = "LTAI" + "".join(filter(str.isalnum, batch[0])).encode("ascii", "ignore").decode()
            cloud.register(good_key, batch[0])
            refused = run_build(template(batch[3], cloud, batch, tmp_path), log_format)
            built = run_build(template(good_key, cloud, batch, tmp_path), log_format)
            assert refused.returncode in (1, 2)
            assert built.returncode == 0, built.stdout.decode() + built.stderr.decode()
            places = {"output": refused.stdout + refused.stderr + built.stdout + built.stderr}
            places |= {path.name: path.read_bytes() for path in tmp_path.glob("packer*")}
            places |= {str(path): path.read_bytes() for path in state_dir.rglob("*") if path.is_file()}
            places["command lines"] = b"\n".join(watch.seen)
            for secret in (*batch, good_key, password_of(batch)):
                for place, content in places.items():
                    hits += [f"{place}: {form!r}" for form in spellings(secret) if form in content]
            assert b"<sensitive>" in places["output"]
            assert {"packer.log", "packer-manifest.json", "output"} <= set(places)
        assert any(b"imagesmith" in line for line in watch.seen)
    assert hits == []


def builder_with(secret: str, access_key: str, cloud: SimulatedAlicloud) -> AlicloudEcs:
    """A build that the cloud refuses, with the secret in every option that can hold one."""
    return AlicloudEcs(
        region="cn-hangzhou",
        image_name="secretive",
        source_image="aliyun_3_9_x64_20G_alibase_20231219.vhd",
        instance_type="ecs.s6-c1m2.large",
        ssh_username="root",
        ssh_password=secret,
        user_data=secret,
        access_key=access_key,
        secret_key=secret,
        custom_endpoint_ecs=cloud.url,
        custom_endpoint_vpc=cloud.url,
    )


@pytest.mark.timeout(300)
def test_no_exception_of_the_library_holds_a_secret(state_dir: Path) -> None:
    hits: list[str] = []
    failures: set[str] = set()
    with SimulatedAlicloud.start(machines="none") as cloud:
        cloud.register("LTAIknown", "another")
        for secret in secrets():
            for access_key in (secret, "LTAIknown"):
                with pytest.raises(ImagesmithError) as caught:
                    Build(source=builder_with(secret, access_key, cloud)).run()
                error = caught.value
                failures.add(type(error).__name__)
                texts = [*traceback.format_exception(error), repr(error), repr(vars(error))]
                told = "".join(texts).encode()
                hits += [f"{access_key!r}: {form!r}" for form in spellings(secret) if form in told]
    assert hits == []
    assert {"TemplateError", "AccessDenied"} <= failures
