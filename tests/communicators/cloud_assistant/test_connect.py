"""Getting in by Cloud Assistant, with nothing open; and the ways in which that fails."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest

from imagesmith import Build, RunSettings, Shell, events
from imagesmith.cli import main
from imagesmith.errors import AccessDenied, AuthenticationFailed, TemplateError, UnexpectedProtocol, Unreachable
from imagesmith.options import complete
from imagesmith.waiting import CancelToken
from imagesmith_alicloud import AlicloudEcs
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud
from imagesmith_simulator.faults import Fault
from imagesmith_simulator.machines.both_kinds import BothKinds
from imagesmith_simulator.machines.sandbox import SandboxKind
from imagesmith_simulator.machines.windows import WindowsKind
from tests.communicators.cloud_assistant.conftest import opened
from tests.effects import shows

QUICKSTART = Path(__file__).parents[3] / "examples" / "alicloud" / "quickstart.pkr.hcl"
WINDOWS_IMAGE = "win2022_21H2_x64_dtc_en-us_40G_alibase_20231213.vhd"
OPENS = re.compile(r"Eip|AuthorizeSecurityGroup|KeyPair")


@shows(AlicloudEcs, "communicator")
def test_the_quickstart_builds_with_nothing_open(
    cloud: SimulatedAlicloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No EIP, no rule of the security group, no key; and no SSH server in the machine."""
    endpoint = cloud.url.removeprefix("http://")
    added = f"""
      communicator        = "cloud-assistant"
      ssh_timeout         = "5s"
      custom_endpoint_ecs = "{endpoint}"
      custom_endpoint_vpc = "{endpoint}"
    """
    template = tmp_path / "quickstart.pkr.hcl"
    text = QUICKSTART.read_text().replace('"web" {\n', f'"web" {{{added}', 1)
    template.write_text(text.replace("web-${var.release}", "quick", 1))
    monkeypatch.setenv("ALICLOUD_ACCESS_KEY", cloud.access_key)
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", cloud.secret_key)
    before = len(cloud.calls())
    assert main(["build", str(template)]) == 0
    called = [call.action for call in list(cloud.calls())[before:]]
    assert "RunCommand" in called
    assert [action for action in called if OPENS.search(action)] == []
    (image,) = [image for image in cloud.images() if image["name"] == "quick"]
    with opened(cloud, tmp_path, source_image=image["id"], image_name="next") as remote:
        assert remote.run("cat /srv/index.html /etc/web/release").stdout == "<h1>Hello from quick</h1>\nv1.0.0\n"


@shows(AlicloudEcs, "cloud_assistant_timeout")
def test_an_image_without_the_agent(tmp_path: Path) -> None:
    cancel = CancelToken()
    told = r"agent in i-\w+ is not running; tried for 1 s(?s:.)*console ends"
    with SimulatedAlicloud.start(machines=SandboxKind(agent=False)) as cloud:
        timer = threading.Timer(15, cancel.cancel)
        timer.start()
        with (
            pytest.raises(Unreachable, match=told) as caught,
            opened(cloud, tmp_path, cancel=cancel, cloud_assistant_timeout=1.0),
        ):
            pass
        timer.cancel()
    assert "aliyun.service" in caught.value.hint


def test_windows_is_refused(tmp_path: Path) -> None:
    machines = BothKinds(linux=SandboxKind(), windows=WindowsKind(winrm=True))
    with (
        SimulatedAlicloud.start(machines=machines) as cloud,
        pytest.raises(UnexpectedProtocol, match="this guest is Windows"),
        opened(cloud, tmp_path, source_image=WINDOWS_IMAGE),
    ):
        pass


def test_a_user_that_does_not_exist(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    with (
        pytest.raises(AuthenticationFailed, match="AccountNotExists") as caught,
        opened(cloud, tmp_path, ssh_username="nobody-here"),
    ):
        pass
    assert "ssh_username" in caught.value.hint


def test_a_missing_permission_ends_it_at_once(tmp_path: Path) -> None:
    with SimulatedAlicloud.start(machines=SandboxKind()) as cloud:
        cloud.faults.add(Fault(kind="refuse", action="RunCommand", code="Forbidden.RAM", times=9))
        with pytest.raises(AccessDenied, match="RunCommand"), opened(cloud, tmp_path):
            pass


def test_another_user_runs_the_commands_and_owns_the_files(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    made = "#!/bin/sh\nsleep 1\nuseradd -m -s /bin/sh web\n"
    with opened(cloud, tmp_path, ssh_username="web", user_data=made) as remote:
        remote.upload(b"mine", "/tmp/mine")
        assert remote.run("id -un; pwd; stat -c %U /tmp/mine").stdout == "web\n/home/web\nweb\n"


def test_a_user_that_may_run_nothing(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    with (
        pytest.raises(AuthenticationFailed, match='can\'t be "daemon"') as caught,
        opened(cloud, tmp_path, ssh_username="daemon"),
    ):
        pass
    assert "a shell" in caught.value.hint


def test_the_user_is_root_where_none_is_named(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    given: dict[str, Any] = {"image_name": "web", "source_image": "m-1", "instance_type": "ecs.g7.large"}
    assert complete(AlicloudEcs(region="cn-hangzhou", communicator="cloud-assistant", **given)).open_port is None
    with opened(cloud, tmp_path, ssh_username="") as remote:
        assert remote.run("id -un").stdout == "root\n"


def test_other_clouds_have_no_such_way() -> None:
    given: dict[str, Any] = {"image_name": "web", "source_image": "m-1", "flavor": "s6.large.2", "region": "cn-north-4"}
    with pytest.raises(TemplateError, match='can\'t be "cloud-assistant"'):
        complete(HuaweicloudEcs(communicator="cloud-assistant", **given))


def test_lost_answers_run_nothing_twice(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    with opened(cloud, tmp_path) as remote:
        cloud.faults.add(Fault(kind="lose_answer", action="RunCommand"))
        cloud.faults.add(Fault(kind="lose_answer", action="SendFile"))
        remote.upload(b"one\n", "/root/count")
        cloud.faults.add(Fault(kind="lose_answer", action="RunCommand"))
        assert remote.run("echo two >> /root/count; cat /root/count").stdout == "one\ntwo\n"
        cloud.faults.clear()


def test_a_build_shows_what_a_script_prints(cloud: SimulatedAlicloud) -> None:
    lines: list[str] = []
    source = AlicloudEcs(
        region="cn-hangzhou",
        image_name="printed",
        source_image="aliyun_3_9_x64_20G_alibase_20231219.vhd",
        instance_type="ecs.s6-c1m2.large",
        communicator="cloud-assistant",
    )
    settings = RunSettings(simulate=True, clouds={"alicloud": cloud})
    Build(source=source, provisioners=(Shell(inline=["echo from the guest"]),), settings=settings).run(
        on_event=lambda event: lines.append(event.line) if isinstance(event, events.Output) else None
    )
    assert "from the guest" in lines
