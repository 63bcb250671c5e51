"""What is recorded of a build: its critical path, its inventory; and the cloud as another process sees it."""

from __future__ import annotations

import pytest

from imagesmith_huaweicloud.disk_options import DataDisk
from imagesmith_huaweicloud.options import HuaweicloudEcs
from imagesmith_huaweicloud.sdk import ecs, evs, ims, vpc
from imagesmith_huaweicloud.source_options import ImageFilters, SourceImageFilter
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import Sdk
from tests.simulator.huaweicloud.conftest import Start

VOLUME = "55555555-5555-4555-8555-555555555555"


def built(start: Start, **latencies: float) -> SimulatedHuaweicloud:
    """A cloud in which an image has been made, as a build does it."""
    cloud = start(latencies=latencies)
    sdk = Sdk(cloud)
    network = vpc.CreateVpcOption(name="net", cidr="10.0.0.0/16")
    made = sdk.do(vpc.CreateVpcRequest(body=vpc.CreateVpcRequestBody(vpc=network)))["vpc"]
    cloud.clock.advance(100)
    option = vpc.CreateSubnetOption(name="sub", cidr="10.0.1.0/24", vpc_id=made["id"], gateway_ip="10.0.1.1")
    subnet = sdk.do(vpc.CreateSubnetRequest(body=vpc.CreateSubnetRequestBody(subnet=option)))["subnet"]
    address = sdk.address()["id"]
    cloud.clock.advance(100)
    nics = [ecs.PostPaidServerNic(subnet_id=subnet["id"])]
    server = sdk.server(vpcid=made["id"], nics=nics, publicip=ecs.PostPaidServerPublicip(id=address))
    cloud.clock.advance(100)
    sdk.do(sdk.stop(server))
    cloud.clock.advance(100)
    sdk.do(ims.CreateImageRequest(body=ims.CreateImageRequestBody(name="golden", instance_id=server)))
    cloud.clock.advance(100)
    body = ecs.DeleteServersRequestBody(servers=[ecs.ServerId(id=server)], delete_publicip=True)
    sdk.do(ecs.DeleteServersRequest(body=body))
    cloud.clock.advance(100)
    sdk.do(vpc.DeleteSubnetRequest(vpc_id=made["id"], subnet_id=subnet["id"]))
    sdk.do(vpc.DeleteVpcRequest(vpc_id=made["id"]))
    return cloud


def test_the_critical_path_is_the_longest_chain_of_dependent_calls(start: Start) -> None:
    cloud = built(start, call=0.01, vpc=1, subnet=2, eip=2.5, server=10, stop=5, image=30, delete=3)
    path = cloud.critical_path(provisioning_s=7)
    assert [call.action for call in path.calls] == [
        "CreateVpc",
        "CreateSubnet",
        "CreatePostPaidServers",
        "BatchStopServers",
        "CreateImage",
        "DeleteServers",
        "DeleteSubnet",
        "DeleteVpc",
    ]
    assert path.seconds == pytest.approx(1 + 2 + 10 + 7 + 5 + 30 + 3 + 8 * 0.01)


def test_a_slow_eip_is_on_the_critical_path(start: Start) -> None:
    assert built(start, eip=50, server=10).critical_path_s() == 60


def test_a_build_leaves_its_image_and_nothing_else(start: Start) -> None:
    cloud = built(start)
    assert [line.split(" ")[0] for line in cloud.inventory()] == ["image"]
    assert (cloud.leftovers(), cloud.lost()) == ([], [])
    assert [(image["name"], image["status"]) for image in cloud.images()] == [("golden", "active")]


def test_the_inventory_tells_what_is_there(sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    sdk.server(server_tags=[ecs.PostPaidServerTag(key="run", value="a")], publicip=None)
    sdk.address()
    lines = {line.split(" ")[0]: line for line in cloud.inventory()}
    assert set(lines) == {"server", "volume", "eip", "port", "subnet", "vpc"}
    assert '"builder": cn-north-4, ACTIVE, s6.large.2, cn-north-4a, tags run=a' in lines["server"]
    assert "in-use, system, 40 GiB" in lines["volume"]
    assert len(cloud.leftovers()) == 6


def test_another_process_makes_what_its_options_name(cloud: SimulatedHuaweicloud, sdk: Sdk) -> None:
    served = SimulatedHuaweicloud.at(cloud.url)
    assert served is not None
    source = HuaweicloudEcs(
        region="cn-north-4",
        flavor="s6.large.2",
        image_name="x",
        ssh_username="root",
        source_image_filter=SourceImageFilter(filters=ImageFilters(name="base-1")),
        vpc_name="prod",
        subnets=("front",),
        data_disks=(DataDisk(volume_id=VOLUME),),
    )
    attached = served.attach(source)
    assert (attached.endpoints["ecs"], attached.project_id) == (cloud.url, cloud.project_id("cn-north-4"))
    assert [entry["name"] for entry in sdk.do(vpc.ListVpcsRequest())["vpcs"]] == ["prod"]
    assert sdk.do(evs.ShowVolumeRequest(volume_id=VOLUME))["volume"]["status"] == "available"
    assert len(sdk.images(name="base-1")) == 1
