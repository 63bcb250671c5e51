"""Instances."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import ECS, PAGES, TAGS, TOKEN_PAGES, action, under
from imagesmith_simulator.alicloud.errors import ApiError, invalid
from imagesmith_simulator.alicloud.handlers.instance_views import instance_view, matches
from imagesmith_simulator.alicloud.handlers.paging import page, with_tags
from imagesmith_simulator.alicloud.models.launch import DiskRequest, Launch
from imagesmith_simulator.alicloud.parameters import Parameters

_SYSTEM_DISK = under("SystemDisk", "Category Size DiskName Description PerformanceLevel")
_DATA_DISK = under(
    "DataDisk.N", "Category Size DiskName Description SnapshotId Device DeleteWithInstance Encrypted PerformanceLevel"
)
_LAUNCH = (
    "ClientToken InstanceType ImageId ImageFamily ZoneId VSwitchId SecurityGroupId InstanceName Description HostName "
    "KeyPairName Password UserData ResourceGroupId InternetChargeType InternetMaxBandwidthOut IoOptimized RamRoleName "
    "InstanceChargeType SpotStrategy HttpTokens HttpEndpoint DeletionProtection SecurityEnhancementStrategy "
    f"{_SYSTEM_DISK} {_DATA_DISK} {TAGS}"
)
_RUN_ONLY = (
    "Amount AutoReleaseTime SecurityGroupIds.N ImageOptions.LoginAsNonRoot DryRun SystemDisk.Encrypted "
    "SystemDisk.KMSKeyId DataDisk.N.KMSKeyId"
)

_TEXTS = {
    "ImageId": "image_id",
    "ImageFamily": "image_family",
    "ZoneId": "zone",
    "InstanceName": "name",
    "Description": "description",
    "HostName": "hostname",
    "KeyPairName": "key_pair",
    "Password": "password",
    "ResourceGroupId": "resource_group",
    "AutoReleaseTime": "auto_release_time",
    "RamRoleName": "ram_role",
}
_CHOICES = {
    "InternetChargeType": ("internet_charge_type", ("PayByTraffic", "PayByBandwidth"), ""),
    "SpotStrategy": ("spot_strategy", ("NoSpot", "SpotAsPriceGo"), "NoSpot"),
    "HttpTokens": ("http_tokens", ("optional", "required"), "optional"),
    "HttpEndpoint": ("http_endpoint", ("enabled", "disabled"), "enabled"),
    "SecurityEnhancementStrategy": ("security_enhancement", ("Active", "Deactive"), ""),
}


@action(ECS, "RunInstances", accepts=f"{_LAUNCH} {_RUN_ONLY}", requires="RegionId InstanceType")
def run(account: Account, p: Parameters) -> dict[str, Any]:
    """Instances that start by themselves."""
    made = account.instances.run(_launch(p), p.integer("Amount", 1), dry_run=p.boolean("DryRun"))
    return {"InstanceIdSets": {"InstanceIdSet": [instance.id for instance in made]}, "OrderId": "", "TradePrice": 0.0}


@action(ECS, "CreateInstance", accepts=_LAUNCH, requires="RegionId InstanceType")
def create(account: Account, p: Parameters) -> dict[str, Any]:
    """An instance that is born Stopped."""
    return {"InstanceId": account.instances.create(_launch(p)).id, "OrderId": "", "TradePrice": 0.0}


@action(
    ECS,
    "DescribeInstances",
    accepts=f"InstanceIds InstanceName InstanceType Status VpcId VSwitchId ZoneId SecurityGroupId KeyPairName ImageId "
    f"ResourceGroupId InstanceChargeType {TAGS} {PAGES} {TOKEN_PAGES}",
    requires="RegionId",
    mutates=False,
)
def describe(account: Account, p: Parameters) -> dict[str, Any]:
    """The instances of a region that pass every given filter; in a name ``*`` stands for anything."""
    ids = p.json_list("InstanceIds")
    found = [instance for instance in account.store.instances.values() if matches(instance, p, ids)]
    found = with_tags(found, p.tags())
    return page(p, found, "Instances", "Instance", lambda item: instance_view(account, item))


@action(
    ECS,
    "DescribeInstanceStatus",
    accepts=f"InstanceId.N ZoneId {PAGES}",
    requires="RegionId",
    mutates=False,
)
def describe_status(account: Account, p: Parameters) -> dict[str, Any]:
    """The status alone."""
    region, ids = p.required("RegionId"), p.listed("InstanceId")
    found = [
        item
        for item in account.store.instances.values()
        if item.region == region and (not ids or item.id in ids) and p.text("ZoneId") in ("", item.zone)
    ]
    outer, inner = "InstanceStatuses", "InstanceStatus"
    return page(p, found, outer, inner, lambda item: {"InstanceId": item.id, "Status": item.status}, most=50)


@action(ECS, "StartInstance", accepts="InstanceId", requires="InstanceId")
def start(account: Account, p: Parameters) -> dict[str, Any]:
    """Start a Stopped instance."""
    account.instances.start(p.required("InstanceId"))
    return {}


@action(ECS, "StopInstance", accepts="InstanceId ForceStop StoppedMode", requires="InstanceId")
def stop(account: Account, p: Parameters) -> dict[str, Any]:
    """Stop a Running instance."""
    mode = p.choice("StoppedMode", ("KeepCharging", "StopCharging", "Not-applicable"))
    account.instances.stop(p.required("InstanceId"), force=p.boolean("ForceStop"), mode=mode)
    return {}


@action(ECS, "RebootInstance", accepts="InstanceId ForceStop", requires="InstanceId")
def reboot(account: Account, p: Parameters) -> dict[str, Any]:
    """Restart a Running instance."""
    account.instances.reboot(p.required("InstanceId"), force=p.boolean("ForceStop"))
    return {}


@action(ECS, "DeleteInstance", accepts="InstanceId Force", requires="InstanceId")
def delete(account: Account, p: Parameters) -> dict[str, Any]:
    """Release an instance."""
    account.instances.delete(p.required("InstanceId"), force=p.boolean("Force"))
    return {}


@action(ECS, "DeleteInstances", accepts="InstanceId.N Force ClientToken", requires="RegionId")
def delete_many(account: Account, p: Parameters) -> dict[str, Any]:
    """Release instances: all or, when one can't be, none."""
    ids = p.listed("InstanceId")
    if not ids:
        raise ApiError("MissingParameter", 400, 'The input parameter "InstanceId" is not supplied.')
    instances = [account.instances.get(identity, p.required("RegionId")) for identity in ids]
    force = p.boolean("Force")
    for instance in instances:
        if instance.status != "Stopped" and not force:
            raise ApiError("IncorrectInstanceStatus", 403, f"The instance {instance.id} is {instance.status}.")
    for instance in instances:
        account.instances.delete(instance.id, force=force)
    return {}


