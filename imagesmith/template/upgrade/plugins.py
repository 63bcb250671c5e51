"""Which of Packer's plugins a component comes from, for the ``required_plugins`` block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_HASHICORP = (
    "alicloud",
    "amazon",
    "ansible",
    "azure",
    "chef",
    "cloudstack",
    "docker",
    "googlecompute",
    "hyperv",
    "inspec",
    "lxc",
    "lxd",
    "oneandone",
    "openstack",
    "oracle",
    "proxmox",
    "puppet",
    "qemu",
    "salt",
    "tencentcloud",
    "triton",
    "vagrant",
    "virtualbox",
    "vsphere",
    "yandex",
)
SOURCES: Mapping[str, str] = {
    **{name: f"github.com/hashicorp/{name}" for name in _HASHICORP},
    "digitalocean": "github.com/digitalocean/digitalocean",
    "goss": "github.com/YaleUniversity/goss",
    "huaweicloud": "github.com/huaweicloud/huaweicloud",
    "linode": "github.com/linode/linode",
    "parallels": "github.com/Parallels/parallels",
    "scaleway": "github.com/scaleway/scaleway",
    "vmware": "github.com/vmware/vmware",
    "windows-update": "github.com/rgl/windows-update",
}


def required(types: Iterable[str]) -> dict[str, str]:
    """The plugins of these builders, provisioners and post-processors: local name and source, sorted."""
    found = {}
    for kind in types:
        name = next((name for name in SOURCES if kind == name or kind.startswith(f"{name}-")), None)
        if name is not None:
            found[name] = SOURCES[name]
    return dict(sorted(found.items()))
