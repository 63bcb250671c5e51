"""Find a builder, communicator, provisioner, post-processor, data source and the like by its name in templates.

Built-ins are a table of names, so that looking one up imports nothing else. Everybody else registers an entry point in
the group ``imagesmith.<kind>``; a built-in wins a clash and says so.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal

from imagesmith.errors import UsageError

Kind = Literal[
    "builders", "communicators", "provisioners", "post_processors", "data_sources", "secret_stores", "simulators"
]

BUILT_IN: Mapping[Kind, Mapping[str, str]] = {
    "builders": {
        "alicloud-ecs": "imagesmith_alicloud:AlicloudEcs",
        "file": "imagesmith.builders.file:File",
        "huaweicloud-ecs": "imagesmith_huaweicloud:HuaweicloudEcs",
        "null": "imagesmith.builders.null:Null",
    },
    "communicators": {
        "ssh": "imagesmith_ssh:connect",
        "winrm": "imagesmith_winrm:connect",
    },
    "provisioners": {
        "ansible": "imagesmith.provisioners.ansible:Ansible",
        "ansible-local": "imagesmith.provisioners.ansible_local:AnsibleLocal",
        "breakpoint": "imagesmith.provisioners.breakpoint:Breakpoint",
        "file": "imagesmith.provisioners.file:File",
        "hcp-sbom": "imagesmith.provisioners.hcp_sbom:HcpSbom",
        "powershell": "imagesmith.provisioners.powershell:Powershell",
        "reboot": "imagesmith.provisioners.reboot:Reboot",
        "shell": "imagesmith.provisioners.shell:Shell",
        "shell-local": "imagesmith.provisioners.shell_local:ShellLocal",
        "sleep": "imagesmith.provisioners.sleep:Sleep",
        "windows-restart": "imagesmith.provisioners.windows_restart:WindowsRestart",
        "windows-shell": "imagesmith.provisioners.windows_shell:WindowsShell",
    },
    "post_processors": {
        "artifice": "imagesmith.post_processors.artifice:Artifice",
        "checksum": "imagesmith.post_processors.checksum:Checksum",
        "compress": "imagesmith.post_processors.compress:Compress",
        "manifest": "imagesmith.post_processors.manifest:Manifest",
        "shell-local": "imagesmith.post_processors.shell_local:ShellLocal",
    },
    "data_sources": {
        "alicloud-images": "imagesmith_alicloud:AlicloudImages",
        "http": "imagesmith.data_sources.http:Http",
        "huaweicloud-images": "imagesmith_huaweicloud:HuaweicloudImages",
        "null": "imagesmith.data_sources.null:Null",
    },
    "secret_stores": {
        "alicloud_kms_secret": "imagesmith_alicloud.kms:look_up",
        "aws_secretsmanager": "imagesmith.template.remote_values.aws_secrets_manager:look_up",
        "aws_secretsmanager_raw": "imagesmith.template.remote_values.aws_secrets_manager:look_up_raw",
        "consul_key": "imagesmith.template.remote_values.consul_kv:look_up",
        "huaweicloud_csms_secret": "imagesmith_huaweicloud.csms:look_up",
        "vault": "imagesmith.template.remote_values.vault_kv:look_up",
    },
    "simulators": {
        "alicloud": "imagesmith_simulator.alicloud:SimulatedAlicloud",
        "huaweicloud": "imagesmith_simulator.huaweicloud:SimulatedHuaweicloud",
    },
}

NOT_YET: Mapping[Kind, Mapping[str, str]] = {
    "builders": {
        "qemu": "The local QEMU builder comes with a later release",
    },
    "communicators": {},
    "provisioners": {
        "goss": "It is somebody else's plugin; run goss from a shell provisioner",
    },
    "post_processors": {
        "alicloud-import": "Image import comes with a later release",
        "huaweicloud-import": "Image import comes with a later release",
    },
    "data_sources": {},
    "secret_stores": {},
    "simulators": {},
}

LATER_OPTIONS: Mapping[tuple[Kind, str], str] = {
    ("post_processors", "huaweicloud-import"): "imagesmith_huaweicloud:HuaweicloudImport",
}
"""The option tables of what is not there yet, so that ``validate`` can check a template's options nevertheless."""


