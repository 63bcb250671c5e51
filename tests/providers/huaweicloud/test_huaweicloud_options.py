"""What each option of the instance and its network does on the wire."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import uuid
from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import ImagesmithError
from imagesmith.keys import make_key
from imagesmith.options import complete
from imagesmith_huaweicloud import HuaweicloudEcs, ImageFilters, SourceImageFilter
from imagesmith_huaweicloud import login as logins
from imagesmith_huaweicloud.access_options import AccessOptions
from imagesmith_huaweicloud.user_data import is_encoded
from imagesmith_simulator.huaweicloud.adopt_images import add_image
from tests.effects import shows
from tests.providers.huaweicloud.conftest import UBUNTU

VPC, SUBNET, OTHER_SUBNET, GROUP, OTHER_GROUP, PORT = (str(uuid.UUID(int=number)) for number in range(11, 17))
ARM = "openEuler 22.03 LTS 64bit with ARM"


def server(driver: Any) -> dict[str, Any]:
    """The request that made the one instance."""
    (sent,) = driver.sent("CreatePostPaidServers")
    return {name.removeprefix("server."): value for name, value in sent.items()}


def source_of(driver: Any) -> Any:
    """The image that the instance was made of."""
    return driver.simulated._store.images[server(driver)["imageRef"]]


def base_image(driver: Any, **facts: Any) -> Any:
    """One more image of somebody else's."""
    account = driver.simulated._account
    image = add_image(account, "", account.store.new_id(), name="base")
    given = {"owner": "vendor-1", "visibility": "public", "tags": {"stage": "stable"}, **facts}
    for name, value in given.items():
        setattr(image, name, value)
    return image


def made(driver: Any, **values: Any) -> Any:
    """The instance as the cloud has it while it runs."""
    seen: list[Any] = []
    driver.build(on_running=lambda *_: seen.extend(driver.simulated._store.servers.values()), **values)
    return seen[0]


@shows(
    HuaweicloudEcs,
    "flavor",
    "instance_name",
    "instance_metadata",
    "agency_name",
    "run_tags",
    "spot_pricing",
    "spot_maximum_price",
)
def test_the_instance_is_what_the_template_says(driver: Any) -> None:
    instance = made(
        driver,
        flavor="c7.large.2",
        availability_zone="cn-north-4b",
        instance_name="builder",
        instance_metadata={"team": "infra"},
        agency_name="builders",
        run_tags={"cost": "ci"},
        enterprise_project_id="ep-1",
        spot_pricing=True,
        spot_maximum_price="0.5",
    )
    assert (instance.flavor_id, instance.availability_zone, instance.name) == ("c7.large.2", "cn-north-4b", "builder")
    assert instance.metadata == {"team": "infra", "agency_name": "builders"}
    assert instance.tags["cost"] == "ci"
    assert set(instance.tags) == {"cost", "imagesmith.run", "imagesmith.token"}
    assert instance.enterprise_project_id == "ep-1"
    assert (instance.market_type, instance.spot_price) == ("spot", "0.5")
    assert instance.description.startswith("imagesmith: temporary instance of the run ")
    assert server(driver)["root_volume.volumetype"] == "SSD"


@shows(AccessOptions, "enterprise_project_id")
def test_the_enterprise_project_is_everywhere(driver: Any) -> None:
    driver.build(enterprise_project_id="ep-1")
    for action, name in {
        "CreateVpc": "vpc.enterprise_project_id",
        "CreateSecurityGroup": "security_group.enterprise_project_id",
        "CreatePublicip": "enterprise_project_id",
        "CreatePostPaidServers": "server.extendparam.enterprise_project_id",
        "CreateImage": "enterprise_project_id",
    }.items():
        (sent,) = driver.sent(action)
        assert sent[name] == "ep-1", action


def test_the_instance_is_named_after_the_image(driver: Any) -> None:
    driver.build(image_name="web server (1.2) of today")
    assert server(driver)["name"] == "web-server-1.2-of-today"


