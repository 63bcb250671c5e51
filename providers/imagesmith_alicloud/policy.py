"""What a build has to be allowed to do: every action that this package calls, and under which options.

The names are RAM's (``product:Action``). Tests build, break, clean up and take each of them away, so that the table
can't differ from what is really called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from imagesmith.permissions import Need, Permissions, needed
from imagesmith_alicloud.options import AlicloudEcs


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a build, and whether it will be run with ``-force``: what the table's conditions look at."""

    options: AlicloudEcs
    force: bool = False

    def always(self) -> bool:
        return True

    def takes_newest_of_family(self) -> bool:
        return bool(self.options.image_family)

    def makes_key(self) -> bool:
        return self.options.wants_temporary_key

    def makes_vpc(self) -> bool:
        return self.makes_vswitch() and not self.options.vpc_id

    def makes_vswitch(self) -> bool:
        return not self.options.vswitch_id

    def chooses_zone(self) -> bool:
        return self.makes_vswitch() and not self.options.zone_id

    def makes_group(self) -> bool:
        return not self.options.security_group_id

    def opens_port(self) -> bool:
        return self.makes_group() and self.options.open_port is not None

    def attaches_eip(self) -> bool:
        return self.options.wants_eip

    def makes_eip(self) -> bool:
        return self.options.wants_eip and not self.options.eip_id

    def passes_role(self) -> bool:
        return bool(self.options.ecs_ram_role_name)

    def connects(self) -> bool:
        return self.options.communicator != "none"

    def goes_in_by_assistant(self) -> bool:
        return self.options.communicator == "cloud-assistant"

    def stops(self) -> bool:
        return not self.options.disable_stop_instance

    def makes_image(self) -> bool:
        return not self.options.skip_create_image

    def makes_snapshot(self) -> bool:
        return self.makes_image() and self.options.image_ignore_data_disks

    def replaces_image(self) -> bool:
        return self.makes_image() and (self.options.image_force_delete or self.force)

    def tags_later(self) -> bool:
        """Snapshots are tagged once the image has them; an image is marked where publishing it fails."""
        tags_snapshots = self.options.image_tags and not self.options.image_ignore_data_disks
        return self.makes_image() and (self.replaces_image() or bool(tags_snapshots))


def _need(why: str, actions: str, when: Callable[[Asked], bool]) -> Need[Asked]:
    return Need(why, actions, when)


NEEDS: tuple[Need[Asked], ...] = (
    _need("the source image, taken names, the new image", "ecs:DescribeImages", Asked.always),
    _need("the newest image of a family", "ecs:DescribeImageFromFamily", Asked.takes_newest_of_family),
    _need(
        "the temporary key pair; what a lost answer has made",
        "ecs:ImportKeyPair ecs:DeleteKeyPairs ecs:DescribeKeyPairs",
        Asked.makes_key,
    ),
    _need("a zone that has the instance type", "ecs:DescribeAvailableResource", Asked.chooses_zone),
    _need("the VPC, given or made", "vpc:DescribeVpcs", Asked.makes_vswitch),
    _need("the temporary VPC", "vpc:CreateVpc vpc:DeleteVpc", Asked.makes_vpc),
    _need("the vSwitch, given or made", "vpc:DescribeVSwitches", Asked.always),
    _need("the temporary vSwitch", "vpc:CreateVSwitch vpc:DeleteVSwitch", Asked.makes_vswitch),
    _need("the security group, given or made", "ecs:DescribeSecurityGroups", Asked.always),
    _need("the temporary security group", "ecs:CreateSecurityGroup ecs:DeleteSecurityGroup", Asked.makes_group),
    _need("its one open port", "ecs:AuthorizeSecurityGroup", Asked.opens_port),
    _need("the EIP on the instance", "vpc:DescribeEipAddresses vpc:AssociateEipAddress", Asked.attaches_eip),
    _need(
        "the temporary EIP; unbinding it where the instance could not be released",
        "vpc:AllocateEipAddress vpc:ReleaseEipAddress vpc:UnassociateEipAddress",
        Asked.makes_eip,
    ),
    _need(
        "the temporary instance and its auto-release time",
        "ecs:RunInstances ecs:DescribeInstances ecs:DeleteInstance ecs:ModifyInstanceAutoReleaseTime",
        Asked.always,
    ),
    _need("the instance's RAM role", "ram:PassRole", Asked.passes_role),
    _need("host keys and last words on the guest's console", "ecs:GetInstanceConsoleOutput", Asked.connects),
    _need(
        "commands and files by Cloud Assistant",
        "ecs:DescribeCloudAssistantStatus ecs:RunCommand ecs:DescribeInvocationResults ecs:StopInvocation "
        "ecs:SendFile ecs:DescribeSendFileResults",
        Asked.goes_in_by_assistant,
    ),
    _need("stopping the instance", "ecs:StopInstance", Asked.stops),
    _need(
        "the image; what is left of one that fails",
        "ecs:CreateImage ecs:DeleteImage ecs:DeleteSnapshot",
        Asked.makes_image,
    ),
    _need(
        "the image of the system disk alone",
        "ecs:DescribeDisks ecs:CreateSnapshot ecs:DescribeSnapshots",
        Asked.makes_snapshot,
    ),
    _need("the name of the image that is replaced", "ecs:ModifyImageAttribute", Asked.replaces_image),
    _need("tags of the image's snapshots; marking an image as partial", "ecs:TagResources", Asked.tags_later),
)


def permissions(options: AlicloudEcs, *, force: bool = False) -> Permissions:
    """What a build with these options can call, in RAM's words."""
    return Permissions("alicloud", "1", needed(NEEDS, Asked(options, force)), {"Resource": "*"})