class NotYet(UsageError):
    """The plugin is known, but this release does not have it: ``validate`` warns of it, ``build`` refuses it."""


@cache
def load(kind: Kind, name: str) -> Any:
    """The plugin's class or function.

    Raises `NotYet` for a name that a later release will know, `UsageError` for an unknown one, with "did you mean".

    Library users' own classes go by ``module:Class`` (see `name_of`); what a template names goes through `named`.
    """
    target = name if ":" in name else BUILT_IN[kind].get(name)
    if target is None:
        target = dict(_others(kind)).get(name)
    if target is None:
        raise _unknown(kind, name)
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError) as error:
        raise UsageError(f'the {_noun(kind)} "{name}" can\'t be loaded: {error}') from error


def named(kind: Kind, name: str) -> Any:
    """`load` for a name out of a template, which can name no Python object."""
    if ":" in name:
        raise _unknown(kind, name)
    return load(kind, name)


def later_options(kind: Kind, name: str) -> Any:
    """The option class of a plugin that a later release will have; None where there is none yet."""
    module, _, attribute = LATER_OPTIONS.get((kind, name), "").partition(":")
    return getattr(importlib.import_module(module), attribute) if module else None


def foreign(kind: Kind, name: str, required: Mapping[str, str]) -> NotYet | None:
    """The error for a name that one of the required plugins of other people has, as ``amazon-ebs`` is ``amazon``'s.

    ``required`` maps the plugins' local names to their sources.
    """
    local = next((local for local in required if name == local or name.startswith(f"{local}-")), None)
    if local is None:
        return None
    text = f'the {_noun(kind)} "{name}" is part of the plugin "{local}" ({required[local]}), which is not built in'
    meanwhile = next((names[name] for names in NOT_YET.values() if name in names), "")
    return NotYet(text, hint=meanwhile or "Imagesmith runs without Packer's plugins")


def in_core(kind: Kind, name: str) -> bool:
    """Whether the plugin is part of the core, as ``null`` and ``http`` are."""
    return BUILT_IN[kind].get(name, "").startswith("imagesmith.")


def names(kind: Kind) -> list[str]:
    """Every name that can be loaded."""
    return sorted({*BUILT_IN[kind], *(name for name, _ in _others(kind))})


def name_of(kind: Kind, plugin: type) -> str:
    """The name under which `load` finds this class: the built-in's own, ``module:Class`` for anybody else's."""
    target = f"{plugin.__module__}:{plugin.__qualname__}"
    return next((name for name, built_in in BUILT_IN[kind].items() if built_in == target), target)


def _others(kind: Kind) -> Iterator[tuple[str, str]]:
    for point in _entry_points(tuple(sys.path)).select(group=f"imagesmith.{kind}"):
        yield point.name, point.value


@cache
def _entry_points(_path: tuple[str, ...]) -> Any:
    """Those of everything that is installed along the path, to `select` from; looking through it takes a while."""
    from importlib.metadata import entry_points

    return entry_points()


def _noun(kind: Kind) -> str:
    return "data source" if kind == "data_sources" else kind.replace("_", "-").removesuffix("s")


def _unknown(kind: Kind, name: str) -> UsageError:
    noun = _noun(kind)
    if hint := NOT_YET[kind].get(name):
        return NotYet(f'the {noun} "{name}" is not supported yet', hint=hint)
    close = difflib.get_close_matches(name, names(kind), n=1)
    known = ", ".join(names(kind))
    hint = f'did you mean "{close[0]}"?' if close else f"known are {known}"
    return UsageError(f'there is no {noun} "{name}"', hint=hint)
