"""Templates as Huawei Cloud's users write them load, validate, and build; broken ones are refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith import Artifact, Build, Shell, events
from imagesmith.checking import check_plan
from imagesmith.errors import Diagnostic, TemplateError
from imagesmith.plan import Plan, TemplateRequest
from imagesmith.runner import run_plan
from imagesmith.settings import RunSettings
from imagesmith.template import load
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from imagesmith_simulator.huaweicloud.resources import Rule

TEMPLATES = Path(__file__).parent.parent / "templates" / "huaweicloud"
LINUX = (
    "basic.pkr.hcl",
    "data_disks.pkr.hcl",
    "encryption.pkr.hcl",
    "private_ip.pkr.hcl",
    "node_image.json",
    "arm_password.pkr.hcl",
    "partner_cloud_0.4.pkr.hcl",
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the templates read from the environment; manifests are written into a folder of the test."""
    monkeypatch.setenv("BASE_IMAGE_ID", "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d41")
    monkeypatch.setenv("BASE_IMAGE_PASSWORD", "Baked-in-the-image-1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cloud() -> Iterator[SimulatedHuaweicloud]:
    with SimulatedHuaweicloud.start() as simulated:
        yield simulated


def plan(name: str, **variables: str) -> Plan:
    path = TEMPLATES / name
    given = TEMPLATES / f"{path.stem.removesuffix('_ansible')}.vars.json"
    files = (str(given),) if given.exists() else ()
    return load(TemplateRequest(str(path), variable_files=files, variables=tuple(variables.items())))


def validated(name: str) -> tuple[Diagnostic, ...]:
    """The warnings of ``validate``."""
    loaded = plan(name)
    return (*loaded.warnings, *check_plan(loaded))


def built(name: str, cloud: SimulatedHuaweicloud, **variables: str) -> Artifact:
    """Build a template; nothing but images may be there afterwards, and nothing of the user's may be gone."""
    settings = RunSettings(simulate=True, clouds={"huaweicloud": cloud})
    outcome = run_plan(plan(name, **variables), settings, lambda _event: None)
    assert cloud.leftovers() == cloud.lost() == []
    for error in outcome.errors.values():
        raise error
    ((artifact,),) = outcome.artifacts.values()
    return artifact


def request(cloud: SimulatedHuaweicloud, action: str) -> dict[str, Any]:
    """What the last call of an action was given, without the name of its envelope."""
    (*_, last) = (call for call in cloud.calls() if call.action == action)
    return {name.partition(".")[2] or name: value for name, value in last.parameters.items()}


def made_by(image: str, region: str, cloud: SimulatedHuaweicloud) -> str:
    """What the provisioner of the template has written into the image."""
    lines: list[str] = []

    def note(event: events.Event) -> None:
        if isinstance(event, events.Output):
            lines.append(event.line)

    node = HuaweicloudEcs(
        region=region, source_image=image, image_name="looked-at", flavor="s6.large.2", ssh_username="root"
    )
    settings = RunSettings(simulate=True, clouds={"huaweicloud": cloud})
    Build(source=node, provisioners=[Shell(inline=["cat /etc/made-by"])], settings=settings).run(on_event=note)
    return "\n".join(lines)


@pytest.mark.parametrize("name", LINUX)
def test_templates_for_linux_are_valid_without_a_warning(name: str) -> None:
    assert [warning.summary for warning in validated(name) if "no effect" not in str(warning)] == []


def test_a_public_image_with_an_eip(cloud: SimulatedHuaweicloud) -> None:
    artifact = built("basic.pkr.hcl", cloud)
    (image,) = cloud.images()
    assert (image["name"], image["id"]) == ("ubuntu-with-a-file", artifact.id)
    assert artifact.tags == {"builder": "packer", "os": "Ubuntu-22.04-server"}
    assert made_by(artifact.id, "cn-north-4", cloud) == "basic"
    (manifest,) = json.loads(Path("manifest.json").read_text())["builds"]
    assert manifest["artifact_id"] == artifact.id


def test_disks_of_all_four_kinds(cloud: SimulatedHuaweicloud) -> None:
    artifact = built("data_disks.pkr.hcl", cloud)
    assert len(artifact.id.split(";")) == len(cloud.images()) == 5
    assert "7a5b1c9e-3f66-4bd5-9f0d-0f8a2b6c1d01" not in {
        value for call in cloud.calls() if "Delete" in call.action for value in call.parameters.values()
    }


def test_encrypted_disks_and_a_filter(cloud: SimulatedHuaweicloud) -> None:
    artifact = built("encryption.pkr.hcl", cloud)
    key = "0d0466b0-e727-4d9c-b35d-f84bb474a37f"
    sent = [str(value) for call in cloud.calls() for value in call.parameters.values()]
    assert sum(value == key for value in sent) == 2
    assert len(artifact.id.split(";")) == 2


def test_no_address_in_a_network_that_exists(cloud: SimulatedHuaweicloud) -> None:
    built("private_ip.pkr.hcl", cloud)
    made = {call.action for call in cloud.calls() if call.action.startswith(("Create", "Neutron"))}
    assert made == {"CreatePostPaidServers", "CreateImage"}


def test_legacy_json_with_every_value_a_string(cloud: SimulatedHuaweicloud) -> None:
    artifact = built("node_image.json", cloud, pause_before_connecting="1s")
    assert artifact.tags["kubernetes_version"] == "1.30.5"
    assert artifact.tags["kubernetes_cni_version"] == "1.3.0"
    assert artifact.tags["distribution"] == "ubuntu"
    sent = request(cloud, "CreatePostPaidServers")
    assert sent["root_volume.size"] in (40, "40")
    assert sent["availability_zone"] == "ap-southeast-1g"
    assert made_by(artifact.id, "ap-southeast-1", cloud) == "node_image v1.30.5"


def test_variables_without_a_default_must_be_given() -> None:
    with pytest.raises(TemplateError, match='the variable "kubernetes_semver" has no value'):
        load(TemplateRequest(str(TEMPLATES / "node_image.json")))


def test_what_other_plugins_would_do_is_named() -> None:
    with pytest.raises(TemplateError, match=r'playbook_file: there is no file "\./ansible/node\.yml"'):
        validated("node_image_ansible.json")
    Path("ansible").mkdir()
    Path("ansible/node.yml").write_text("- hosts: all\n  tasks: []\n")
    warnings = "\n".join(str(warning) for warning in validated("node_image_ansible.json"))
    assert 'the provisioner "goss" is not supported yet' in warnings
    assert 'provisioner "ansible"' not in warnings


def test_an_arm_server_and_a_password_of_the_image(cloud: SimulatedHuaweicloud) -> None:
    artifact = built("arm_password.pkr.hcl", cloud)
    assert request(cloud, "CreatePostPaidServers")["flavorRef"] == "kc2.large.2"
    assert not any("Keypair" in call.action for call in cloud.calls())
    assert artifact.images


def test_a_partner_cloud_with_the_options_of_0_4_0(cloud: SimulatedHuaweicloud) -> None:
    cloud.adopt({"region": "eu-de", "project_name": "eu-de_platform"})
    with cloud.clock.lock:
        # As it is where such templates are used: the default group lets the machine in that builds.
        for kind, group in cloud.state.all():
            if kind == "security group":
                group.rules.append(Rule(id=f"ssh-{group.id}", direction="ingress"))
    built("partner_cloud_0.4.pkr.hcl", cloud)
    sent = request(cloud, "CreatePostPaidServers")
    assert sent["availability_zone"] == "eu-de-01"
    assert not any("Publicip" in call.action for call in cloud.calls())


@pytest.mark.parametrize("name", ["windows_golden.pkr.hcl", "windows_object.pkr.hcl"])
def test_templates_for_windows_are_valid(name: str) -> None:
    assert validated(name) == ()


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        (
            "names_of_another_cloud",
            [
                'unknown option "instance_type"',
                'unknown option "subnet_id"',
                'unknown option "security_group_id"',
                'unknown option "shutdown_behavior"',
                "flavor",
            ],
        ),
        ("tags", ['unknown option "tags"']),
        ("env_in_a_source", ["env can only be used in the default of a variable"]),
        ("plugin_called_as_its_builder", ['The plugin "huaweicloud" is required as "huaweicloud-ecs"']),
        ("no_source_image", ["there is no source image"]),
        ("an_address_that_is_forbidden", ["asks for an EIP that associate_public_ip_address = false forbids"]),
    ],
)
def test_broken_templates_are_refused_with_every_reason(name: str, reasons: list[str]) -> None:
    with pytest.raises(TemplateError) as caught:
        validated(f"broken/{name}.pkr.hcl")
    for reason in reasons:
        assert reason in str(caught.value)
