"""The fixers in their order, and how they are applied to a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from imagesmith.errors import Diagnostic, Location, TemplateError
from imagesmith.template.fix import clouds, common, steps, virtual_machines
from imagesmith.template.fix.writing import go_json
from imagesmith.template.json.reader import Node, read
from imagesmith.template.json.selection import unknown_builders
from imagesmith.template.json.shape import plain, shape

Part = Literal["builders", "provisioners", "post-processors"]


@dataclass(frozen=True, slots=True)
class Fixer:
    """One change. ``part`` says what ``change`` is called with: each builder, provisioner or post-processor."""

    name: str
    about: str
    part: Part
    change: Callable[[dict[str, Any]], None]


FIXERS: tuple[Fixer, ...] = (
    Fixer("iso-md5", "iso_md5 becomes iso_checksum", "builders", common.iso_md5),
    Fixer("createtime", "{{.CreateTime}} becomes {{timestamp}}", "builders", common.create_time),
    Fixer(
        "virtualbox-gaattach",
        "guest_additions_attach becomes guest_additions_mode",
        "builders",
        virtual_machines.guest_additions,
    ),
    Fixer(
        "pp-vagrant-override",
        "settings per provider of the vagrant post-processor go into override",
        "post-processors",
        steps.vagrant_override,
    ),
    Fixer("virtualbox-rename", "virtualbox becomes virtualbox-iso", "builders", virtual_machines.virtualbox),
    Fixer(
        "virtualbox-rename",
        "virtualbox becomes virtualbox-iso in override",
        "provisioners",
        virtual_machines.virtualbox_override,
    ),
    Fixer("vmware-rename", "vmware becomes vmware-iso", "builders", virtual_machines.vmware),
    Fixer("parallels-headless", "headless is dropped", "builders", virtual_machines.parallels_headless),
    Fixer(
        "parallels-deprecations",
        "parallels_tools_host_path is dropped, guest_os_distribution becomes guest_os_type",
        "builders",
        virtual_machines.parallels_options,
    ),
    Fixer("sshkeypath", "ssh_key_path becomes ssh_private_key_file", "builders", common.ssh_key_path),
    Fixer(
        "sshdisableagent",
        "ssh_disable_agent becomes ssh_disable_agent_forwarding",
        "builders",
        common.ssh_disable_agent,
    ),
    Fixer("scaleway-access-key", "access_key becomes organization_id", "builders", clouds.scaleway_access_key),
    Fixer(
        "manifest-filename",
        "filename of the manifest post-processor becomes output",
        "post-processors",
        steps.manifest_filename,
    ),
    Fixer(
        "amazon-shutdown_behavior", "shutdown_behaviour is spelt shutdown_behavior", "builders", clouds.amazon_shutdown
    ),
    Fixer(
        "amazon-enhanced-networking", "enhanced_networking becomes ena_support", "builders", clouds.amazon_networking
    ),
    Fixer("amazon-private-ip", "ssh_private_ip becomes ssh_interface", "builders", clouds.amazon_private_ip),
    Fixer(
        "amazon-temp-sec-cidrs",
        "temporary_security_group_source_cidr becomes a list",
        "builders",
        clouds.amazon_source_cidrs,
    ),
    Fixer("docker-email", "login_email is dropped", "post-processors", steps.docker_email),
    Fixer("docker-tag-tags", "tag of docker-tag becomes tags", "post-processors", steps.docker_tags),
    Fixer(
        "powershell-escapes",
        "escapes with a backtick are taken out of variables, user and password",
        "provisioners",
        steps.powershell_escapes,
    ),
    Fixer(
        "vmware-compaction", "skip_compaction is set for disks on ESX", "builders", virtual_machines.vmware_compaction
    ),
    Fixer("hyperv-deprecations", "vhd_temp_path is dropped", "builders", virtual_machines.hyperv_temp_path),
    Fixer(
        "hyperv-vmxc-typo",
        "clone_from_vmxc_path is spelt clone_from_vmcx_path",
        "builders",
        virtual_machines.hyperv_clone_path,
    ),
    Fixer(
        "hyperv-cpu-and-ram", "cpu becomes cpus, ram_size becomes memory", "builders", virtual_machines.hyperv_hardware
    ),
    Fixer(
        "clean-image-name",
        "clean_image_name and clean_ami_name become clean_resource_name",
        "builders",
        common.clean_names,
    ),
    Fixer("spot-price-auto-product", "spot_price_auto_product is dropped", "builders", clouds.amazon_spot_product),
    Fixer("qemu-disk-size", "a number as disk_size becomes a text with M", "builders", virtual_machines.qemu_disk_size),
    Fixer("galaxy-command", "galaxycommand becomes galaxy_command", "provisioners", steps.galaxy_command),
    Fixer(
        "comm-config",
        "ssh_host_port_min, ssh_host_port_max and ssh_skip_nat_mapping lose their ssh_",
        "builders",
        virtual_machines.virtualbox_ports,
    ),
    Fixer("ssh-wait-timeout", "ssh_wait_timeout becomes ssh_timeout", "builders", common.ssh_wait_timeout),
    Fixer(
        "vsphere-iso-net-disk",
        "network and disk options go into network_adapters and storage",
        "builders",
        virtual_machines.vsphere_hardware,
    ),
    Fixer(
        "iso-checksum-type-and-url",
        "iso_checksum_type and iso_checksum_url go into iso_checksum",
        "builders",
        common.iso_checksum,
    ),
    Fixer(
        "qemu-host-port",
        "ssh_host_port_min and ssh_host_port_max lose their ssh_",
        "builders",
        virtual_machines.qemu_ports,
    ),
    Fixer(
        "azure-exclude_from_latest",
        "exlude_from_latest is spelt exclude_from_latest",
        "builders",
        clouds.azure_exclude_from_latest,
    ),
    Fixer("proxmox-type", "proxmox becomes proxmox-iso", "builders", virtual_machines.proxmox),
)
"""In the order in which they are applied, which is Packer's."""