@action(ECS, "ModifyInstanceAutoReleaseTime", accepts="InstanceId AutoReleaseTime", requires="InstanceId")
def set_auto_release(account: Account, p: Parameters) -> dict[str, Any]:
    """Set the time at which the cloud releases the instance; without one it is not released."""
    account.instances.set_auto_release(p.required("InstanceId"), p.text("AutoReleaseTime"))
    return {}


@action(ECS, "ModifyInstanceAttribute", accepts="InstanceId InstanceName Description", requires="InstanceId")
def modify(account: Account, p: Parameters) -> dict[str, Any]:
    """Rename or describe an instance."""
    instance = account.instances.get(p.required("InstanceId"))
    instance.name = p.text("InstanceName", instance.name)
    instance.description = p.text("Description", instance.description)
    account.store.used(instance.id)
    return {}


@action(ECS, "GetInstanceConsoleOutput", accepts="InstanceId", requires="RegionId InstanceId", mutates=False)
def console(account: Account, p: Parameters) -> dict[str, Any]:
    """What the guest has written to its serial console, in base64."""
    instance = account.instances.get(p.required("InstanceId"), p.required("RegionId"))
    text = account.store.machines.console(instance.id)
    return {
        "InstanceId": instance.id,
        "ConsoleOutput": base64.b64encode(text.encode()).decode(),
        "LastUpdateTime": account.store.clock.stamp(),
    }


def _launch(p: Parameters) -> Launch:
    if p.choice("InstanceChargeType", ("PostPaid", "PrePaid"), "PostPaid") == "PrePaid":
        raise invalid("InstanceChargeType", "Only PostPaid is simulated.")
    return Launch(
        region=p.required("RegionId"),
        type=p.required("InstanceType"),
        vswitch_id=p.text("VSwitchId"),
        security_group_ids=tuple(dict.fromkeys([*_one(p.text("SecurityGroupId")), *p.listed("SecurityGroupIds")])),
        user_data=_user_data(p.text("UserData")),
        system_disk=_disk(p.structure("SystemDisk")),
        data_disks=tuple(_disk(disk) for disk in p.structures("DataDisk")),
        tags=p.tags(),
        bandwidth_out=p.integer("InternetMaxBandwidthOut", 0),
        deletion_protection=p.boolean("DeletionProtection"),
        login_as_non_root=p.boolean("ImageOptions.LoginAsNonRoot"),
        io_optimized=p.choice("IoOptimized", ("optimized", "none"), "optimized") == "optimized",
        **{attribute: p.text(name) for name, attribute in _TEXTS.items()},
        **{attribute: p.choice(name, allowed, default) for name, (attribute, allowed, default) in _CHOICES.items()},
    )


def _disk(p: Parameters) -> DiskRequest:
    return DiskRequest(
        category=p.text("Category"),
        size=p.integer("Size", 0),
        name=p.text("DiskName"),
        description=p.text("Description"),
        snapshot_id=p.text("SnapshotId"),
        device=p.text("Device"),
        delete_with_instance=p.boolean("DeleteWithInstance", default=True),
        encrypted=p.boolean("Encrypted"),
        kms_key=p.text("KMSKeyId"),
        performance_level=p.text("PerformanceLevel"),
    )


def _user_data(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ApiError("InvalidUserData.Base64FormatInvalid", 400, "The user data are not valid base64.") from None


def _one(identity: str) -> list[str]:
    return [identity] if identity else []
