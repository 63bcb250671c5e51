"""An image really holds what was provisioned, and nothing of the way it was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith import Artifact, Build, File, RunSettings, Shell, ShellLocal, events
from imagesmith.errors import ProvisionError
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud


@pytest.fixture
def cloud() -> Iterator[SimulatedAlicloud]:
    with SimulatedAlicloud.start() as simulated:
        yield simulated


class Builder:
    """Builds on one cloud and keeps what the scripts print."""

    def __init__(self, cloud: SimulatedAlicloud) -> None:
        self.cloud = cloud
        self.lines: list[str] = []
        self.said: list[str] = []

    def note(self, event: events.Event) -> None:
        if isinstance(event, events.Output):
            self.lines.append(event.line)
        if isinstance(event, events.Message):
            self.said.append(event.text)

    def build(self, name: str, *provisioners: Any, settings: dict[str, Any] | None = None, **options: Any) -> Artifact:
        source: dict[str, Any] = {
            "region": "cn-hangzhou",
            "image_name": name,
            "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
            "instance_type": "ecs.s6-c1m2.large",
            "ssh_username": "root",
        }
        error_cleanup = options.pop("error_cleanup", None)
        run_settings = RunSettings(simulate=True, clouds={"alicloud": self.cloud}, **(settings or {}))
        wanted = AlicloudEcs(**(source | options))
        build = Build(source=wanted, provisioners=provisioners, error_cleanup=error_cleanup, settings=run_settings)
        return build.run(on_event=self.note)


def test_a_second_build_from_the_image_finds_the_files_but_not_the_key(
    cloud: SimulatedAlicloud, tmp_path: Path
) -> None:
    builder = Builder(cloud)
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "file").write_text("from a tree\n")
    first = builder.build(
        "first",
        File(source=str(tmp_path / "tree"), destination="/srv"),
        Shell(inline=["echo provisioned > /etc/release-name", "echo 'ssh-rsa AAAAMINE me' >> ~/.ssh/authorized_keys"]),
    )
    image = first.images["cn-hangzhou"]
    builder.build(
        "second",
        Shell(
            inline=["cat /etc/release-name /srv/tree/deep/file", "wc -l < ~/.ssh/authorized_keys", "ls /tmp | wc -l"]
        ),
        Shell(inline=["grep -c AAAAMINE ~/.ssh/authorized_keys"]),
        source_image=image,
    )
    assert builder.lines == ["provisioned", "from a tree", "2", "1", "1"], (
        "its own key and mine, its own script in /tmp"
    )
    assert not Path("/etc/release-name").exists()
    assert cloud.leftovers() == []


def test_the_host_key_is_pinned_from_the_console(cloud: SimulatedAlicloud) -> None:
    builder = Builder(cloud)
    builder.build("pinned", Shell(inline=["true"]))
    assert not [text for text in builder.said if "trust" in text], (
        "no trust on first use where the console tells the key"
    )
    assert "GetInstanceConsoleOutput" in {call.action for call in cloud.calls()}


def test_the_error_cleanup_provisioner_runs_before_the_teardown(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    builder = Builder(cloud)
    with pytest.raises(ProvisionError):
        builder.build(
            "failing", Shell(inline=["exit 3"]), error_cleanup=Shell(inline=["echo cleaning up in the guest"])
        )
    assert builder.lines == ["cleaning up in the guest"]
    assert cloud.leftovers() == []


def test_abort_does_not_run_the_error_cleanup_provisioner(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with pytest.raises(ProvisionError):
        Builder(cloud).build(
            "aborting",
            Shell(inline=["exit 3"]),
            error_cleanup=ShellLocal(inline=[f"touch {marker}"]),
            settings={"on_error": "abort"},
        )
    assert not marker.exists()
    assert cloud.leftovers()


def test_user_data_runs_at_the_first_boot(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    script = tmp_path / "first-boot.sh"
    script.write_text("#!/bin/sh\necho told at boot > /etc/told\n")
    builder = Builder(cloud)
    wait = Shell(inline=["for i in $(seq 50); do test -s /etc/told && break; sleep 0.1; done", "cat /etc/told"])
    builder.build("told", wait, user_data_file=str(script))
    assert builder.lines == ["told at boot"]


def test_a_script_that_powers_off_stops_the_instance(cloud: SimulatedAlicloud) -> None:
    builder = Builder(cloud)
    builder.build("self-stopped", Shell(inline=["poweroff"], expect_disconnect=True), disable_stop_instance=True)
    assert "StopInstance" not in {call.action for call in cloud.calls()}
    assert cloud.leftovers() == []


def test_a_reboot_is_survived(cloud: SimulatedAlicloud) -> None:
    builder = Builder(cloud)
    reboot = Shell(inline=["echo before > /root/state; reboot; sleep 60"], expect_disconnect=True)
    builder.build("rebooted", reboot, Shell(inline=["cat /root/state"]))
    assert builder.lines == ["before"]
