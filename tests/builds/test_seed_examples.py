"""The examples of Alibaba Cloud's own Packer page build as they are; each option's effect is in the cloud's record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alibabacloud_ecs20140526.client import Client
from alibabacloud_ecs20140526.models import StopInstanceRequest
from alibabacloud_tea_openapi.utils_models import Config

from imagesmith import Artifact, events
from imagesmith.errors import ConnectionRefused, WaitTimeout
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


USER_DATA = """[powershell]
$ErrorActionPreference = "stop"
Remove-Item -Path WSMan:\\Localhost\\listener\\listener* -Recurse
cmd.exe /c winrm quickconfig -q
cmd.exe /c winrm set "winrm/config/service" '@{AllowUnencrypted="true"}'
cmd.exe /c winrm set "winrm/config/service/auth" '@{Basic="true"}'
cmd.exe /c net stop winrm
cmd.exe /c sc config winrm start= auto
cmd.exe /c net start winrm
"""


@pytest.fixture
def user_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the Windows example names, as such scripts are: Windows opens WinRM with it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "examples" / "alicloud" / "basic" / "winrm_enable_userdata.ps1"
    path.parent.mkdir(parents=True)
    path.write_text(USER_DATA)
    return path


def test_windows_is_opened_by_its_user_data(cloud: SimulatedAlicloud, user_data: Path) -> None:
    printed: list[str] = []
    build("user_data.json", cloud, lambda event: printed.append(getattr(event, "line", "")))
    assert any("Program Files" in line for line in printed)
    assert parameters(cloud, "RunInstances")["UserData"]
    assert parameters(cloud, "AuthorizeSecurityGroup")["Permissions.1.PortRange"] == "5985/5985"
    assert actions(cloud)["ImportKeyPair"] == 0


def test_without_the_user_data_the_listener_is_not_up(
    cloud: SimulatedAlicloud, user_data: Path, tmp_path: Path
) -> None:
    user_data.unlink()
    values = json.loads((SEED / "user_data.json").read_text())
    del values["builders"][0]["user_data_file"]
    values["builders"][0]["winrm_timeout"] = "2s"
    closed = tmp_path / "closed.json"
    closed.write_text(json.dumps(values))
    with pytest.raises(ConnectionRefused, match="listener") as caught:
        build(str(closed), cloud)
    assert "by user data" in caught.value.hint


def test_sysprep_may_power_the_machine_off(cloud: SimulatedAlicloud, user_data: Path, tmp_path: Path) -> None:
    """With disable_stop_instance it is left to the last provisioner to switch Windows off."""
    values = json.loads((SEED / "user_data.json").read_text())
    values["builders"][0]["disable_stop_instance"] = True
    line = "& $env:SystemRoot\\System32\\Sysprep\\Sysprep.exe /oobe /generalize /quiet /shutdown"
    values["provisioners"].append({"type": "powershell", "inline": [line]})
    generalized = tmp_path / "generalized.json"
    generalized.write_text(json.dumps(values))
    build(str(generalized), cloud)
    assert actions(cloud)["StopInstance"] == 0
    assert actions(cloud)["CreateImage"] == 1
