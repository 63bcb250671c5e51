"""Elastic addresses, and addresses of an instance's own."""

from __future__ import annotations

from typing import Any

import pytest


def test_an_address_walks_from_available_to_in_use_and_back(start: Any, connect: Any, models: Any) -> None:
    cloud = start(latencies={"eip": 3})
    sdk = connect(cloud)
    instance = sdk.run()
    body = sdk.do("AllocateEipAddress", bandwidth="10", internet_charge_type="PayByTraffic", name="way-in")
    made = body.allocation_id
    found = sdk.eip(made)
    assert (found.status, found.bandwidth, found.internet_charge_type, found.name) == (
        "Available",
        "10",
        "PayByTraffic",
        "way-in",
    )
    assert found.ip_address == body.eip_address
    assert body.eip_address.startswith("127.")
    sdk.do("AssociateEipAddress", allocation_id=made, instance_id=instance)
    assert (sdk.eip(made).status, sdk.instance(instance).eip_address.ip_address) == ("Associating", "")
    assert sdk.refused("ReleaseEipAddress", allocation_id=made) == "IncorrectEipStatus"
    cloud.clock.advance(3)
    assert (sdk.eip(made).status, sdk.eip(made).instance_id) == ("InUse", instance)
    assert sdk.instance(instance).eip_address.ip_address == found.ip_address
    assert sdk.refused("ReleaseEipAddress", allocation_id=made) == "IncorrectEipStatus"
    assert sdk.refused("AssociateEipAddress", allocation_id=made, instance_id=instance) == "IncorrectEipStatus"
    sdk.do("UnassociateEipAddress", allocation_id=made, instance_id=instance)
    assert sdk.eip(made).status == "Unassociating"
    cloud.clock.advance(3)
    assert sdk.eip(made).status == "Available"
    assert sdk.refused("UnassociateEipAddress", allocation_id=made, instance_id=instance) == "IncorrectEipStatus"
    sdk.do("ReleaseEipAddress", allocation_id=made)
    assert sdk.eip(made) is None
    assert sdk.refused("ReleaseEipAddress", allocation_id=made) == "InvalidAllocationId.NotFound"


def test_an_instance_has_one_public_address_and_has_to_be_up_or_down_for_it(start: Any, connect: Any) -> None:
    cloud = start(latencies={"instance": 8})
    sdk = connect(cloud)
    first, second = (sdk.do("AllocateEipAddress").allocation_id for _ in range(2))
    instance = sdk.run()
    assert sdk.refused("AssociateEipAddress", allocation_id=first, instance_id=instance) == "IncorrectInstanceStatus"
    cloud.clock.advance(8)
    sdk.do("AssociateEipAddress", allocation_id=first, instance_id=instance)
    code = sdk.refused("AssociateEipAddress", allocation_id=second, instance_id=instance)
    assert code == "EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP"
    code = sdk.refused("UnassociateEipAddress", allocation_id=first, instance_id=sdk.run())
    assert code == "InvalidAssociation.NotFound"


def test_an_instance_with_bandwidth_has_an_address_of_its_own(sdk: Any) -> None:
    made = sdk.run(internet_max_bandwidth_out=5)
    assert len(sdk.instance(made).public_ip_address.ip_address) == 1
    eip = sdk.do("AllocateEipAddress").allocation_id
    code = sdk.refused("AssociateEipAddress", allocation_id=eip, instance_id=made)
    assert code == "EIP_CAN_NOT_ASSOCIATE_WITH_PUBLIC_IP"


def test_every_address_is_given_once(sdk: Any, cloud: Any) -> None:
    cloud.quotas["eip"] = 60
    given = [sdk.do("AllocateEipAddress").eip_address for _ in range(50)]
    assert len(set(given)) == 50


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"bandwidth": "0"}, "InvalidParameter.Bandwidth"),
        ({"bandwidth": "fast"}, "InvalidParameter.Bandwidth"),
        ({"internet_charge_type": "Free"}, "InvalidInternetChargeType.ValueNotSupported"),
        ({"region_id": ""}, "MissingParameter"),
    ],
)
def test_what_allocate_refuses(sdk: Any, fields: dict[str, str], code: str) -> None:
    assert sdk.refused("AllocateEipAddress", **fields) == code


def test_the_quota_of_addresses_ends_with_a_refusal(sdk: Any, cloud: Any) -> None:
    cloud.quotas["eip"] = 1
    sdk.do("AllocateEipAddress")
    assert sdk.refused("AllocateEipAddress") == "QuotaExceeded.Eip"
