"""The request that makes the temporary instance: everything about it in one call."""

from __future__ import annotations

import re
import time
from typing import Any

from imagesmith.interfaces import Login, Network, SourceImage
from imagesmith_huaweicloud import disks, user_data
from imagesmith_huaweicloud.context import Context, utc
from imagesmith_huaweicloud.sdk import ecs

_LONGEST_NAME = 64
_KINDS = ("[a-z]", "[A-Z]", "[0-9]", r"[!@$%^\-_=+\[{}\]:,./?~#*]")


def build(context: Context, source: SourceImage, login: Login, network: Network, zone: str, found: disks.Survey) -> Any:
    """The request for one zone. The client token and the tags that go with it are the caller's.

    A repeated call with the same token must be the same to the letter, the auto-terminate time too.
    """
    options = context.options
    groups = [network.security_group_id, *network.more_security_group_ids]
    server = ecs.PostPaidServer(
        name=instance_name(context),
        image_ref=source.id,
        flavor_ref=options.flavor,
        vpcid=network.vpc_id,
        nics=_interfaces(context, network),
        security_groups=[ecs.PostPaidServerSecurityGroup(id=group) for group in groups if group] or None,
        availability_zone=zone,
        root_volume=_root_volume(context),
        data_volumes=disks.with_instance(context, found) or None,
        key_name=login.key_name or None,
        admin_pass=_admin_password(context, source, login) or None,
        user_data=user_data.encoded(options, login.password or options.instance_password) or None,
        metadata=_metadata(context) or None,
        extendparam=_extras(context),
        server_tags=[ecs.PostPaidServerTag(key=key, value=value) for key, value in options.run_tags.items()] or None,
        description=f"imagesmith: temporary instance of the run {context.run.run_id}",
        auto_terminate_time=utc(time.time() + options.release_after),
        count=1,
    )
    return ecs.CreatePostPaidServersRequest(body=ecs.CreatePostPaidServersRequestBody(server=server))


def instance_name(context: Context) -> str:
    """The template's name for the instance, or the image's with what an instance's can't have written as hyphens."""
    options = context.options
    return options.instance_name or re.sub(r"[^\w.-]+", "-", options.image_name)[:_LONGEST_NAME].strip("-") or "image"


def is_password(text: str) -> bool:
    """Whether ECS takes a text as a password: 8 to 26 characters of three kinds."""
    return 8 <= len(text) <= 26 and sum(bool(re.search(kind, text)) for kind in _KINDS) >= 3


def _interfaces(context: Context, network: Network) -> list[Any]:
    """One for each subnet, then those that exist already. Of the first one the addresses count."""
    subnets = [subnet for subnet in (network.subnet_id, *network.more_subnet_ids) if subnet]
    made = [ecs.PostPaidServerNic(subnet_id=subnet) for subnet in subnets]
    made += [ecs.PostPaidServerNic(port_id=port) for port in context.options.ports]
    if context.options.ssh_ip_version == "6" and subnets:
        made[0].ipv6_enable = True
    return made


def _root_volume(context: Context) -> Any:
    options = context.options
    return ecs.PostPaidServerRootVolume(
        volumetype=options.volume_type,
        size=options.volume_size or None,
        iops=options.volume_iops or None,
        throughput=options.volume_throughput or None,
        metadata=disks.encryption(ecs.PostPaidServerRootVolumeMetadata, options.kms_key_id),
    )


def _admin_password(context: Context, source: SourceImage, login: Login) -> str:
    """The password for the administrator, where ECS can set it; else it must be in the image already."""
    password = context.options.instance_password
    windows = source.os == "windows" or context.options.communicator == "winrm"
    administrators = ("", "administrator") if windows else ("", "root")
    if not password or login.key_name or (login.username.lower() if windows else login.username) not in administrators:
        return ""
    if is_password(password):
        return password
    text = "ECS can't set this password (8 to 26 characters of three kinds); the source image must have it already"
    context.run.say(text, "warning")
    return ""


def _metadata(context: Context) -> dict[str, str]:
    options = context.options
    agency = {"agency_name": options.agency_name} if options.agency_name else {}
    return {**options.instance_metadata, **agency}


def _extras(context: Context) -> Any:
    options = context.options
    return ecs.PostPaidServerExtendParam(
        charging_mode=0,
        enterprise_project_id=options.enterprise_project_id or None,
        market_type="spot" if options.spot_pricing else None,
        spot_price=options.spot_maximum_price or None if options.spot_pricing else None,
    )
