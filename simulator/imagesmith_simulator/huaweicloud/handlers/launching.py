"""What a request for servers says, taken out of its body."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from imagesmith_simulator.huaweicloud.errors import invalid
from imagesmith_simulator.huaweicloud.handlers.reading import need, number
from imagesmith_simulator.huaweicloud.models.launch import AddressRequest, DiskRequest, Launch, NicRequest
from imagesmith_simulator.huaweicloud.routes import Call

_BAD = "Ecs.0005"
_DISK = "volumetype size iops throughput metadata.__system__encrypted metadata.__system__cmkid"
FIELDS = " ".join(
    (
        "dry_run server.name server.flavorRef server.imageRef server.vpcid server.availability_zone server.count",
        "server.nics[].subnet_id server.nics[].port_id server.nics[].ipv6_enable server.security_groups[].id",
        "server.publicip.id server.publicip.eip.iptype server.publicip.eip.bandwidth.size",
        "server.publicip.eip.bandwidth.sharetype server.publicip.eip.bandwidth.chargemode",
        "server.publicip.delete_on_termination",
        *(f"server.root_volume.{name}" for name in _DISK.split()),
        *(f"server.data_volumes[].{name}" for name in _DISK.split()),
        "server.data_volumes[].data_image_id server.data_volumes[].delete_on_termination",
        "server.key_name server.adminPass server.user_data server.metadata.*",
        "server.server_tags[].key server.server_tags[].value server.description server.auto_terminate_time",
        "server.extendparam.chargingMode server.extendparam.enterprise_project_id",
        "server.extendparam.marketType server.extendparam.spotPrice",
    )
)
"""The members of the body that are accepted."""


def launch_of(call: Call) -> Launch:
    """The servers that are asked for. Raises the API's refusal for what is missing or of the wrong type."""
    server = need(call.body, "server", _BAD)
    extend = server.get("extendparam") or {}
    if number(extend.get("chargingMode", 0), "chargingMode", _BAD) != 0:
        raise invalid(_BAD, "chargingMode", "Only pay-per-use servers (0) are simulated.")
    return Launch(
        project_id=call.project_id,
        name=need(server, "name", _BAD),
        flavor_id=need(server, "flavorRef", _BAD),
        image_id=need(server, "imageRef", _BAD),
        vpc_id=need(server, "vpcid", _BAD),
        nics=tuple(_nic(nic) for nic in need(server, "nics", _BAD)),
        root=_disk(need(server, "root_volume", _BAD)),
        data=tuple(_disk(disk) for disk in server.get("data_volumes") or ()),
        security_group_ids=tuple(need(group, "id", _BAD) for group in server.get("security_groups") or ()),
        availability_zone=server.get("availability_zone") or "",
        address=_address(server.get("publicip") or {}),
        key_name=server.get("key_name") or "",
        password=server.get("adminPass") or "",
        user_data=_user_data(server.get("user_data") or ""),
        metadata=dict(server.get("metadata") or {}),
        tags={need(tag, "key", _BAD): tag.get("value") or "" for tag in server.get("server_tags") or ()},
        description=server.get("description") or "",
        enterprise_project_id=extend.get("enterprise_project_id") or "0",
        market_type=extend.get("marketType") or "",
        spot_price=str(extend.get("spotPrice") or ""),
        auto_terminate_time=server.get("auto_terminate_time") or "",
        count=number(server.get("count") or 1, "count", _BAD),
    )


def _nic(nic: Mapping[str, Any]) -> NicRequest:
    if not nic.get("subnet_id") and not nic.get("port_id"):
        raise invalid(_BAD, "nics", "A network interface needs a subnet_id or a port_id.")
    return NicRequest(
        subnet_id=nic.get("subnet_id") or "",
        port_id=nic.get("port_id") or "",
        ipv6=_flag(nic.get("ipv6_enable", False), "ipv6_enable"),
    )


def _disk(disk: Mapping[str, Any]) -> DiskRequest:
    metadata = disk.get("metadata") or {}
    return DiskRequest(
        volume_type=need(disk, "volumetype", _BAD),
        size=number(disk.get("size") or 0, "size", _BAD),
        iops=number(disk.get("iops") or 0, "iops", _BAD),
        throughput=number(disk.get("throughput") or 0, "throughput", _BAD),
        encrypted=str(metadata.get("__system__encrypted", "0")) == "1",
        kms_key_id=metadata.get("__system__cmkid") or "",
        data_image_id=disk.get("data_image_id") or "",
        delete_on_termination=_flag(disk.get("delete_on_termination", False), "delete_on_termination"),
    )


def _address(given: Mapping[str, Any]) -> AddressRequest | None:
    if not given:
        return None
    dies = _flag(given.get("delete_on_termination", False), "delete_on_termination")
    if given.get("id"):
        return AddressRequest(eip_id=given["id"], delete_on_termination=dies)
    eip = need(given, "eip", _BAD)
    bandwidth = need(eip, "bandwidth", _BAD)
    if need(bandwidth, "sharetype", _BAD) != "PER":
        raise invalid(_BAD, "sharetype", "Only EIPs with a bandwidth of their own (PER) are simulated.")
    return AddressRequest(
        kind=need(eip, "iptype", _BAD),
        bandwidth_size=number(need(bandwidth, "size", _BAD), "size", _BAD),
        charge_mode=bandwidth.get("chargemode") or "",
        delete_on_termination=dies,
    )


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(_BAD, name, f"{name} must be true or false.")
    return value


def _user_data(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise invalid(_BAD, "user_data", "User data should be base64 encoded.") from None
