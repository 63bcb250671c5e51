"""``fix`` prints the bytes that Debian's packer 1.6.6 prints."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import TemplateError
from imagesmith.template.fix import FIXERS, fix_text

PACKER = shutil.which("packer") or ""
SEED = Path(__file__).parents[1] / "templates" / "seed"

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]


def builder(kind: str, **options: Any) -> dict[str, Any]:
    return {"builders": [{"type": kind, **options}]}


def provisioner(kind: str, **options: Any) -> dict[str, Any]:
    return {"builders": [{"type": "null"}], "provisioners": [{"type": kind, **options}]}


def post_processor(kind: str, **options: Any) -> dict[str, Any]:
    step = {"type": kind, **options}
    return {"builders": [{"type": "null"}], "post-processors": [step, "manifest", [dict(step), "x"]]}


CREATE_TIME = "x {{.CreateTime}} {{ .CreateTime }}{{- .CreateTime -}}{{ .CreateTime | x }}"
PORTS: dict[str, Any] = {"ssh_host_port_min": 1, "ssh_host_port_max": "2", "ssh_skip_nat_mapping": True}
ESX = {"remote_type": "esx5"}

FIXED: dict[str, Sequence[dict[str, Any]]] = {
    "iso-md5": [builder("x", iso_md5="abc"), builder("x", iso_md5=5), builder("x", iso_md5="a", iso_checksum="b")],
    "createtime": [
        builder("x", ami_name=CREATE_TIME, bundle_prefix=CREATE_TIME, snapshot_name=CREATE_TIME, vm_name=CREATE_TIME),
        builder("x", ami_name=["{{.CreateTime}}"]),
    ],
    "virtualbox-gaattach": [
        *(builder("virtualbox", guest_additions_attach=value) for value in (True, False, "true")),
        builder("virtualbox-iso", guest_additions_attach=True),
        builder("virtualbox", guest_additions_attach=True, guest_additions_mode="upload"),
    ],
    "pp-vagrant-override": [
        post_processor("vagrant", aws={"a": 1}, digitalocean={}, virtualbox=5, vmware={"b": [1]}, hyperv={}),
        post_processor("vagrant", aws={"a": 1}, override={"x": 1}),
        post_processor("vagrant", override={"x": 1}),
        post_processor("other", aws={"a": 1}),
    ],
    "virtualbox-rename": [
        {**builder("virtualbox"), "provisioners": [{"type": "shell", "override": {"virtualbox": {"a": 1}}}]},
        {
            **builder("x"),
            "provisioners": [{"type": "shell", "override": {"virtualbox": {}, "virtualbox-iso": {"b": 1}}}],
        },
    ],
    "vmware-rename": [{**builder("vmware"), "provisioners": [{"type": "shell", "only": ["vmware"]}]}],
    "parallels-headless": [builder(kind, headless=True) for kind in ("parallels-iso", "parallels-pvm", "parallels")],
    "parallels-deprecations": [
        builder(kind, parallels_tools_host_path="x", guest_os_distribution="u", guest_os_type="v")
        for kind in ("parallels-iso", "parallels-pvm", "x")
    ],
    "sshkeypath": [
        builder("x", ssh_key_path="k"),
        builder("x", ssh_key_path=5),
        builder("x", ssh_key_path="k", ssh_private_key_file="z"),
    ],
    "sshdisableagent": [
        *(builder("x", ssh_disable_agent=value) for value in (True, False, "true", 1, None)),
        builder("x", ssh_disable_agent=True, ssh_disable_agent_forwarding=False),
    ],
    "scaleway-access-key": [
        builder("scaleway", access_key="a"),
        builder("scaleway", access_key="a", organization_id="o"),
        builder("scaleway", access_key=5),
        builder("alicloud-ecs", access_key="a"),
    ],
    "manifest-filename": [
        post_processor("manifest", filename="a"),
        post_processor("manifest", filename="a", output="b"),
        post_processor("manifest", filename=5),
        post_processor("other", filename="a"),
    ],
    "amazon-shutdown_behavior": [
        builder(kind, shutdown_behaviour="stop") for kind in ("amazon-ebs", "amazon-chroot", "amazon", "x")
    ],
    "amazon-enhanced-networking": [
        *(builder("amazon-ebs", enhanced_networking=value) for value in (True, False, "true")),
        builder("amazon-ebs", enhanced_networking=True, ena_support=False),
        builder("x", enhanced_networking=True),
    ],
    "amazon-private-ip": [
        *(builder("amazon-ebs", ssh_private_ip=value) for value in (True, False, "true", "false", "t")),
        builder("amazon-ebs", ssh_private_ip=True, ssh_interface="x"),
        builder("alicloud-ecs", ssh_private_ip=True),
    ],
    "amazon-temp-sec-cidrs": [
        *(builder("amazon-ebs", temporary_security_group_source_cidr=value) for value in ("0/0", "", ["x"], 5)),
        builder("x", temporary_security_group_source_cidr="0/0"),
    ],
    "docker-email": [post_processor(kind, login_email="x") for kind in ("docker-push", "docker-import", "x")],
    "docker-tag-tags": [
        *(post_processor("docker-tag", tag=value) for value in ("a", "a,b", ["b", "a"], 5)),
        post_processor("docker-tag", tag="a", tags=["b", "a"]),
        post_processor("docker-tag", tag=["a", "b"], tags="c"),
        post_processor("docker-push", tag="a"),
    ],
    "powershell-escapes": [
        provisioner("powershell", environment_vars=["A=`$b``c", "B=`\"`'x"], elevated_user="`$u", inline=["`$x"]),
        provisioner("powershell", elevated_password="p``a`$`n", environment_vars="A=`$b"),
        provisioner("powershell", environment_vars=[5], elevated_user=""),
        provisioner("powershell", environment_vars=None),
        provisioner("shell", elevated_user="`$u"),
        {"builders": [], "provisioners": {"type": "powershell", "elevated_user": "`$"}},
    ],
    "vmware-compaction": [
        *(builder("vmware-iso", **ESX, disk_type_id=value) for value in ("zeroedthick", "thin", "", 5, None)),
        builder("vmware-iso", **ESX),
        builder("vmware-iso", **ESX, skip_compaction=False),
        builder("vmware-iso", **ESX, skip_compaction="false", disk_type_id="zeroedthick"),
        builder("vmware-vmx", **ESX),
        builder("vmware", **ESX),
        builder("vmware-iso", remote_type="", disk_type_id="zeroedthick"),
    ],
    "hyperv-deprecations": [builder(kind, vhd_temp_path="a") for kind in ("hyperv-iso", "hyperv-vmcx", "x")],
    "hyperv-vmxc-typo": [
        builder(kind, clone_from_vmxc_path="a", clone_from_vmcx_path="b") for kind in ("hyperv-vmcx", "hyperv-iso")
    ],
    "hyperv-cpu-and-ram": [
        builder("hyperv-iso", cpu=1, ram_size="2"),
        builder("hyperv-vmcx", cpu=None, cpus=4, ram_size=2, memory=5),
        builder("x", cpu=1, ram_size=2),
    ],
    "clean-image-name": [
        builder("x", n="{{isotime | clean_ami_name}}{{ clean_image_name `x`}} clean_ami_name2", l=["clean_ami_name"]),
        builder("x", m={"a": "clean_ami_name", "b": {"c": "clean_ami_name"}, "d": ["clean_ami_name"]}),
        {**provisioner("shell", n="clean_ami_name"), "variables": {"a": "{{clean_ami_name `x`}}"}},
    ],
    "spot-price-auto-product": [
        builder(kind, spot_price_auto_product="x", spot_price="auto") for kind in ("amazon-ebs", "amazon-chroot", "x")
    ],
    "qemu-disk-size": [
        *(builder("qemu", disk_size=value) for value in (40000, 40.5, "40000", "40G", None, True, 0, -5.7)),
        builder("x", disk_size=5),
    ],
    "galaxy-command": [
        provisioner("ansible-local", galaxycommand="x"),
        provisioner("ansible-local", galaxycommand="x", galaxy_command="y"),
        provisioner("ansible-local", galaxycommand=5),
        provisioner("ansible", galaxycommand="x"),
    ],
    "comm-config": [
        *(builder(kind, **PORTS) for kind in ("virtualbox-iso", "virtualbox-ovf", "virtualbox", "vmware-iso", "x")),
        builder("virtualbox-iso", **PORTS, host_port_min=9, skip_nat_mapping=False),
        builder("virtualbox-iso", ssh_skip_nat_mapping="true"),
    ],
    "ssh-wait-timeout": [
        builder("x", ssh_wait_timeout="5m"),
        builder("x", ssh_wait_timeout=5),
        builder("x", ssh_wait_timeout="5m", ssh_timeout="1m"),
    ],
    "vsphere-iso-net-disk": [
        builder("vsphere-iso", network="n", network_card="c", disk_size=5, disk_thin_provisioned=True),
        builder("vsphere-iso", networkCard="c", disk_eagerly_scrub=True, network_adapters=[{"network": "z"}]),
        builder("vsphere-iso", disk_size=5, storage=[{"disk_size": 1}]),
        builder("vsphere-clone", network="n"),
    ],
    "iso-checksum-type-and-url": [
        builder("x", **{f"iso_checksum{key}": value for key, value in options.items()})
        for options in (
            {"": "abc", "_type": "sha256"},
            {"": "abc", "_type": "sha256", "_url": "http://u"},
            {"_url": "http://u"},
            {"_type": "none"},
            {"": "", "_type": "none", "_url": ""},
            {"": "abc", "_type": "none"},
            {"": 5, "_type": "md5"},
            {"": "abc", "_type": 5},
            {"_url": 5},
            {"": "{{user `a`}}", "_type": "{{user `t`}}"},
        )
    ],
    "qemu-host-port": [builder("qemu", **PORTS), builder("qemu", **PORTS, host_port_min=7)],
    "azure-exclude_from_latest": [
        builder(kind, shared_image_destination={"exlude_from_latest": True}) for kind in ("azure-chroot", "azure-arm")
    ],
    "proxmox-type": [builder("proxmox"), builder("proxmox-iso")],
}

UNTOUCHED: Sequence[str] = (
    "{}",
    '{"builders": null, "provisioners": null}',
    '{"zz": 1, "a": [], "b": {}, "c": [{}, [1, [2]]], "builders": []}',
    '{"n": [1.50, 12345678901234567890, 1e21, 1e-6, 1e-7, 0.00000123, 1E5, 123456.789e3, 1e22, -5, 0.1]}',
    '{"t": "<&> \\u2028 \\u2029 \\b\\f\\n\\r\\t\\\\ \\u0001 / \\/ \\" \' \\u007f \\u0080 \\ud83d\\ude00 \\ud800 é"}',
    '{"\\u00e9": 1, "z": 2, "a<b": 3, "A": 4, "_c": "d", "\\ud83d\\ude00": 5, "\\uffee": 6}',
    '{"post-processors": ["a", ["b", {"type": "c"}], [[5]], null], "provisioners": [5]}',
    '{"provisioners": 5}',
    *(path.read_text() for path in sorted(SEED.glob("*.json"))),
)

DIFFERENT: dict[str, str] = {
    '{"a": -0}': "a minus before zero is dropped: it is the same number",
    '{"t": "\\\\u003c"}': "packer turns an escaped backslash before u003c into text that is no JSON any more",
    '{"a": 1, "a": 2}': "a key that is given twice is refused, packer drops the first value",
    '{"Builders": [{"type": "qemu", "disk_size": 5}]}': "packer prints such builders twice and fixes none of them",
    "\ufeff{}": "a byte order mark is passed over",
    '{"builders": [{"type": "qemu", "disk_size": 1e21}]}': "packer's number overflows",
}
REFUSED: Sequence[str] = (
    "",
    "5",
    "[1]",
    '{"builders": 5}',
    '{"builders": [5]}',
    '{"builders": {"type": "x"}}',
    '{"post-processors": "x"}',
    '{"a": 1e400}',
    '{"builders": [],}',
    json.dumps(builder("amazon-ebs", ssh_private_ip="yes")),
    json.dumps(builder("amazon-ebs", ssh_private_ip="")),
    json.dumps({"builders": [{"name": "without a type"}]}),
)


def theirs(texts: Sequence[str], folder: Path) -> list[subprocess.CompletedProcess[str]]:
    def one(numbered: tuple[int, str]) -> subprocess.CompletedProcess[str]:
        name = f"{numbered[0]}.json"
        (folder / name).write_text(numbered[1], encoding="utf-8")
        return subprocess.run(
            [PACKER, "fix", "-validate=false", name],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, enumerate(texts)))


def ours(text: str) -> str:
    return fix_text(text, "t.json") + "\n\n"


def test_every_fixer_does_what_packers_does(tmp_path: Path) -> None:
    texts = [json.dumps(template) for templates in FIXED.values() for template in templates]
    assert set(FIXED) == {fixer.name for fixer in FIXERS}
    different = [(text, ours(text), run.stdout) for text, run in zip(texts, theirs(texts, tmp_path), strict=True)]
    assert [one for one in different if one[1] != one[2]] == []


def test_templates_without_anything_to_fix_are_laid_out_alike(tmp_path: Path) -> None:
    for text, run in zip(UNTOUCHED, theirs(UNTOUCHED, tmp_path), strict=True):
        assert ours(text) == run.stdout


def test_the_order_is_packers(tmp_path: Path) -> None:
    shown = subprocess.run([PACKER, "fix", "-h"], capture_output=True, text=True, check=False, cwd=tmp_path).stdout
    listed = shown.partition("(in order):")[2].partition("Options:")[0].split("\n")
    names = [line.split()[0] for line in listed if line.strip()]
    assert list(dict.fromkeys(fixer.name for fixer in FIXERS)) == names


def test_what_packer_can_not_fix_is_refused(tmp_path: Path) -> None:
    for text, run in zip(REFUSED, theirs(REFUSED, tmp_path), strict=True):
        assert run.returncode != 0, text
        with pytest.raises(TemplateError):
            fix_text(text, "t.json")


def test_the_known_differences_are_still_there(tmp_path: Path) -> None:
    for text, run in zip(DIFFERENT, theirs(list(DIFFERENT), tmp_path), strict=True):
        try:
            fixed = ours(text)
        except TemplateError:
            fixed = ""
        assert fixed != run.stdout, DIFFERENT[text]
