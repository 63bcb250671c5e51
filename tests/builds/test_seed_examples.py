"""The examples of Alibaba Cloud's own Packer page build as they are; each option's effect is in the cloud's record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alibabacloud_ecs20140526.client import Client
from alibabacloud_ecs20140526.models import StopInstanceRequest
from alibabacloud_tea_openapi.utils_models import Config

from imagesmith import Artifact, events
from imagesmith.errors import WaitTimeout
from imagesmith.plan import TemplateRequest
from imagesmith.runner import run_plan
from imagesmith.settings import RunSettings
from imagesmith.template import load
from imagesmith.waiting import CancelToken, Clock
from imagesmith_simulator.alicloud import SimulatedAlicloud

SEED = Path(__file__).parent.parent / "templates" / "seed"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedAlicloud]:
    """A simulated cloud, and keys in the environment as the examples want them."""
    monkeypatch.setenv("ALICLOUD_ACCESS_KEY", "LTAI-from-the-environment")
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", "secret-from-the-environment")
    with SimulatedAlicloud.start() as simulated:
        yield simulated


def build(
    name: str,
    cloud: SimulatedAlicloud,
    on_event: Callable[[events.Event], None] = lambda _event: None,
    clock: Clock | None = None,
) -> Artifact:
    """Build an example; nothing but the image and its snapshots may be there afterwards."""
    settings = RunSettings(simulate=True, clouds={"alicloud": cloud}, clock=clock)
    outcome = run_plan(load(TemplateRequest(str(SEED / name))), settings, on_event)
    assert cloud.leftovers() == []
    for error in outcome.errors.values():
        raise error
    ((artifact,),) = outcome.artifacts.values()
    return artifact


def actions(cloud: SimulatedAlicloud) -> Counter[str]:
    """How often imagesmith called each action."""
    return Counter(call.action for call in cloud.calls() if "imagesmith" in call.client)


def parameters(cloud: SimulatedAlicloud, action: str) -> dict[str, str]:
    """What the first call of an action was given."""
    return next(dict(call.parameters) for call in cloud.calls() if call.action == action)


def test_tags_are_on_the_image_and_its_snapshot(cloud: SimulatedAlicloud) -> None:
    artifact = build("tags.json", cloud)
    tagged = [line for line in cloud.inventory() if "version=v1.0.0" in line and "app=web" in line]
    assert sorted(line.split()[0] for line in tagged) == ["image", "snapshot"]
    assert artifact.tags == {"version": "v1.0.0", "app": "web"}
    assert parameters(cloud, "RunInstances")["IoOptimized"] == "optimized"
    assert parameters(cloud, "AllocateEipAddress")["InternetChargeType"] == "PayByTraffic"


def test_data_disks_are_left_out_of_the_image(cloud: SimulatedAlicloud) -> None:
    build("ignore_data_disks.json", cloud)
    assert parameters(cloud, "RunInstances")["DataDisk.1.SnapshotId"].startswith("s-bp1")
    created = parameters(cloud, "CreateImage")
    assert created["SnapshotId"].startswith("s-")
    assert "InstanceId" not in created
    assert len([line for line in cloud.inventory() if line.startswith("snapshot")]) == 1


class SharedClock:
    """Time that passes for the build and for its cloud alike, and only by waiting."""

    def __init__(self, cloud: SimulatedAlicloud) -> None:
        self.cloud, self.time = cloud, 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        cancel.check()
        self.time += seconds
        self.cloud.clock.advance(seconds)


@pytest.mark.parametrize(("snapshot_s", "in_time"), [(7000, True), (7300, False)])
def test_the_snapshot_has_the_templates_7200_seconds(
    snapshot_s: float, in_time: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALICLOUD_ACCESS_KEY", "LTAI-from-the-environment")
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", "secret-from-the-environment")
    with SimulatedAlicloud.start(latencies={"snapshot": snapshot_s}) as cloud:
        if in_time:
            assert build("snapshot_timeout.json", cloud, clock=SharedClock(cloud)).images
        else:
            with pytest.raises(WaitTimeout, match="after 7200 s"):
                build("snapshot_timeout.json", cloud, clock=SharedClock(cloud))


def test_the_private_address_needs_no_eip_and_no_network(cloud: SimulatedAlicloud) -> None:
    build("private_ip.json", cloud)
    called = actions(cloud)
    assert not [action for action in called if "Eip" in action]
    assert not {"CreateVpc", "CreateVSwitch", "DeleteVpc", "DeleteVSwitch"} & set(called)


def test_disable_stop_instance_waits_for_somebody_else_to_stop_it(cloud: SimulatedAlicloud) -> None:
    made: list[str] = []

    def stop_by_hand(event: events.Event) -> None:
        if isinstance(event, events.ResourceCreated) and event.kind == "instance":
            made.append(event.id)
        if isinstance(event, events.StepStarted) and event.step == "stop":
            endpoint = cloud.url.removeprefix("http://")
            keys = {"access_key_id": cloud.access_key, "access_key_secret": cloud.secret_key}
            client = Client(Config(endpoint=endpoint, protocol="http", region_id="cn-hangzhou", **keys))
            client.stop_instance(StopInstanceRequest(instance_id=made[0]))

    build("disable_stop.json", cloud, stop_by_hand)
    assert actions(cloud)["StopInstance"] == 0
    assert actions(cloud)["CreateImage"] == 1
