"""Builds wait for cloud-init in the guest, and a reboot in the middle of one is a real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from imagesmith import Build, Reboot, RunSettings, Shell, events
from imagesmith.errors import ProvisionError
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud

SLOW = "#!/bin/sh\nsleep 2\ntouch /root/made-by-cloud-init\n"


@pytest.fixture
def cloud() -> Iterator[SimulatedAlicloud]:
    with SimulatedAlicloud.start() as simulated:
        yield simulated


def build(cloud: SimulatedAlicloud, *provisioners: Any, **options: Any) -> list[events.Event]:
    source: dict[str, Any] = {
        "region": "cn-hangzhou",
        "image_name": "web",
        "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
        "instance_type": "ecs.s6-c1m2.large",
        "ssh_username": "root",
    }
    seen: list[events.Event] = []
    settings = RunSettings(simulate=True, clouds={"alicloud": cloud})
    Build(source=AlicloudEcs(**(source | options)), provisioners=provisioners, settings=settings).run(
        on_event=seen.append
    )
    return seen


def steps(seen: list[events.Event]) -> list[str]:
    return [event.step for event in seen if isinstance(event, events.StepFinished)]


def test_provisioning_begins_when_cloud_init_has_finished(cloud: SimulatedAlicloud) -> None:
    seen = build(cloud, Shell(inline=["ls /root/made-by-cloud-init"]), user_data=SLOW)
    assert "guest ready" in steps(seen)
    assert {event.state for event in seen if isinstance(event, events.Waiting) and event.what == "the guest"} == {
        "busy: cloud-init"
    }
    with pytest.raises(ProvisionError):
        build(
            cloud,
            Shell(inline=["ls /root/made-by-cloud-init"]),
            user_data=SLOW,
            wait_for_guest=False,
            image_name="bare",
        )


def test_errors_of_user_data_are_said(cloud: SimulatedAlicloud) -> None:
    seen = build(cloud, Shell(inline=["true"]), user_data="#!/bin/sh\nexit 1\n")
    texts = [event.text for event in seen if isinstance(event, events.Message) and event.level == "warning"]
    assert any("cloud-init has finished with errors" in text for text in texts)


def test_a_reboot_is_waited_for_and_the_build_goes_on(cloud: SimulatedAlicloud) -> None:
    start = 'sed "s/.*) //" /proc/1/stat | cut -d" " -f20'
    files = ["touch /run/before /root/before"]
    after = ["test ! -e /run/before", "test -e /root/before", f'test "$({start})" != "$(cat /root/start)"']
    seen = build(cloud, Shell(inline=[*files, f"{start} > /root/start"]), Reboot(), Shell(inline=after))
    assert [step for step in steps(seen) if "reboot" in step] == ["provision 2/3: reboot"]
    texts = [event.text for event in seen if isinstance(event, events.Message)]
    assert "The machine has been restarted" in texts
