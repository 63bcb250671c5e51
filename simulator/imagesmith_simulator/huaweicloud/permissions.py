"""What an operation takes to be allowed, as IAM's policies name it.

Source: "Permissions and Supported Actions" of ECS, IMS, VPC, EIP and EVS, in the names of 2025: ``createServers`` where
older pages say ``create``. Jobs are looked at without a permission. Operations that are not listed are named after
their service and themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

NEEDED: Mapping[str, str] = {
    "AttachServerVolume": "ecs:cloudServers:attach",
    "BatchStopServers": "ecs:cloudServers:stop",
    "CreatePostPaidServers": "ecs:cloudServers:createServers",
    "DeleteServers": "ecs:cloudServers:deleteServers",
    "DetachServerVolume": "ecs:cloudServers:detachVolume",
    "ListFlavors": "ecs:cloudServerFlavors:get",
    "ListServerBlockDevices": "ecs:cloudServers:listServerBlockDevices",
    "ListServerInterfaces": "ecs:cloudServers:listServerInterfaces",
    "ListServersByTag": "ecs:cloudServers:list",
    "NovaCreateKeypair": "ecs:serverKeypairs:create",
    "NovaDeleteKeypair": "ecs:serverKeypairs:delete",
    "NovaListAvailabilityZones": "ecs:availabilityZones:list",
    "NovaShowKeypair": "ecs:serverKeypairs:get",
    "ShowServer": "ecs:cloudServers:showServer",
    "ShowServerConsoleOutput": "ecs:cloudServers:showConsoleOutput",
    "ShowServerPassword": "ecs:cloudServers:showServerPassword",
    "UpdateServerAutoTerminateTime": "ecs:cloudServers:setAutoTerminateTime",
    "CreateVolume": "evs:volumes:create",
    "DeleteVolume": "evs:volumes:delete",
    "ListSnapshots": "evs:snapshots:list",
    "ListVolumes": "evs:volumes:list",
    "ShowVolume": "evs:volumes:get",
    "KeystoneListProjects": "iam:projects:listProjects",
    "BatchAddMembers": "ims:images:share",
    "BatchAddOrDeleteTags": "ims:images:update",
    "BatchUpdateMembers": "ims:images:share",
    "CreateImage": "ims:serverImages:create",
    "CreateWholeImage": "ims:wholeImages:create",
    "GlanceDeleteImage": "ims:images:delete",
    "ListImageMembers": "ims:images:get",
    "ListImages": "ims:images:list",
    "ListImageTags": "ims:images:get",
    "UpdateImage": "ims:images:update",
    "CreatePublicip": "vpc:publicIps:create",
    "DeletePublicip": "vpc:publicIps:delete",
    "ListPublicips": "vpc:publicIps:list",
    "ShowPublicip": "vpc:publicIps:get",
    "UpdatePublicip": "vpc:publicIps:update",
    "CreateSecurityGroup": "vpc:securityGroups:create",
    "CreateSecurityGroupRule": "vpc:securityGroupRules:create",
    "CreateSubnet": "vpc:subnets:create",
    "CreateVpc": "vpc:vpcs:create",
    "DeleteSecurityGroup": "vpc:securityGroups:delete",
    "DeleteSubnet": "vpc:subnets:delete",
    "DeleteVpc": "vpc:vpcs:delete",
    "ListPorts": "vpc:ports:get",
    "ListSecurityGroups": "vpc:securityGroups:get",
    "ListSubnets": "vpc:subnets:get",
    "ListVpcs": "vpc:vpcs:list",
    "ShowSubnet": "vpc:subnets:get",
    "ShowVpc": "vpc:vpcs:get",
}
"""Operation -> action."""

FREE = frozenset({"ShowJob"})
"""Operations that everybody may do; no page names a permission for them, so this is an assumption."""


def needed(operation: str, product: str) -> tuple[str, ...]:
    """The actions that have to be allowed for an operation."""
    return () if operation in FREE else (NEEDED.get(operation, f"{product}:{operation}"),)
