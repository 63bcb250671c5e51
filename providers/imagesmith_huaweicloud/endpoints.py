"""Where the APIs of a region are.

Source: ``https://<service>.<region>.<domain>/``, which is what the endpoint tables of the Huawei Cloud SDK hold for
all regions but eu-west-101. A partner cloud has a domain of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from imagesmith.cloud_calls.endpoint import Endpoint, EndpointError, is_loopback

SERVICES = ("ecs", "ims", "vpc", "eip", "evs", "kps", "cbr", "iam", "obs", "csms")
"""The services that have an endpoint of their own."""

DOMAIN = "myhuaweicloud.com"
_EUROPEAN_DOMAIN = "myhuaweicloud.eu"
_NAMES: Mapping[str, str] = {"eip": "vpc", "csms": "kms"}
"""Services that are found under another's name."""


def domain_for(region: str, *, cloud: str = "", auth_url: str = "") -> str:
    """The cloud's domain: the given one, that of IAM's address, or Huawei's own for the region."""
    if cloud:
        return cloud
    if auth_url:
        return domain_of(auth_url)
    return _EUROPEAN_DOMAIN if region.startswith("eu-west-10") else DOMAIN


def domain_of(auth_url: str) -> str:
    """The domain behind IAM's address: of ``iam.eu-de.otc.t-systems.com`` it is ``otc.t-systems.com``.

    Source: the plugin drops one of three labels, two of more. Raises `EndpointError` for fewer.
    """
    host = urlsplit(auth_url if "://" in auth_url else f"//{auth_url}").hostname or ""
    if is_loopback(host):
        return host
    labels = host.split(".")
    if len(labels) < 3:
        raise EndpointError("Write it like https://iam.REGION.myhuaweicloud.com")
    return ".".join(labels[1:] if len(labels) == 3 else labels[2:])


def endpoint(service: str, region: str, domain: str) -> Endpoint:
    """The public endpoint of a service in a region; always HTTPS."""
    return Endpoint("https", f"{_NAMES.get(service, service)}.{region}.{domain}")