@shows(HuaweicloudEcs, "volume_type", "volume_size", "volume_iops", "volume_throughput", "kms_key_id")
def test_the_system_disk(driver: Any) -> None:
    key = str(uuid.uuid4())
    driver.build(volume_type="GPSSD2", volume_size=80, volume_iops=5000, volume_throughput=200, kms_key_id=key)
    sent = server(driver)
    assert sent["root_volume.volumetype"] == "GPSSD2"
    assert sent["root_volume.size"] == "80"
    assert sent["root_volume.iops"] == "5000"
    assert sent["root_volume.throughput"] == "200"
    assert sent["root_volume.metadata.__system__encrypted"] == "1"
    assert sent["root_volume.metadata.__system__cmkid"] == key


@pytest.mark.parametrize(
    "text", ["hostname", "true", "reboot12", "echo", "#cloud-config\nhostname: web\n", "#!/bin/sh\n"]
)
def test_plain_user_data_is_encoded(driver: Any, text: str) -> None:
    assert made(driver, user_data=text).user_data == text.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"#!/bin/sh\necho hello\n",
        b"#cloud-config\nusers: []\n",
        b"Content-Type: multipart/mixed\n\n",
        b"MIME-Version: 1.0\n\n",
        b"#include\nhttp://127.0.0.1/x\n",
        b"<powershell>x</powershell>",
        gzip.compress(b"#cloud-config\n", mtime=0),
    ],
)
def test_encoded_user_data_stays_as_it_is(driver: Any, raw: bytes, tmp_path: Path) -> None:
    in_lines = base64.encodebytes(raw).decode()
    assert made(driver, user_data=in_lines).user_data == raw
    assert is_encoded(base64.b64encode(raw))


@shows(HuaweicloudEcs, "user_data")
def test_the_size_of_user_data_is_that_of_what_is_encoded(driver: Any) -> None:
    largest = b"#!/bin/sh\n" + b"#" * (32 * 1024 - 10)
    assert made(driver, user_data=base64.b64encode(largest).decode()).user_data == largest
    with pytest.raises(ImagesmithError, match="user_data is larger than 32 KiB"):
        driver.options(user_data=largest.decode() + "#")


@shows(HuaweicloudEcs, "user_data_file")
def test_a_file_of_user_data_wins(driver: Any, tmp_path: Path) -> None:
    file = tmp_path / "user-data"
    file.write_bytes(b"#!/bin/sh\n")
    assert made(driver, user_data="#cloud-config\n", user_data_file=str(file)).user_data == b"#!/bin/sh\n"


@shows(CommunicatorOptions, "ssh_password")
def test_a_password_is_set_where_the_cloud_takes_it(driver: Any) -> None:
    instance = made(driver, ssh_password="Good-Secret-1")
    assert instance.password == "Good-Secret-1"
    assert instance.key_name == ""
    assert "NovaCreateKeypair" not in driver.actions()


@shows(CommunicatorOptions, "ssh_username")
def test_another_user_than_the_administrator(driver: Any) -> None:
    assert driver.build(ssh_username="ubuntu").login.username == "ubuntu"


@pytest.mark.parametrize(("user", "password"), [("root", "secret"), ("ubuntu", "Good-Secret-1")])
def test_a_password_that_the_cloud_can_t_set_is_the_image_s(driver: Any, user: str, password: str) -> None:
    assert made(driver, ssh_username=user, ssh_password=password).password == ""
    assert ("the source image must have it already" in driver.said()) == (user == "root")


@shows(CommunicatorOptions, "ssh_keypair_name", "ssh_private_key_file")
def test_the_user_s_key_pair(driver: Any, tmp_path: Path) -> None:
    private, _ = make_key("rsa", 0, "mine")
    file = tmp_path / "key"
    file.write_text(private)
    assert made(driver, ssh_keypair_name="mine", ssh_private_key_file=str(file)).key_name == "mine"
    assert "NovaCreateKeypair" not in driver.actions()
    assert driver.simulated.lost() == []


