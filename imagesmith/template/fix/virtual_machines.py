"""Fixers for options of builders that run virtual machines."""

from __future__ import annotations

from imagesmith.template.fix.common import Block, Unfixable, rename


def guest_additions(builder: Block) -> None:
    """VirtualBox: attach or upload became a choice."""
    if builder["type"] == "virtualbox" and isinstance(builder.get("guest_additions_attach"), bool):
        attach = builder.pop("guest_additions_attach")
        builder["guest_additions_mode"] = "attach" if attach else "upload"


def virtualbox(builder: Block) -> None:
    """The builder from an ISO has its own name."""
    if builder["type"] == "virtualbox":
        builder["type"] = "virtualbox-iso"


def virtualbox_override(provisioner: Block) -> None:
    """``override`` names builders by their type."""
    override = provisioner.get("override")
    if isinstance(override, dict):
        rename(override, "virtualbox", "virtualbox-iso")


def virtualbox_ports(builder: Block) -> None:
    """VirtualBox: forwarded ports are not for SSH alone."""
    if not str(builder["type"]).startswith("virtualbox"):
        return
    rename(builder, "ssh_host_port_min", "host_port_min", over=False)
    rename(builder, "ssh_host_port_max", "host_port_max", over=False)
    rename(builder, "ssh_skip_nat_mapping", "skip_nat_mapping", bool, over=False)


def vmware(builder: Block) -> None:
    """The builder from an ISO has its own name."""
    if builder["type"] == "vmware":
        builder["type"] = "vmware-iso"


def vmware_compaction(builder: Block) -> None:
    """On ESX only thin disks can be compacted."""
    if builder["type"] != "vmware-iso" or builder.get("remote_type") != "esx5":
        return
    disk = builder.setdefault("disk_type_id", "zeroedthick")
    if not isinstance(disk, str) or disk == "thin":
        return
    if isinstance(builder.get("skip_compaction", False), bool):
        builder["skip_compaction"] = True


def parallels_headless(builder: Block) -> None:
    """It had no effect."""
    if builder["type"] in ("parallels-iso", "parallels-pvm"):
        builder.pop("headless", None)


def parallels_options(builder: Block) -> None:
    """One is no longer needed, one has a new name."""
    if builder["type"] in ("parallels-iso", "parallels-pvm"):
        builder.pop("parallels_tools_host_path", None)
        rename(builder, "guest_os_distribution", "guest_os_type")


def hyperv_temp_path(builder: Block) -> None:
    """Hyper-V: the option is gone."""
    if builder["type"] == "hyperv-iso":
        builder.pop("vhd_temp_path", None)


def hyperv_clone_path(builder: Block) -> None:
    """Hyper-V: two letters had changed places."""
    if builder["type"] == "hyperv-vmcx":
        rename(builder, "clone_from_vmxc_path", "clone_from_vmcx_path")


def hyperv_hardware(builder: Block) -> None:
    """Hyper-V: the same names as in other builders."""
    if builder["type"] in ("hyperv-iso", "hyperv-vmcx"):
        rename(builder, "cpu", "cpus")
        rename(builder, "ram_size", "memory")


def qemu_disk_size(builder: Block) -> None:
    """QEMU takes units; a bare number was MiB."""
    size = builder.get("disk_size")
    if builder["type"] == "qemu" and isinstance(size, int | float) and not isinstance(size, bool):
        builder["disk_size"] = f"{int(size)}M"


def qemu_ports(builder: Block) -> None:
    """QEMU: forwarded ports are not for SSH alone."""
    if builder["type"] == "qemu":
        rename(builder, "ssh_host_port_min", "host_port_min")
        rename(builder, "ssh_host_port_max", "host_port_max")


def vsphere_hardware(builder: Block) -> None:
    """vSphere: a machine has lists of network adapters and disks; the one that was given becomes the first."""
    if builder["type"] != "vsphere-iso":
        return
    rename(builder, "networkCard", "network_card", over=False)
    _into_list(builder, "network_adapters", ("network", "network_card"))
    _into_list(builder, "storage", ("disk_size", "disk_thin_provisioned", "disk_eagerly_scrub"))


def _into_list(builder: Block, target: str, options: tuple[str, ...]) -> None:
    first = {option: builder.pop(option) for option in options if option in builder}
    if not first:
        return
    others = builder.get(target, [])
    if not isinstance(others, list):
        raise Unfixable(f'"{target}" must be a list')
    builder[target] = [first, *others]


def proxmox(builder: Block) -> None:
    """The builder from an ISO has its own name."""
    if builder["type"] == "proxmox":
        builder["type"] = "proxmox-iso"
