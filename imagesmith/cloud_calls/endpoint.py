"""Where an API is: a scheme and a host, as users write it and as requests need it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class EndpointError(ValueError):
    """The text is not an endpoint; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``protocol`` is http or https; ``host`` carries a port where it is not the protocol's own."""

    protocol: Literal["http", "https"]
    host: str

    def __str__(self) -> str:
        return f"{self.protocol}://{self.host}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, where no proxy is ever asked."""
        return is_loopback(urlsplit(str(self)).hostname or "")


def parse_endpoint(text: str, *, path_allowed: bool = False) -> Endpoint:
    """An endpoint as a user writes it. Without a scheme it is https, on loopback http.

    ``path_allowed``: a path is passed over instead of being refused.

    Raises `EndpointError` for anything else, and for plain http to another machine: every parameter of a call,
    passwords included, would travel in clear.
    """
    given = text.strip()
    parts = urlsplit(given if "://" in given else f"//{given}")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise EndpointError("The port must be a number below 65536") from None
    has_path = parts.path not in ("", "/") and not path_allowed
    if has_path or parts.query or parts.fragment or parts.username:
        raise EndpointError("Write only host, host:port or scheme://host:port")
    if not _HOST.fullmatch(host) and not is_loopback(host):
        raise EndpointError("Write host, host:port or a full URL such as https://ecs.example.com")
    if parts.scheme not in ("", "http", "https"):
        raise EndpointError("Only http:// and https:// are known")
    if parts.scheme == "http" and not is_loopback(host):
        raise EndpointError("Plain http is for loopback only: secrets would travel in clear. Write https://")
    shown = f"[{host}]" if ":" in host else host
    protocol: Literal["http", "https"] = "https"
    if parts.scheme == "http" or (not parts.scheme and is_loopback(host)):
        protocol = "http"
    return Endpoint(protocol, f"{shown}:{port}" if port else shown)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