def test_a_key_pair_for_an_agent_is_not_dropped(driver: Any) -> None:
    _run, cloud = driver.open(ssh_keypair_name="mine", ssh_password="Good-Secret-1")
    options = dataclasses.replace(cloud.context.options, ssh_agent_auth=True, ssh_password="")
    found = logins.login(dataclasses.replace(cloud.context, options=options))
    assert (found.key_name, found.temporary) == ("mine", False)


@shows(CommunicatorOptions, "temporary_key_pair_name", "temporary_key_pair_type", "temporary_key_pair_bits")
def test_the_temporary_key_pair_is_what_the_template_says(driver: Any) -> None:
    driver.build(temporary_key_pair_name="mine", temporary_key_pair_type="ecdsa", temporary_key_pair_bits=384)
    (sent,) = driver.sent("NovaCreateKeypair")
    assert sent["keypair.name"] == "mine"
    assert sent["keypair.public_key"].startswith("ecdsa-sha2-nistp384 ")


@shows(HuaweicloudEcs, "vpc_id", "subnets", "security_groups")
def test_an_existing_network_is_used_and_left(driver: Any) -> None:
    given = {"vpc_id": VPC, "subnets": [SUBNET, OTHER_SUBNET], "security_groups": [GROUP, OTHER_GROUP]}
    seen: list[Any] = []

    def look(*_: Any) -> None:
        store = driver.simulated._store
        seen.extend((port.subnet_id, list(port.security_group_ids)) for port in store.ports.values())

    built = driver.build(on_running=look, **given)
    assert seen == [(SUBNET, [GROUP, OTHER_GROUP]), (OTHER_SUBNET, [GROUP, OTHER_GROUP])]
    assert (built.network.vpc_id, built.address.kind) == (VPC, "private")
    assert not {"CreateVpc", "CreateSubnet", "CreateSecurityGroup", "CreatePublicip"} & set(driver.actions())
    assert driver.simulated.lost() == []
    assert driver.simulated.leftovers() == []


@shows(HuaweicloudEcs, "vpc_name")
def test_a_network_is_found_by_its_names(driver: Any) -> None:
    built = driver.build(vpc_name="lan", subnets=["front"], security_groups=["ssh-only"])
    sent = server(driver)
    assert sent["vpcid"] == built.network.vpc_id
    assert driver.simulated._store.vpcs[sent["vpcid"]].name == "lan"
    assert sent["nics[].subnet_id"] == built.network.subnet_id
    assert "CreateVpc" not in driver.actions()


@shows(HuaweicloudEcs, "networks")
def test_networks_are_subnets_too(driver: Any) -> None:
    driver.build(networks=[SUBNET])
    assert server(driver)["nics[].subnet_id"] == SUBNET


@shows(HuaweicloudEcs, "ports")
def test_an_existing_interface_is_used_and_left(driver: Any) -> None:
    driver.build(vpc_id=VPC, ports=[PORT])
    assert server(driver)["nics[].port_id"] == PORT
    assert not {"CreateSecurityGroup", "CreateSubnet"} & set(driver.actions())
    assert driver.simulated.lost() == []


@shows(CommunicatorOptions, "ssh_port")
@shows(HuaweicloudEcs, "vpc_cidr_block", "temporary_security_group_source_cidrs")
def test_the_temporary_network(driver: Any) -> None:
    driver.build(vpc_cidr_block="10.1.0.0/16", temporary_security_group_source_cidrs=["203.0.113.7/32"], ssh_port=2222)
    assert driver.sent("CreateVpc")[0]["vpc.cidr"] == "10.1.0.0/16"
    assert driver.sent("CreateSubnet")[0]["subnet.cidr"] == "10.1.0.0/24"
    (rule,) = driver.sent("CreateSecurityGroupRule")
    assert rule["security_group_rule.remote_ip_prefix"] == "203.0.113.7/32"
    assert rule["security_group_rule.port_range_min"] == rule["security_group_rule.port_range_max"] == "2222"


