"""What builder options name by id is made to exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from imagesmith.errors import UsageError
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud


@dataclass(frozen=True, kw_only=True)
class Disk:
    disk_snapshot_id: str
    disk_size: int = 0


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of some builder; the simulator goes by their names."""

    region: str = "cn-hangzhou"
    zone_id: str = ""
    access_key: str = ""
    secret_key: str = ""
    security_token: str = ""
    custom_endpoint_ecs: str = ""
    custom_endpoint_vpc: str = ""
    instance_type: str = ""
    source_image: str = ""
    image_family: str = ""
    vpc_id: str = ""
    vswitch_id: str = ""
    security_group_id: str = ""
    eip_id: str = ""
    ssh_keypair_name: str = ""
    ssh_private_key_file: str = ""
    image_disk_mappings: tuple[Disk, ...] = field(default=())


def test_options_without_keys_get_the_clouds_own(cloud: Any) -> None:
    attached = cloud.attach(Options())
    assert (attached.access_key, attached.secret_key) == (cloud.access_key, cloud.secret_key)
    assert attached.custom_endpoint_ecs == attached.custom_endpoint_vpc == cloud.url
    assert attached.region == "cn-hangzhou"


def test_options_with_keys_keep_them_and_the_cloud_accepts_them(cloud: Any, connect: Any) -> None:
    attached = cloud.attach(Options(access_key="mine", secret_key="also mine", security_token="t"))
    assert (attached.access_key, attached.secret_key) == ("mine", "also mine")
    connect(cloud, access_key_id="mine", access_key_secret="also mine", security_token="t").do("DescribeRegions")


def test_everything_that_is_named_exists_and_works_together(cloud: Any, sdk: Any) -> None:
    wanted = Options(
        instance_type="ecs.zz9-c1m2.large",
        source_image="m-mine",
        vpc_id="vpc-mine",
        vswitch_id="vsw-mine",
        security_group_id="sg-mine",
        eip_id="eip-mine",
        ssh_keypair_name="mine",
        image_disk_mappings=(Disk(disk_snapshot_id="s-mine", disk_size=30),),
    )
    for _ in range(2):
        cloud.attach(wanted)
    body = sdk.do(
        "RunInstances",
        instance_type="ecs.zz9-c1m2.large",
        image_id="m-mine",
        v_switch_id="vsw-mine",
        security_group_id="sg-mine",
        key_pair_name="mine",
    )
    (made,) = body.instance_id_sets.instance_id_set
    sdk.do("AssociateEipAddress", allocation_id="eip-mine", instance_id=made)
    assert sdk.instance(made).vpc_attributes.vpc_id == "vpc-mine"
    assert sdk.snapshot("s-mine").source_disk_size == "30"
    sdk.do("DeleteInstance", instance_id=made, force=True)
    assert cloud.inventory() == cloud.lost() == []


@pytest.mark.parametrize("source", ["my_own_20G.vhd", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20240119.vhd"])
def test_any_public_looking_image_exists(cloud: Any, sdk: Any, source: str) -> None:
    cloud.attach(Options(source_image=source))
    image = sdk.image(source)
    assert image.ostype == ("windows" if source.startswith("win") else "linux")


def test_an_image_family_has_a_member(cloud: Any, sdk: Any) -> None:
    assert sdk.do("DescribeImageFromFamily", image_family="acs:mine").image.image_id is None
    cloud.attach(Options(image_family="acs:mine"))
    assert sdk.do("DescribeImageFromFamily", image_family="acs:mine").image.image_id


def test_names_that_no_such_thing_can_have_stay_unknown(cloud: Any, sdk: Any) -> None:
    cloud.attach(Options(source_image="no-such-image", instance_type="m5.large", vpc_id="my-vpc"))
    assert sdk.image("no-such-image") is None
    assert sdk.do("DescribeVpcs").vpcs.vpc == []
    cloud.attach(Options(region="cn-nowhere", vpc_id="vpc-1"))
    assert sdk.do("DescribeVpcs").vpcs.vpc == []


def test_a_vswitch_alone_brings_its_vpc_and_zone(cloud: Any, sdk: Any) -> None:
    cloud.attach(Options(vswitch_id="vsw-mine", zone_id="cn-hangzhou-i"))
    (vswitch,) = sdk.do("DescribeVSwitches", v_switch_id="vsw-mine").v_switches.v_switch
    assert (vswitch.zone_id, vswitch.status) == ("cn-hangzhou-i", "Available")
    assert sdk.do("DescribeVpcs", vpc_id=vswitch.vpc_id).vpcs.vpc


def test_a_named_key_pair_is_that_of_the_private_key_file(cloud: Any, sdk: Any, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "id"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    cloud.attach(Options(ssh_keypair_name="mine", ssh_private_key_file=str(path)))
    (found,) = sdk.do("DescribeKeyPairs", include_public_key=True).key_pairs.key_pair
    assert found.public_key == key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_what_a_build_deletes_of_the_users_own_is_noticed(cloud: Any, sdk: Any) -> None:
    cloud.attach(Options(vpc_id="vpc-mine"))
    sdk.do("DeleteVpc", vpc_id="vpc-mine")
    assert cloud.lost() == ["vpc vpc-mine in cn-hangzhou"]


def test_the_real_builders_options_are_attached(cloud: Any, sdk: Any) -> None:
    options = AlicloudEcs(
        region="cn-beijing",
        image_name="web",
        source_image="m-mine",
        instance_type="ecs.n1.tiny",
        ssh_username="root",
        vswitch_id="vsw-mine",
    )
    attached = cloud.attach(options)
    assert isinstance(attached, AlicloudEcs)
    assert attached.custom_endpoint_ecs == cloud.url
    assert (attached.access_key, attached.image_name) == (cloud.access_key, "web")
    assert sdk.image("m-mine", region_id="cn-beijing").status == "Available"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"latencies": {"snapshoot": 1}}, "there is no latency snapshoot"),
        ({"machines": "vm"}, 'no kind of machine "vm"'),
    ],
)
def test_what_start_refuses(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        SimulatedAlicloud.start(**{"machines": "none", **options})


def test_a_port_that_is_taken_is_refused(cloud: Any) -> None:
    port = int(cloud.url.rpartition(":")[2])
    with pytest.raises(UsageError, match=f"can't listen on 127.0.0.1:{port}"):
        SimulatedAlicloud.start(machines="none", port=port)


def test_it_is_a_context_manager() -> None:
    with SimulatedAlicloud.start(machines="none") as cloud:
        assert cloud.url.startswith("http://127.0.0.1:")
