"""Two hundred secrets in every place a template can have them: none is ever seen outside."""

from __future__ import annotations

import json
import shlex
import traceback
from pathlib import Path

import pytest

from imagesmith import Build
from imagesmith.errors import ImagesmithError
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud
from tests.builds.leaks import COUNT, Watch, found, places_of, run_build, secrets

BATCH = 20


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
            places = places_of(tmp_path, state_dir, watch, refused, built)
            hits += found((*batch, good_key, password_of(batch)), places)
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
                hits += found([secret], {access_key: "".join(texts).encode()})
    assert hits == []
    assert {"TemplateError", "AccessDenied"} <= failures
