"""What a build has to be allowed to do: every permission that this package's calls take, and under which options.

The names are IAM's for policies of version 1.1. Source: "Permissions and Supported Actions" of ECS, IMS, VPC, EIP and
EVS; those that no page could be found for are in `UNVERIFIED`. No page names a permission for looking at jobs, so that
is taken to be free. Tests build, break, clean up and take each of them away, so that the table can't differ from what
is really called.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imagesmith.permissions import Need, Permissions, needed
from imagesmith_huaweicloud.disk_options import DataDisk
from imagesmith_huaweicloud.options import HuaweicloudEcs

UNVERIFIED = frozenset(
    {
        "ecs:cloudServers:showConsoleOutput",
        "ecs:serverKeypairs:create",
        "ecs:serverKeypairs:delete",
        "iam:projects:listProjects",
        "ims:images:delete",
        "ims:wholeImages:create",
        "vpc:securityGroups:delete",
        "vpc:securityGroups:get",
        "vpc:subnets:delete",
    }
)
"""Names that follow the others of their kind, or other vendors' policies, and were in no page that could be read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a build: what the table's conditions look at."""

    options: HuaweicloudEcs

    def always(self) -> bool:
        return True

    def looks_up_project(self) -> bool:
        return not self.options.project_id

    def makes_key(self) -> bool:
        return self.options.wants_temporary_key

    def names_vpc(self) -> bool:
        return bool(self.options.vpc_id or self.options.vpc_name)

    def makes_subnet(self) -> bool:
        return not self.options.subnet_names and not self.options.ports

    def makes_vpc(self) -> bool:
        return self.makes_subnet() and not self.names_vpc()

    def lists_vpcs(self) -> bool:
        by_name = bool(self.options.vpc_name) and not self.options.vpc_id
        return by_name or self.makes_vpc()

    def finds_port(self) -> bool:
        return bool(self.options.ports) and not self.options.subnet_names and not self.names_vpc()

    def looks_at_subnets(self) -> bool:
        names_network = self.options.ssh_interface not in ("", "public", "private")
        return bool(self.options.subnet_names) or self.makes_subnet() or self.finds_port() or names_network

    def makes_group(self) -> bool:
        return not self.options.security_groups

    def opens_port(self) -> bool:
        return self.makes_group() and self.options.open_port is not None

    def binds_eip(self) -> bool:
        return self.options.wants_eip

    def makes_eip(self) -> bool:
        return self.options.wants_eip and not (self.options.floating_ip or self.options.reuse_ips)

    def lists_eips(self) -> bool:
        if not self.options.wants_eip or not self.options.floating_ip:
            return self.options.wants_eip
        try:
            ipaddress.ip_address(self.options.floating_ip)
        except ValueError:
            return False
        return True

    def connects(self) -> bool:
        return self.options.communicator != "none"

    def asks_for_password(self) -> bool:
        return self.options.communicator == "winrm" and not self.options.instance_password

    def stops(self) -> bool:
        return not self.options.disable_stop_instance

    @property
    def leading_disks(self) -> Sequence[DataDisk]:
        """The disks that are made with the instance; the others follow one by one."""
        return list(itertools.takewhile(lambda disk: disk.volume_size or disk.data_image_id, self.options.data_disks))

    def attaches_volumes(self) -> bool:
        return any(disk.volume_id for disk in self.options.data_disks)

    def makes_volumes(self) -> bool:
        return any(not disk.volume_id for disk in self.options.data_disks[len(self.leading_disks) :])

    def looks_up_snapshots(self) -> bool:
        return any(disk.snapshot_id for disk in self.options.data_disks)

    def keeps_leading_disks(self) -> bool:
        return any(not disk.delete_on_termination for disk in self.leading_disks)

    def detaches_disks(self) -> bool:
        return self.attaches_volumes() or self.makes_volumes() or self.keeps_leading_disks()

    def deletes_volumes(self) -> bool:
        """Also those made with the instance, where others could not be taken off it."""
        leading = any(disk.delete_on_termination for disk in self.leading_disks)
        return self.makes_volumes() or (leading and self.detaches_disks())

    def looks_at_volumes(self) -> bool:
        return self.attaches_volumes() or self.deletes_volumes()

    def lists_attached(self) -> bool:
        return self.keeps_leading_disks() or self.options.capture in ("data-disk", "system-data")

    def makes_whole_image(self) -> bool:
        return self.options.capture == "full-ecs"

    def makes_image(self) -> bool:
        return not self.makes_whole_image()

    def shares(self) -> bool:
        return bool(self.options.image_members)

    def changes_image(self) -> bool:
        """Its least disk is set; it is marked where publishing it fails."""
        sets_least_disk = bool(self.options.image_min_disk) and self.options.capture != "data-disk"
        return sets_least_disk or self.shares()


def _need(why: str, actions: str, when: Callable[[Asked], bool]) -> Need[Asked]:
    return Need(why, actions, when)


NEEDS: tuple[Need[Asked], ...] = (
    _need("the project's id", "iam:projects:listProjects", Asked.looks_up_project),
    _need("the source image, the new ones", "ims:images:list", Asked.always),
    _need("zones that sell the flavor", "ecs:availabilityZones:list ecs:cloudServerFlavors:get", Asked.always),
    _need(
        "the temporary key pair; what a lost answer has made",
        "ecs:serverKeypairs:create ecs:serverKeypairs:delete ecs:serverKeypairs:get",
        Asked.makes_key,
    ),
    _need("the VPC, given or made", "vpc:vpcs:get", Asked.makes_subnet),
    _need("VPCs by name", "vpc:vpcs:list", Asked.lists_vpcs),
    _need("the temporary VPC", "vpc:vpcs:create vpc:vpcs:delete", Asked.makes_vpc),
    _need("the subnets, given or made", "vpc:subnets:get", Asked.looks_at_subnets),
    _need("the temporary subnet", "vpc:subnets:create vpc:subnets:delete", Asked.makes_subnet),
    _need("the given network interface", "vpc:ports:get", Asked.finds_port),
    _need("the security groups, given or made", "vpc:securityGroups:get", Asked.always),
    _need("the temporary security group", "vpc:securityGroups:create vpc:securityGroups:delete", Asked.makes_group),
    _need("its one open port", "vpc:securityGroupRules:create", Asked.opens_port),
    _need("the EIP on the instance", "vpc:publicIps:get vpc:publicIps:update", Asked.binds_eip),
    _need("EIPs that are free, or of a certain name or address", "vpc:publicIps:list", Asked.lists_eips),
    _need("the temporary EIP", "vpc:publicIps:create vpc:publicIps:delete", Asked.makes_eip),
    _need(
        "the temporary instance and its auto-terminate time",
        "ecs:cloudServers:createServers ecs:cloudServers:showServer ecs:cloudServers:list "
        "ecs:cloudServers:listServerInterfaces ecs:cloudServers:setAutoTerminateTime ecs:cloudServers:deleteServers",
        Asked.always,
    ),
    _need("host keys and last words on the guest's console", "ecs:cloudServers:showConsoleOutput", Asked.connects),
    _need("the password that Windows has made", "ecs:cloudServers:showServerPassword", Asked.asks_for_password),
    _need("stopping the instance", "ecs:cloudServers:stop", Asked.stops),
    _need("the user's own volumes", "ecs:cloudServers:attach", Asked.attaches_volumes),
    _need("disks that outlive the instance", "ecs:cloudServers:detachVolume", Asked.detaches_disks),
    _need("which disk is which", "ecs:cloudServers:listServerBlockDevices", Asked.lists_attached),
    _need("volumes, given or made", "evs:volumes:get", Asked.looks_at_volumes),
    _need("data disks made one by one", "evs:volumes:create evs:volumes:list", Asked.makes_volumes),
    _need("data disks that the instance did not take with it", "evs:volumes:delete", Asked.deletes_volumes),
    _need("the snapshots that disks are made from", "evs:snapshots:list", Asked.looks_up_snapshots),
    _need("the images", "ims:serverImages:create", Asked.makes_image),
    _need("the image of the whole instance", "ims:wholeImages:create", Asked.makes_whole_image),
    _need(
        "what is left of images that fail, or whose answer was lost", "ims:images:delete ims:images:get", Asked.always
    ),
    _need("the image's least disk; marking an image as partial", "ims:images:update", Asked.changes_image),
    _need("sharing the images, and accepting them", "ims:images:share", Asked.shares),
)


def permissions(options: HuaweicloudEcs) -> Permissions:
    """What a build with these options can call, in IAM's words."""
    return Permissions("huaweicloud", "1.1", needed(NEEDS, Asked(options)))
