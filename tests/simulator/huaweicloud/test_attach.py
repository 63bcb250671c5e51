"""What builder options name, by id or by name, is made to exist."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from imagesmith.errors import UsageError
from imagesmith_huaweicloud.disk_options import DataDisk
from imagesmith_huaweicloud.endpoints import SERVICES
from imagesmith_huaweicloud.options import HuaweicloudEcs
from imagesmith_huaweicloud.sdk import cbr, ecs, eip, evs, iam, ims, vpc
from imagesmith_huaweicloud.source_options import ImageFilters, SourceImageFilter
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk

VPC, SUBNET, PORT, GROUP, EIP, IMAGE, DATA, VOLUME, SNAPSHOT, VAULT = (
    f"{number:08d}-0000-4000-8000-000000000000" for number in range(1, 11)
)


def options(**fields: Any) -> HuaweicloudEcs:
    given = {"region": "cn-north-4", "flavor": "s6.large.2", "image_name": "x", "source_image": IMAGE, **fields}
    return HuaweicloudEcs(ssh_username="root", **given)


def test_options_without_keys_get_the_clouds_own_and_its_project(cloud: SimulatedHuaweicloud) -> None:
    attached = cloud.attach(options())
    assert (attached.access_key, attached.secret_key) == (cloud.access_key, cloud.secret_key)
    assert attached.project_id == cloud.project_id("cn-north-4")
    assert {service: attached.endpoints[service] for service in SERVICES} == dict.fromkeys(SERVICES, cloud.url)


def test_keys_and_a_project_of_ones_own_are_kept_and_accepted(cloud: SimulatedHuaweicloud) -> None:
    attached = cloud.attach(
        options(access_key="mine", secret_key="also mine", security_token="token", project_id="a-project")
    )
    assert (attached.access_key, attached.project_id) == ("mine", "a-project")
    mine = Sdk(cloud, "a-project", access_key="mine", secret_key="also mine", security_token="token")
    mine.do(ecs.NovaListAvailabilityZonesRequest())


def test_a_project_that_is_named_is_looked_up(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    attached = cloud.attach(options(project_name="cn-north-4_sub"))
    assert attached.project_id == ""
    found = sdk.do(iam.KeystoneListProjectsRequest(name="cn-north-4_sub"))["projects"]
    mine = Sdk(cloud, found[0]["id"])
    assert mine.do(ims.ListImagesRequest(id=IMAGE))["images"][0]["id"] == IMAGE


def test_everything_that_is_named_by_id_exists_and_works_together(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    cloud.attach(
        options(
            availability_zone="cn-north-4h",
            flavor="c9.huge.4",
            vpc_id=VPC,
            subnets=(SUBNET,),
            ports=(PORT,),
            security_groups=(GROUP,),
            floating_ip=EIP,
            ssh_keypair_name="team",
            vault_id=VAULT,
            data_disks=(DataDisk(volume_id=VOLUME), DataDisk(snapshot_id=SNAPSHOT), DataDisk(data_image_id=DATA)),
        )
    )
    server = sdk.server(
        flavor_ref="c9.huge.4",
        availability_zone="cn-north-4h",
        image_ref=IMAGE,
        vpcid=VPC,
        nics=[ecs.PostPaidServerNic(subnet_id=SUBNET), ecs.PostPaidServerNic(port_id=PORT)],
        security_groups=[ecs.PostPaidServerSecurityGroup(id=GROUP)],
        key_name="team",
        publicip=ecs.PostPaidServerPublicip(id=EIP),
        data_volumes=[ecs.PostPaidServerDataVolume(volumetype="SSD", size=10, data_image_id=DATA)],
    )
    assert sdk.shown(server)["status"] == "ACTIVE"
    body = ecs.AttachServerVolumeRequestBody(volume_attachment=ecs.AttachServerVolumeOption(volume_id=VOLUME))
    sdk.do(ecs.AttachServerVolumeRequest(server_id=server, body=body))
    snapshots = sdk.do(evs.ListSnapshotsRequest(id=SNAPSHOT))["snapshots"]
    assert [snapshot["id"] for snapshot in snapshots] == [SNAPSHOT]
    assert sdk.do(cbr.ShowVaultRequest(vault_id=VAULT))["vault"]["id"] == VAULT
    assert {line.split(" ")[0] for line in cloud.inventory()} == {"server", "volume", "port"}
    sdk.do(ecs.DeleteServersRequest(body=ecs.DeleteServersRequestBody(servers=[ecs.ServerId(id=server)])))
    assert cloud.lost() == []


def test_everything_that_is_named_by_name_exists(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    source = options(
        source_image="",
        source_image_name="golden base",
        vpc_name="prod",
        subnets=("front", "back"),
        security_groups=("web", "default"),
    )
    cloud.attach(source)
    cloud.attach(source)
    vpcs = sdk.do(vpc.ListVpcsRequest())["vpcs"]
    assert [entry["name"] for entry in vpcs] == ["prod"]
    subnets = sdk.do(vpc.ListSubnetsRequest(vpc_id=vpcs[0]["id"]))["subnets"]
    assert {entry["name"] for entry in subnets} == {"front", "back"}
    groups = sdk.do(vpc.ListSecurityGroupsRequest())["security_groups"]
    assert sorted(entry["name"] for entry in groups) == ["default", "web"]
    assert len(sdk.do(ims.ListImagesRequest(name="golden base"))["images"]) == 1


def test_a_filter_finds_an_image_that_passes(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    filters = ImageFilters(name="base-1", tag="team.os", visibility="private")
    cloud.attach(options(source_image="", source_image_filter=SourceImageFilter(filters=filters)))
    found = sdk.do(ims.ListImagesRequest(name="base-1", imagetype="private", tag="team.os"))["images"]
    assert [image["name"] for image in found] == ["base-1"]


def test_a_flavor_with_arm_processors_gets_an_image_for_them(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    cloud.attach(options(flavor="kc2.large.2"))
    server = sdk.server(flavor_ref="kc2.large.2", image_ref=IMAGE)
    assert sdk.shown(server)["status"] == "ACTIVE"


def test_an_eip_is_named_by_its_address_or_is_any_that_is_free(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    cloud.attach(options(floating_ip="203.0.113.7"))
    named = sdk.do(eip.ListPublicipsRequest(public_ip_address=["203.0.113.7"]))["publicips"]
    assert [entry["status"] for entry in named] == ["DOWN"]
    cloud.attach(options(reuse_ips=True))
    assert len(sdk.do(eip.ListPublicipsRequest())["publicips"]) == 1
    sdk.server(publicip=ecs.PostPaidServerPublicip(id=named[0]["id"]))
    cloud.attach(options(reuse_ips=True))
    assert [entry["status"] for entry in sdk.do(eip.ListPublicipsRequest())["publicips"]].count("DOWN") == 1


def test_the_key_pair_has_the_public_half_of_the_private_key_file(
    cloud: SimulatedHuaweicloud, sdk: Sdk, tmp_path: Path
) -> None:
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "id"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    cloud.attach(options(ssh_keypair_name="team", ssh_private_key_file=str(path)))
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    assert sdk.do(ecs.NovaShowKeypairRequest(keypair_name="team"))["keypair"]["public_key"] == line


@pytest.mark.parametrize(
    "fields", [{"vpc_id": "vpc-1", "subnets": ("s",)}, {"source_image": "img-1"}, {"floating_ip": "my-eip"}]
)
def test_what_can_be_no_id_is_left_to_the_cloud_to_refuse(cloud: SimulatedHuaweicloud, fields: dict[str, Any]) -> None:
    before = len(cloud._store.all())
    cloud.attach(options(**{"source_image": "19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0003", **fields}))
    assert len(cloud._store.all()) == before


def test_a_region_that_does_not_exist_gets_nothing(cloud: SimulatedHuaweicloud) -> None:
    before = len(cloud._store.all())
    assert cloud.attach(options(region="mars-north-1", vpc_id=VPC)).project_id == ""
    assert len(cloud._store.all()) == before


def test_what_was_there_and_goes_is_lost(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    cloud.attach(options(floating_ip=EIP))
    assert (cloud.inventory(), cloud.lost()) == ([], [])
    sdk.do(eip.DeletePublicipRequest(publicip_id=EIP))
    assert [line.split(" ")[:2] for line in cloud.lost()] == [["eip", EIP]]


def test_wrong_arguments_are_told() -> None:
    with pytest.raises(UsageError, match="there is no latency nonsense"):
        SimulatedHuaweicloud.start(machines="none", latencies={"nonsense": 1.0})


def test_options_of_others_get_what_they_have_fields_for(cloud: SimulatedHuaweicloud) -> None:
    @dataclasses.dataclass(frozen=True)
    class Few:
        region: str = "cn-north-4"
        project_id: str = ""

    assert cloud.attach(Few()).project_id == cloud.project_id("cn-north-4")
