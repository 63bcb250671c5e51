# ruff: noqa: E501 - one template to a line
"""Every kind of value for every kind of option, as many in one template as there are values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

VALUES: list[Any] = [
    None, True, False, 0, 1, 2, -1, 22, 1.5, -1.5, 1e3, 1e-9, 99999999999, 300000000000,
    "", " ", "0", "1", "2", "-1", "22", " 22", "22 ", "+5", "0x10", "0X1f", "010", "08", "0b11", "0o17", "1_000",
    "1.5", "1e3", "abc", "true", "false", "TRUE", "True", "tRue", "t", "T", "f", "F", "yes", "no", "on", "off",
    "5m", "5", "1h30m", "-5m", "1.5h", "5 m", "5M", "300ms", "5us", "5µs", ".5s", "5.s", "1d", "+5s", "1h1h", "s", "0s", "1e3s",
    "9999999h", "a,b", ",", "a=b", "A=1,B=2",
    [], [None], [True], [0], [1, 2], [1.5], [""], ["a"], ["1", "2"], ["a=b"], ["A=1", "B=2"], ["a,b"], [[]], [["a"]], [{}],
    [{"a": "b"}], [{"a": "b"}, {"c": "d"}], {}, {"a": "b"}, {"a": 1}, {"a": True}, {"a": None}, {"a": ["b"]}, {"a": {"b": "c"}}, {"A": "b", "a": "c"},
]  # fmt: skip

NULL: dict[str, Any] = {"type": "null", "communicator": "none"}
REACHED: dict[str, Any] = {"type": "null", "ssh_host": "127.0.0.1", "ssh_username": "root", "ssh_password": "x"}
CLOUD: dict[str, Any] = {
    "type": "alicloud-ecs",
    "access_key": "LTAI0000000000000000",
    "secret_key": "x" * 30,
    "region": "cn-beijing",
    "image_name": "web",
    "source_image": "m-1",
    "instance_type": "ecs.n1.tiny",
    "communicator": "ssh",
    "ssh_username": "root",
}

Place = Callable[[str, Any], Mapping[str, Any]]


def of_null(option: str) -> Place:
    return lambda name, value: {"builders": [{**NULL, "name": name, option: value}]}


def of_cloud(option: str) -> Place:
    return lambda name, value: {"builders": [{**CLOUD, "name": name, option: value}]}


def of_provisioner(option: str, **others: Any) -> Place:
    return lambda name, value: {
        "builders": [{**REACHED, "name": name}],
        "provisioners": [{**others, option: value, "only": [name]}],
    }


def of_post_processor(option: str, **others: Any) -> Place:
    return lambda name, value: {
        "builders": [{**NULL, "name": name}],
        "post-processors": [{**others, option: value, "only": [name]}],
    }


SHELL = {"type": "shell", "inline": ["true"]}

PLACES: dict[str, Place] = {
    "string": of_null("ssh_host"),
    "number": of_null("ssh_port"),
    "boolean": of_null("ssh_pty"),
    "duration": of_null("ssh_timeout"),
    "another duration": of_provisioner("start_retry_timeout", **SHELL),
    "another boolean": of_provisioner("binary", **SHELL),
    "another string": of_provisioner("remote_folder", **SHELL),
    "list of numbers": of_provisioner("valid_exit_codes", **SHELL),
    "list of strings": of_provisioner("inline", type="shell"),
    "variables": of_provisioner("environment_vars", **SHELL),
    "map": of_post_processor("custom_data", type="manifest"),
    "tags": of_cloud("tags"),
    "cloud's number": of_cloud("internet_max_bandwidth_out"),
    "cloud's list": of_cloud("image_copy_regions"),
    "block": of_cloud("system_disk_mapping"),
    "blocks": of_cloud("image_disk_mappings"),
}


def template(places: Mapping[str, Mapping[str, Any]]) -> str:
    """One template of several."""
    whole: dict[str, list[Any]] = {}
    for parts in places.values():
        for key, items in parts.items():
            whole.setdefault(key, []).extend(items)
    return json.dumps(whole)
