"""Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as Go's programs understand them."""

from __future__ import annotations

import ipaddress
import urllib.request
from urllib.parse import urlsplit


def proxies_for(url: str) -> dict[str, str]:
    """The proxies by scheme for this address and what it redirects to; none where NO_PROXY names its host."""
    proxies = urllib.request.getproxies()
    host = urlsplit(url).hostname or ""
    exempt = proxies.pop("no", "")
    if any(_in_network(host, entry.strip()) for entry in exempt.split(",")) or _is_loopback(host):
        return {}
    return proxies


def _in_network(host: str, entry: str) -> bool:
    """``10.0.0.0/8`` in NO_PROXY; names and single addresses are the standard library's business."""
    try:
        return "/" in entry and ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    """Go never asks a proxy for this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