def fix_text(text: str, file: str) -> str:
    """The template in ``text`` with every fixer applied, laid out as Packer prints it: sorted keys, two spaces.

    ``file`` is its name in errors. Raises `TemplateError` for text that is not a JSON object with lists of builders
    and steps, and for an option that can't be fixed.
    """
    document = read(text, file)
    _refuse_wrong_shapes(document)
    template: Any = plain(document)
    template = {_root_key(key): value for key, value in template.items()}
    template.setdefault("builders", None)
    if not isinstance(template.get("provisioners", []), list | None):
        template["provisioners"] = [template["provisioners"]]
    for fixer in FIXERS:
        for block in _blocks(template.get(fixer.part)):
            try:
                fixer.change(block)
            except common.Unfixable as reason:
                raise TemplateError([_unfixable(fixer, str(reason), file)]) from None
    return go_json(template)


def problems(text: str, file: str) -> list[Diagnostic]:
    """What a look at the shape of a template finds wrong: nothing is rendered, no plugin is asked."""
    try:
        found = shape(read(text, file))
    except TemplateError as error:
        return list(error.diagnostics)
    wrong = list(unknown_builders(found))
    seen: set[str] = set()
    for builder in found.builders:
        if builder.name in seen:
            wrong.append(Diagnostic(f'two builders have the name "{builder.name}"', location=builder.location))
        seen.add(builder.name)
    return wrong


def _root_key(key: str) -> str:
    """Parts of a template are found in any case; their fixed forms are written as Packer names them."""
    return key.lower() if key.lower() in ("builders", "provisioners", "post-processors") else key


def _blocks(part: Any) -> Iterator[dict[str, Any]]:
    """The blocks of a part; a chain of post-processors is a list of them."""
    for item in part or ():
        for block in item if isinstance(item, list) else [item]:
            if isinstance(block, dict):
                yield block


def _refuse_wrong_shapes(document: Node) -> None:
    if not isinstance(document.value, dict):
        hint = "A JSON template begins with {"
        raise TemplateError([Diagnostic("a template must be an object", hint=hint, location=document.location)])
    wrong = []
    seen = set()
    for key, member in document.value.items():
        part, node = _root_key(key), member.node
        if part in seen:
            wrong.append(Diagnostic(f'the key "{key}" is given twice', location=member.location))
        seen.add(part)
        lists = part in ("builders", "post-processors")
        if lists and node.value is not None and not isinstance(node.value, list):
            wrong.append(Diagnostic(f'"{part}" must be a list', location=node.location))
        elif part == "builders" and isinstance(node.value, list):
            wrong += [problem for item in node.value for problem in _builder_problems(item)]
    if wrong:
        raise TemplateError(wrong)


def _builder_problems(node: Node) -> Iterator[Diagnostic]:
    if not isinstance(node.value, dict):
        yield Diagnostic("a builder must be an object", location=node.location)
    elif "type" not in node.value or not isinstance(node.value["type"].node.value, str):
        yield Diagnostic('the builder has no "type"', hint='Write "type": "alicloud-ecs"', location=node.location)


def _unfixable(fixer: Fixer, reason: str, file: str) -> Diagnostic:
    return Diagnostic(f"{fixer.name}: {reason}", "No fixed template is written", "", Location(file, 1, 1))
