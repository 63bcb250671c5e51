"""Fixers for options that builders of every kind have."""

from __future__ import annotations

import re
from typing import Any

Block = dict[str, Any]

_CREATE_TIME = re.compile(r"\{\{\s*\.CreateTime\s*\}\}")
_CLEAN_NAME = re.compile(r"clean_(image|ami)_name")


class Unfixable(Exception):
    """The value can't be brought into the new form; the text says why."""


def rename(block: Block, old: str, new: str, kind: type = object, *, over: bool = True) -> None:
    """Give an option its new name if its value is of this kind; ``over`` lets it replace one that is there."""
    if old not in block or not isinstance(block[old], kind):
        return
    value = block.pop(old)
    if over or new not in block:
        block[new] = value


def iso_md5(builder: Block) -> None:
    """The type of a checksum was part of the option's name once."""
    if isinstance(builder.get("iso_md5"), str):
        builder["iso_checksum"] = builder.pop("iso_md5")
        builder["iso_checksum_type"] = "md5"


def create_time(builder: Block) -> None:
    """The field became a function; only names of results could hold it."""
    for option in ("ami_name", "bundle_prefix", "snapshot_name"):
        if isinstance(builder.get(option), str):
            builder[option] = _CREATE_TIME.sub("{{timestamp}}", builder[option])


def ssh_key_path(builder: Block) -> None:
    """A file, not a path to several."""
    rename(builder, "ssh_key_path", "ssh_private_key_file", str, over=False)


def ssh_disable_agent(builder: Block) -> None:
    """It turns off the forwarding of the agent, not the agent."""
    rename(builder, "ssh_disable_agent", "ssh_disable_agent_forwarding", bool, over=False)


def ssh_wait_timeout(builder: Block) -> None:
    """One name for the time to wait for SSH."""
    rename(builder, "ssh_wait_timeout", "ssh_timeout", str, over=False)


def clean_names(builder: Block) -> None:
    """One function cleans the names of all resources. Nested maps are looked into once, lists are not."""
    for option, value in builder.items():
        if isinstance(value, str):
            builder[option] = _CLEAN_NAME.sub("clean_resource_name", value)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, str):
                    value[key] = _CLEAN_NAME.sub("clean_resource_name", inner)


def iso_checksum(builder: Block) -> None:
    """Type, address and digest of a checksum are one text: ``sha256:…`` or ``file:…``."""
    kind, url = builder.pop("iso_checksum_type", None), builder.pop("iso_checksum_url", None)
    if isinstance(url, str) and url:
        builder["iso_checksum"] = f"file:{url}"
        return
    digest = builder.get("iso_checksum")
    if isinstance(digest, str) and digest and isinstance(kind, str) and kind:
        builder["iso_checksum"] = f"{kind}:{digest}"