@shows(HuaweicloudEcs, "source_image")
def test_the_source_image_by_its_id(driver: Any) -> None:
    driver.build(source_image="19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0003")
    assert server(driver)["imageRef"] == "19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0003"


@shows(HuaweicloudEcs, "source_image_name")
def test_the_source_image_by_its_name(driver: Any) -> None:
    driver.build(source_image_name=ARM, flavor="kc2.large.2")
    assert source_of(driver).name == ARM


@shows(HuaweicloudEcs, "source_image_filter")
@shows(SourceImageFilter, "filters")
@shows(ImageFilters, "name")
def test_a_filter_by_name(driver: Any) -> None:
    driver.build(source_image_filter=SourceImageFilter(filters=ImageFilters(name=UBUNTU)))
    assert source_of(driver).name == UBUNTU


@shows(ImageFilters, "name_regex")
def test_a_filter_by_expression(driver: Any) -> None:
    driver.build(source_image_filter=SourceImageFilter(filters=ImageFilters(name_regex="^Ubuntu 22")))
    assert source_of(driver).name == UBUNTU


@shows(SourceImageFilter, "most_recent")
@shows(ImageFilters, "properties")
def test_the_newest_of_a_platform(driver: Any) -> None:
    filters = ImageFilters(visibility="public", properties={"__platform": "Ubuntu"})
    older, newest = (base_image(driver, platform="Ubuntu", created=driver.simulated.clock.now() + at) for at in (1, 2))
    base_image(driver, platform="Debian", created=driver.simulated.clock.now() + 3)
    driver.build(source_image_filter=SourceImageFilter(filters=filters, most_recent=True))
    assert source_of(driver).id == newest.id != older.id


@shows(ImageFilters, "owner", "visibility", "tag")
def test_a_filter_by_owner_visibility_and_tag(driver: Any) -> None:
    wanted = base_image(driver)
    for different in ({"owner": "vendor-2"}, {"visibility": "market"}, {"tags": {"stage": "beta"}}):
        base_image(driver, **different)
    filters = ImageFilters(name="base", owner="vendor-1", visibility="public", tag="stage.stable")
    driver.build(source_image_filter=SourceImageFilter(filters=filters))
    assert source_of(driver).id == wanted.id


def test_an_arm_image_needs_no_more_than_its_flavor(driver: Any) -> None:
    driver.build(source_image_name=ARM, flavor="kc2.large.2")
    assert server(driver)["flavorRef"] == "kc2.large.2"


@shows(CommunicatorOptions, "communicator")
def test_without_a_way_in_there_is_no_key_and_no_eip(driver: Any) -> None:
    built = driver.build(communicator="none")
    assert not {"NovaCreateKeypair", "CreateSecurityGroupRule"} & set(driver.actions())
    assert built.login.private_key == ""


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"flavor": ""}, "flavor"),
        ({"data_disks": [{}]}, "a disk has no origin"),
        ({"image_type": "full-ecs"}, "needs a vault_id"),
        ({"floating_ip": "x", "reuse_ips": True}, "exclude each other"),
        ({"associate_public_ip_address": False, "eip_type": "5_bgp"}, "forbids"),
        ({"release_after": 60.0}, "release_after is too short"),
    ],
)
def test_what_can_t_be_is_refused_before_anything_is_called(driver: Any, wrong: Any, told: str) -> None:
    from imagesmith_huaweicloud import DataDisk

    if "data_disks" in wrong:
        wrong = {"data_disks": [DataDisk(**disk) for disk in wrong["data_disks"]]}
    given = {"region": "cn-north-4", "image_name": "web", "flavor": "x", "source_image": "i", "ssh_username": "root"}
    with pytest.raises(ImagesmithError, match=told):
        complete(HuaweicloudEcs(**(given | wrong)), {})
