"""Address ranges for temporary subnets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from imagesmith.errors import UsageError


def free_subnet(within: str, taken: Iterable[str]) -> str:
    """The first range of 256 addresses (or the whole, if it is smaller) that overlaps none of the taken ones.

    Raises `UsageError` when there is none.
    """
    whole = ipaddress.ip_network(within, strict=False)
    used = [ipaddress.ip_network(cidr, strict=False) for cidr in taken]
    length = max(24, whole.prefixlen) if whole.version == 4 else whole.prefixlen
    for candidate in whole.subnets(new_prefix=length):
        if not any(candidate.overlaps(other) for other in used):
            return str(candidate)
    raise UsageError(f"the VPC's range {within} has no room for a temporary subnet", hint="name an existing one")


def is_range(text: str) -> bool:
    """Whether a text is an address range (172.16.0.0/16)."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
