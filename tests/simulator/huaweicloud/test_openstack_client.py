"""A client that is not ours: openstacksdk logs in with a user's password and lists what the SDK has made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from imagesmith_huaweicloud.sdk import ecs, eip
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from tests.simulator.huaweicloud.clients import FLAVOR, REGION, UBUNTU, ZONE, Sdk
from tests.simulator.huaweicloud.conftest import Start

openstack = pytest.importorskip("openstack", reason="openstacksdk is not installed")

pytestmark = [
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning:openstack"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:openstack"),
]

USER = {"username": "ops", "password": "Simulated-1", "user_domain_name": "account"}


def connect(cloud: SimulatedHuaweicloud, **auth: str) -> Any:
    """A connection as a user of the account in the region's own project."""
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth={"auth_url": f"{cloud.url}/v3", "project_id": cloud.project_id(REGION), **USER, **auth},
        region_name=REGION,
    )


@pytest.fixture
def client(cloud: SimulatedHuaweicloud) -> Iterator[Any]:
    """A connection that is let in."""
    cloud.register_user(USER["username"], USER["password"], USER["user_domain_name"])
    connection = connect(cloud)
    yield connection
    connection.close()


def test_servers_with_their_addresses_and_disks(client: Any, sdk: Sdk) -> None:
    address = sdk.address()
    running = sdk.server(
        publicip=ecs.PostPaidServerPublicip(id=address["id"]),
        server_tags=[ecs.PostPaidServerTag(key="team", value="os")],
    )
    stopped = sdk.server(name="second", stopped=True)
    servers = {server.id: server for server in client.compute.servers()}
    assert {identity: server.status for identity, server in servers.items()} == {running: "ACTIVE", stopped: "SHUTOFF"}
    server = servers[running]
    shown = sdk.do(ecs.ShowServerRequest(server_id=running))["server"]
    assert (server.name, server.image.id, server.flavor.id) == ("builder", UBUNTU, FLAVOR)
    assert (server.availability_zone, server.vm_state, server.project_id) == (ZONE, "active", sdk.project_id)
    kinds = {entry["addr"]: entry["OS-EXT-IPS:type"] for entries in server.addresses.values() for entry in entries}
    assert kinds == {
        entry["addr"]: entry["OS-EXT-IPS:type"] for entries in shown["addresses"].values() for entry in entries
    }
    assert kinds[address["public_ip_address"]] == "floating"
    assert [volume.id for volume in server.attached_volumes] == [sdk.disks(running)[0]["volumeId"]]
    assert client.compute.find_server("second").id == stopped
    assert client.compute.get_server(running).name == "builder"
    with pytest.raises(openstack.exceptions.NotFoundException):
        client.compute.get_server("7cbd7a12-0000-4000-8000-00000000000f")


def test_servers_come_in_pages(client: Any, sdk: Sdk) -> None:
    made = {sdk.server(name=f"server-{number}") for number in range(5)}
    assert {server.id for server in client.compute.servers(limit=2, paginated=True)} == made


def test_images_public_and_private(client: Any, sdk: Sdk, cloud: SimulatedHuaweicloud) -> None:
    golden = sdk.image(sdk.server(), "golden")
    images = {image.id: image for image in client.image.images()}
    assert set(images) == {image["id"] for image in sdk.images()}
    assert (images[golden].name, images[golden].status, images[golden].visibility) == ("golden", "active", "private")
    assert (images[UBUNTU].visibility, images[UBUNTU].min_disk, images[UBUNTU].is_protected) == ("public", 40, True)
    assert client.image.find_image("golden").id == golden
    assert client.image.get_image(golden).owner == sdk.project_id
    assert [image.id for image in client.image.images(visibility="private")] == [golden]
    assert {image.id for image in client.image.images(limit=3)} == set(images)
    other = Sdk(cloud, region="cn-east-3")
    foreign = other.image(other.server(availability_zone="cn-east-3a"), "foreign")
    assert foreign not in {image.id for image in client.image.images()}


