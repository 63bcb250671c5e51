"""Fixers for options of clouds' builders."""

from __future__ import annotations

from imagesmith import coercion
from imagesmith.template.fix.common import Block, Unfixable, rename


def _is_amazon(builder: Block) -> bool:
    return str(builder["type"]).startswith("amazon-")


def amazon_shutdown(builder: Block) -> None:
    """American spelling."""
    if _is_amazon(builder):
        rename(builder, "shutdown_behaviour", "shutdown_behavior")


def amazon_networking(builder: Block) -> None:
    """The option is named after the driver that it stands for."""
    if _is_amazon(builder):
        rename(builder, "enhanced_networking", "ena_support", bool)


def amazon_private_ip(builder: Block) -> None:
    """Which address is used became a choice of several. Raises `Unfixable` for what is no boolean."""
    if not _is_amazon(builder) or "ssh_private_ip" not in builder or "ssh_interface" in builder:
        return
    given = builder["ssh_private_ip"]
    try:
        private = coercion.coerce(given, bool) if given != "" and isinstance(given, bool | str) else None
    except coercion.Refused:
        private = None
    if private is None:
        raise Unfixable('"ssh_private_ip" must be true or false')
    del builder["ssh_private_ip"]
    builder["ssh_interface"] = "private_ip" if private else "public_ip"


def amazon_source_cidrs(builder: Block) -> None:
    """One range became a list of them."""
    if _is_amazon(builder) and isinstance(builder.get("temporary_security_group_source_cidr"), str):
        only = builder.pop("temporary_security_group_source_cidr")
        builder["temporary_security_group_source_cidrs"] = [only]


def amazon_spot_product(builder: Block) -> None:
    """Amazon no longer asks for the product."""
    if builder["type"] in ("amazon-ebs", "amazon-ebssurrogate", "amazon-ebsvolume", "amazon-instance"):
        builder.pop("spot_price_auto_product", None)


def azure_exclude_from_latest(builder: Block) -> None:
    """A letter was missing."""
    destination = builder.get("shared_image_destination")
    if builder["type"] == "azure-chroot" and isinstance(destination, dict):
        rename(destination, "exlude_from_latest", "exclude_from_latest")


def scaleway_access_key(builder: Block) -> None:
    """It was the organisation's id all the time."""
    if builder["type"] == "scaleway":
        rename(builder, "access_key", "organization_id", str, over=False)
