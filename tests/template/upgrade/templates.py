"""JSON templates in the shapes that people have, for `hcl2_upgrade`: name, template, variables given, environment."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SEED = Path(__file__).parents[2] / "templates" / "seed"


@dataclass(frozen=True)
class Case:
    """One template. ``not_in_1_6`` says what of its HCL2 Packer 1.6.6 does not have yet; ``files`` have to be there."""

    name: str
    template: dict[str, Any]
    variables: tuple[tuple[str, str], ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    not_in_1_6: str = ""
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


NULL: dict[str, Any] = {"type": "null", "communicator": "none"}
ALICLOUD: dict[str, Any] = {
    "type": "alicloud-ecs",
    "access_key": "{{user `access_key`}}",
    "secret_key": "{{user `secret_key`}}",
    "region": "cn-beijing",
    "image_name": "web",
    "source_image": "centos_7_9_x64_20G_alibase_20230101.vhd",
    "instance_type": "ecs.t5-lc1m1.small",
    "ssh_username": "root",
}
KEYS = {"access_key": "{{env `ALICLOUD_ACCESS_KEY`}}", "secret_key": "{{env `ALICLOUD_SECRET_KEY`}}"}
CLOUD = {"ALICLOUD_ACCESS_KEY": "LTAI1", "ALICLOUD_SECRET_KEY": "s3cret"}
SUDO = "echo 'vagrant' | {{.Vars}} sudo -S -E sh '{{.Path}}'"
CLOCK = "legacy_isotime and rfc3339_parse"


def null(**more: Any) -> dict[str, Any]:
    return {**NULL, **more}


def local(*inline: str, **more: Any) -> dict[str, Any]:
    return {"type": "shell-local", "inline": list(inline), **more}


def shell(*inline: str, **more: Any) -> dict[str, Any]:
    return {"type": "shell", "inline": list(inline), **more}


def file(content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "file", "target": "out", "content": content, **more}


def alicloud(**more: Any) -> dict[str, Any]:
    return {**ALICLOUD, **more}


USER_DATA = ("examples/alicloud/basic/winrm_enable_userdata.ps1",)
CASES: list[Case] = [
    Case("least", {"builders": [null()]}),
    Case(
        "variables",
        {"variables": {"a": "x", "b": "", "c": None}, "builders": [file("{{user `a`}}-{{user `b`}}-{{user `c`}}")]},
        (("c", "given"),),
    ),
    Case(
        "values given for plain variables",
        {"variables": {"a": "x", "b": "y"}, "builders": [file('{{user "a"}}{{ user `b` }}')]},
        (("a", "1"), ("b", "")),
    ),
    Case(
        "environment",
        {
            "variables": {
                "home": "{{env `PLACE`}}",
                "mixed": "a-{{env `PLACE`}}/b",
                "none": "{{env `NOWHERE_AT_ALL`}}",
            },
            "builders": [file("{{user `home`}} {{user `mixed`}} [{{user `none`}}]")],
        },
        (),
        {"PLACE": "/srv"},
    ),
    Case(
        "environment through a function",
        {"variables": {"home": "{{env `PLACE` | upper}}"}, "builders": [file("{{user `home`}}")]},
        (),
        {"PLACE": "srv"},
    ),
    Case(
        "nested variables",
        {
            "variables": {"c": "{{user `b`}}3", "b": "{{user `a`}}2", "a": "1"},
            "builders": [file("{{user `c`}}")],
        },
    ),
    Case(
        "a nested variable is given",
        {
            "variables": {"c": "{{user `b`}}3", "b": "{{user `a`}}2", "a": "1"},
            "builders": [file("{{user `c`}}")],
        },
        (("b", "given"),),
    ),
    Case(
        "sensitive variables",
        {
            "variables": {"password": "hunter2", "login": "root:{{user `password`}}"},
            "sensitive-variables": ["password", "login"],
            "builders": [file("{{user `login`}}")],
        },
        (),
        {},
        "local blocks",
    ),
    Case("undeclared variable", {"builders": [file("[{{user `nowhere`}}]")]}),
    Case("undeclared variable is given", {"builders": [file("[{{user `nowhere`}}]")]}, (("nowhere", "here"),)),
    Case(
        "odd names of variables",
        {"variables": {"a.b": "1", "2c": "2"}, "builders": [file("{{user `a.b`}}{{user `2c`}}")]},
    ),
    Case(
        "clock",
        {"builders": [file("{{timestamp}} {{isotime}} {{isotime `2006-01-02`}} {{strftime `%Y%m%d`}}")]},
        (),
        {},
        CLOCK,
    ),
    Case(
        "clock in variables",
        {
            "variables": {"stamp": "{{timestamp}}", "day": "{{isotime `20060102`}}", "name": "web-{{user `day`}}"},
            "builders": [file("{{user `stamp`}} {{user `name`}}")],
        },
        (),
        {},
        CLOCK,
    ),
    Case(
        "split and replace",
        {
            "variables": {"v": "v1.2.3-rc.1", "n": "a-b-c"},
            "builders": [
                file(
                    "{{split `a-b` `-` 1}} {{split (user `n`) `-` 0}} {{user `n` | replace_all `-` `_`}} "
                    "{{user `v` | replace `v` `` 1}} {{replace `.` `$1` 1 (user `v`)}} "
                    "{{replace `-` `.` -1 (user `n`)}} {{replace `-` `+` 2 (user `n`)}}"
                )
            ],
        },
    ),
    Case(
        "upper and lower",
        {
            "variables": {"d": "Ubuntu"},
            "builders": [file("{{user `d` | lower}} {{upper (user `d`)}} {{lower `A` | upper}}")],
        },
    ),
    Case(
        "names of the build", {"builders": [file("{{build_name}} {{build_type}}", name="web"), file("{{build_name}}")]}
    ),
    Case(
        "names of the build in steps",
        {
            "builders": [null(name="web"), null()],
            "provisioners": [local("echo {{build_name}} {{build_type}} {{build_name | upper}}")],
        },
    ),
    Case("folders", {"builders": [file("{{template_dir}}/x {{pwd}}/y")]}),
    Case("version of packer", {"builders": [file("{{packer_version}}")], "min_packer_version": "1.2.0"}),
    Case(
        "conditionals",
        {
            "variables": {"a": "x", "b": "", "os": "ubuntu"},
            "builders": [
                file(
                    "{{if user `a`}}A{{user `a`}}{{end}}{{if user `b`}}B{{else}}no{{end}}"
                    "{{if eq (user `os`) `debian` `ubuntu`}}apt{{else if eq (user `os`) `fedora`}}dnf{{end}}"
                    "{{if and (user `a`) (not (user `b`))}}both{{end}}"
                    "{{if or (user `b`) (ne (user `os`) `x`)}}one{{end}}"
                )
            ],
        },
    ),
    Case(
        "what only the Go engine knows",
        {
            "variables": {"a": 'x"y`\\', "n": "3"},
            "builders": [
                file(
                    "{{printf `%q %5s|` (user `a`) `z`}}{{with user `n`}}<{{.}}>{{end}}"
                    "{{$x := user `n`}}{{$x}}{{len `abc`}}"
                )
            ],
        },
    ),
    Case("printf", {"variables": {"a": "x"}, "builders": [file("{{printf `%s-%v-%d%%` (user `a`) `b` 5}}")]}),
    Case("trim marks", {"variables": {"a": "x"}, "builders": [file("a {{- user `a` -}} b {{- .Nothing -}} c")]}),
    Case(
        "several builders and overrides",
        {
            "builders": [null(name="one"), null(name="two"), null(), file("x", name="three")],
            "provisioners": [
                local("echo a", only=["one", "three"]),
                local("echo b", **{"except": ["null"]}),
                local("echo c", override={"two": {"inline": ["echo two"]}, "null": {"inline": ["echo null"]}}),
            ],
            "post-processors": [{"type": "manifest", "only": ["three"], "output": "{{build_name}}.json"}],
        },
    ),
    Case(
        "odd names of builders",
        {
            "builders": [null(name="a b.c"), null(name="20.04")],
            "provisioners": [local("echo {{build_name}}", only=["20.04"])],
        },
    ),
    Case(
        "names of builders from variables",
        {
            "variables": {"v": "9"},
            "builders": [null(name="web-{{user `v`}}")],
            "provisioners": [local("echo {{build_name}}", only=["web-{{user `v`}}"])],
        },
        (),
        {},
        "expressions as names of sources",
    ),
    Case(
        "pauses and retries",
        {
            "variables": {"tries": "4"},
            "builders": [null()],
            "provisioners": [
                local("echo a", pause_before="1m30s", timeout="500ms", max_retries=3),
                local("echo b", max_retries="{{user `tries`}}", pause_before="2h", timeout=5000000000),
            ],
        },
    ),
    Case(
        "execute_command",
        {
            "variables": {"user": "vagrant"},
            "builders": [null()],
            "provisioners": [
                shell("id", execute_command=SUDO, environment_vars=["A={{user `user`}}", "B=$HOME"]),
                shell("id", execute_command="{{if .Vars}}{{.Vars}}{{end}} su - {{user `user`}} -c '{{.Path}}'"),
            ],
        },
    ),
    Case(
        "values of the running build",
        {
            "builders": [null()],
            "provisioners": [local("echo {{ build `ID` }} {{build `Host` | upper}} {{.WinRMPassword}}")],
            "post-processors": [{"type": "manifest", "custom_data": {"id": "{{build `ID`}}", "p": "{{build `Port`}}"}}],
        },
    ),
    Case(
        "chains of post-processors",
        {
            "builders": [null()],
            "post-processors": [
                "manifest",
                {"type": "manifest", "output": "a.json", "keep_input_artifact": True, "name": "first"},
                [local("echo a"), {"type": "manifest", "strip_path": True, "keep_input_artifact": False}, "manifest"],
                ["manifest"],
            ],
        },
    ),
    Case(
        "cleanup",
        {"builders": [null()], "error-cleanup-provisioner": local("echo {{build_name}}", only=["null"])},
        not_in_1_6="error-cleanup-provisioner blocks",
    ),
    Case(
        "nested objects and lists of objects",
        {
            "variables": {**KEYS, "size": "40"},
            "builders": [
                alicloud(
                    tags={"Name": "web", "odd key": "{{user `size`}}", "{{build_name}}": "k"},
                    system_disk_mapping={"disk_size": "{{user `size`}}", "disk_category": "cloud_efficiency"},
                    image_disk_mappings=[{"disk_size": 20}, {"disk_size": "30", "disk_name": "d{{user `size`}}"}],
                )
            ],
        },
        (),
        CLOUD,
    ),
    Case(
        "weak types",
        {
            "variables": {**KEYS, "ciphers": "aes128-ctr,aes256-ctr", "none": ""},
            "builders": [
                alicloud(
                    io_optimized="true",
                    skip_image_validation="1",
                    ssh_ciphers="{{user `ciphers`}}",
                    ssh_key_exchange_algorithms="{{user `none`}}",
                    internet_max_bandwidth_out="{{user `none`}}",
                    image_force_delete="{{user `none`}}",
                    image_force_delete_snapshots="{{user `nowhere`}}",
                    disable_stop_instance="",
                    ssh_port="2222",
                    associate_public_ip_address=1,
                    image_description=5,
                    description=True,
                    tags={"count": 1, "yes": True},
                    ssh_timeout="10m",
                    ssh_handshake_attempts="0",
                    ssh_keep_alive_interval=5000000000,
                )
            ],
        },
        (),
        CLOUD,
    ),
    Case(
        "special characters",
        {
            "variables": {"v": '${x} %{y} $${z} "q" \\n \t|'},
            "builders": [
                file(
                    "${A:-1} %{if} $${B} $$${C} %%{D} 100% $ \\ \"x\" 'y' {{user `v`}} ${{user `v`}} {{`{`}} é\u2028😀"
                )
            ],
            "provisioners": [local('echo ${PATH##*:} $(id) "$1" `date` \\\\ \\$')],
        },
    ),
    Case(
        "text of several lines",
        {
            "variables": {"unit": "[Unit]\nAfter={{.Name}}\n\n[Service]\n  Type=simple\n"},
            "builders": [
                file('#!/bin/sh\nset -e\n  echo "${HOME}" \\\n    \\n\tEOT\n{{user `unit`}}done\n'),
                file("a\r\nb\nc\nd\n", name="b"),
            ],
            "provisioners": [shell("cat <<'EOF'\na\nEOF\n", "x")],
        },
    ),
    Case(
        "braces in variables",
        {
            "variables": {
                "url": "http://{{ .HTTPIP }}:{{ .HTTPPort }}/ks.cfg",
                "raw": "{{`{{.Names}}`}}",
                "both": "{{user `url`}}!",
            },
            "builders": [file("{{user `url`}} {{user `raw`}} {{user `both`}}")],
            "provisioners": [local("docker ps --format '{{`{{.Names}}`}}' {{user `url`}}")],
        },
    ),
    Case("fields that nobody fills in", {"builders": [file("{{.Foo}} {{ .A.B }} {{`{{.X}}`}}")]}),
    Case(
        "comments and descriptions",
        {
            "_comment": "first\nsecond",
            "description": 'An "image" with ${x}',
            "push": {"name": "x"},
            "builders": [null()],
        },
    ),
    Case(
        "capital letters in keys",
        {"variables": KEYS, "Builders": [{**alicloud(), "SSH_Timeout": "5m"}]},
        (),
        CLOUD,
    ),
    Case(
        "a windows image of another cloud's builder",
        {
            "variables": {"image": "windows"},
            "builders": [
                {
                    "type": "amazon-ebs",
                    "ami_name": "{{user `image`}}",
                    "source_ami_filter": {
                        "filters": {"name": "*2019*", "root-device-type": "ebs"},
                        "owners": ["amazon"],
                        "most_recent": True,
                    },
                    "launch_block_device_mappings": [
                        {"device_name": "/dev/sda1", "volume_size": 50, "delete_on_termination": True}
                    ],
                    "run_tags": {"Name": "{{build_name}}"},
                    "winrm_use_ssl": True,
                }
            ],
            "provisioners": [
                {
                    "type": "powershell",
                    "elevated_user": "Administrator",
                    "elevated_password": "{{.WinRMPassword}}",
                    "inline": ["dir c:\\"],
                },
                {"type": "windows-restart", "restart_timeout": "10m"},
            ],
        },
    ),
    Case(
        "qemu with boot commands",
        {
            "variables": {"iso": "https://example.com/a.iso", "ks": "http://{{ .HTTPIP }}:{{ .HTTPPort }}/ks.cfg"},
            "builders": [
                {
                    "type": "qemu",
                    "iso_url": "{{user `iso`}}",
                    "iso_checksum": "none",
                    "boot_command": ["<esc><wait>", "linux ks={{user `ks`}} {{ .Name }}<enter>"],
                    "qemuargs": [["-m", "1024M"], ["-smp", "cpus=2"]],
                    "disk_size": "40000M",
                    "headless": "true",
                }
            ],
        },
    ),
    Case(
        "huaweicloud with ansible and goss",
        {
            "variables": {
                "ansible_extra_vars": "",
                "build_name": "ubuntu-2204",
                "build_timestamp": "{{timestamp}}",
                "crictl_version": "1.26.0",
                "flavor": "s6.large.2",
                "image_name": "capi-{{user `build_name`}}-{{user `build_timestamp`}}",
                "kubernetes_semver": None,
                "ssh_username": "ubuntu",
            },
            "builders": [
                {
                    "type": "huaweicloud-ecs",
                    "name": "{{user `build_name`}}",
                    "region": "ap-southeast-1",
                    "image_name": "{{user `image_name`}}",
                    "flavor": "{{user `flavor`}}",
                    "ssh_ip_version": 4,
                    "ssh_username": "{{user `ssh_username`}}",
                    "source_image_filter": {
                        "filters": {"name": "Ubuntu 22.04", "visibility": "public"},
                        "most_recent": True,
                    },
                    "image_tags": {"built": "{{isotime}}", "version": "{{user `kubernetes_semver`}}"},
                    "security_groups": "{{user `security_groups`}}",
                }
            ],
            "provisioners": [
                {
                    "type": "ansible",
                    "playbook_file": "./ansible/node.yml",
                    "ansible_env_vars": [
                        "ANSIBLE_SSH_ARGS='{{user `existing_ansible_ssh_args`}} -o IdentitiesOnly=yes'"
                    ],
                    "extra_arguments": ["--extra-vars", "{{user `ansible_extra_vars`}}"],
                    "user": "{{user `ssh_username`}}",
                },
                {
                    "type": "goss",
                    "tests": ["packer/goss/goss.yaml"],
                    "retry_timeout": "0s",
                    "vars_inline": {"OS": "{{user `distribution` | lower}}"},
                },
            ],
            "post-processors": [
                {
                    "type": "manifest",
                    "custom_data": {"build_timestamp": "{{user `build_timestamp`}}"},
                    "output": "./{{user `build_name`}}.json",
                }
            ],
        },
        (("kubernetes_semver", "v1.28.3"), ("build_timestamp", "1700000000"), ("distribution", "Ubuntu")),
        {},
        CLOCK,
        ("ansible/node.yml",),
    ),
    Case(
        "vagrant boxes",
        {
            "variables": {"box": "centos9", "headless": "true", "version": "1.0.{{env `BUILD`}}"},
            "builders": [
                {
                    "type": "virtualbox-iso",
                    "vm_name": "{{user `box`}}",
                    "headless": "{{user `headless`}}",
                    "vboxmanage": [["modifyvm", "{{.Name}}", "--memory", "1024"]],
                    "output_directory": "out-{{user `box`}}-{{build_type}}",
                },
                {
                    "type": "vmware-iso",
                    "vm_name": "{{user `box`}}",
                    "vmx_data": {"memsize": "1024", "cpuid.coresPerSocket": "1"},
                },
            ],
            "provisioners": [
                shell(
                    "reboot", execute_command=SUDO, expect_disconnect=True, override={"vmware-iso": {"inline": ["x"]}}
                )
            ],
            "post-processors": [
                [
                    {
                        "type": "vagrant",
                        "output": "{{user `box`}}-{{.Provider}}.box",
                        "override": {"vmware": {"compression_level": 9}},
                    },
                    {"type": "checksum", "output": "{{.BuildName}}.sum", "only": ["virtualbox-iso"]},
                ]
            ],
        },
        (),
        {"BUILD": "7"},
    ),
    *(
        Case(f"the vendor's {path.stem}", json.loads(path.read_text()), (), CLOUD, files=USER_DATA)
        for path in sorted(SEED.glob("*.json"))
    ),
]