def test_networks_with_their_subnets_and_routers(client: Any, sdk: Sdk) -> None:
    subnet = sdk.subnet()
    network = client.network.find_network("sub")
    assert (network.id, network.status, network.subnet_ids) == (subnet["id"], "ACTIVE", [subnet["neutron_subnet_id"]])
    found = list(client.network.subnets(network_id=network.id))
    assert [(item.id, item.cidr, item.gateway_ip) for item in found] == [
        (subnet["neutron_subnet_id"], "10.0.1.0/24", "10.0.1.1")
    ]
    assert [(item.id, item.name) for item in client.network.routers()] == [(subnet["vpc_id"], "net")]


def test_security_groups_and_floating_ips(client: Any, sdk: Sdk) -> None:
    address = sdk.address()
    groups = list(client.network.security_groups())
    assert [group.name for group in groups] == ["default"]
    assert {rule["direction"] for rule in groups[0].security_group_rules} == {"egress", "ingress"}
    found = list(client.network.ips())
    assert [(ip.id, ip.floating_ip_address, ip.port_id) for ip in found] == [
        (address["id"], address["public_ip_address"], None)
    ]
    server = sdk.server()
    port = sdk.do(ecs.ListServerInterfacesRequest(server_id=server))["interfaceAttachments"][0]["port_id"]
    body = eip.UpdatePublicipsRequestBody(publicip=eip.UpdatePublicipOption(port_id=port))
    sdk.do(eip.UpdatePublicipRequest(publicip_id=address["id"], body=body))
    assert next(client.network.ips()).port_id == port


def test_flavors_zones_and_key_pairs(client: Any, sdk: Sdk) -> None:
    flavors = {flavor.id: (flavor.vcpus, flavor.ram) for flavor in client.compute.flavors()}
    assert flavors == {
        flavor["id"]: (int(flavor["vcpus"]), flavor["ram"]) for flavor in sdk.do(ecs.ListFlavorsRequest())["flavors"]
    }
    assert client.compute.find_flavor(FLAVOR).ram == 4096
    zones = [zone.name for zone in client.compute.availability_zones()]
    assert zones == ["cn-north-4a", "cn-north-4b", "cn-north-4c", "cn-north-4g"]
    option = ecs.NovaCreateKeypairOption(name="mine")
    made = sdk.do(ecs.NovaCreateKeypairRequest(body=ecs.NovaCreateKeypairRequestBody(keypair=option)))["keypair"]
    keys = [(key.name, key.fingerprint, key.public_key) for key in client.compute.keypairs()]
    assert keys == [("mine", made["fingerprint"], made["public_key"])]


def test_the_projects_of_the_account(client: Any, cloud: SimulatedHuaweicloud) -> None:
    projects = {project.name: project.id for project in client.identity.projects()}
    assert projects[REGION] == cloud.project_id(REGION)


def test_a_wrong_password_user_or_project_is_refused(cloud: SimulatedHuaweicloud) -> None:
    cloud.register_user(USER["username"], USER["password"], USER["user_domain_name"])
    for wrong in ({"password": "guessed"}, {"username": "nobody"}, {"user_domain_name": "x"}, {"project_id": "none"}):
        connection = connect(cloud, **wrong)
        with pytest.raises(openstack.exceptions.SDKException, match="HTTP 401"):
            connection.authorize()
        connection.close()
    assert all(call.outcome != "ok" for call in cloud.calls() if call.action == "KeystoneCreateUserTokenByPassword")


def test_a_token_expires_and_a_new_one_is_asked_for(start: Start) -> None:
    cloud = start()
    cloud.register_user(USER["username"], USER["password"], USER["user_domain_name"])
    connection = connect(cloud)
    assert list(connection.network.networks()) == []
    cloud.clock.advance(25 * 3600)
    assert list(connection.network.networks()) == []
    connection.close()
    outcomes = [call.outcome for call in cloud.calls() if call.action == "NeutronListNetworks"]
    assert outcomes == ["ok", "APIGW.0307", "ok"]
    assert sum(call.action == "KeystoneCreateUserTokenByPassword" for call in cloud.calls()) == 2


def test_a_token_is_for_one_project(client: Any, cloud: SimulatedHuaweicloud) -> None:
    client.authorize()
    url = f"{cloud.url}/v2.1/{cloud.project_id('cn-east-3')}/servers"
    assert client.session.get(url, raise_exc=False).status_code == 403


def test_passwords_are_not_recorded(client: Any, cloud: SimulatedHuaweicloud) -> None:
    client.authorize()
    assert USER["password"] not in str([call.as_json() for call in cloud.calls()])
