"""Where the APIs of a region are.

Source: the endpoint tables of alibabacloud-ecs20140526 and -vpc20160428 (their regions that follow no rule).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Product = Literal["ecs", "vpc"]

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")

_SHARED = (
    "cn-north-2-gov-1 ap-northeast-2-pop cn-beijing-finance-pop cn-beijing-gov-1 cn-hangzhou-finance "
    "cn-hongkong-finance-pop cn-shanghai-inner cn-shenzhen-inner cn-wuhan cn-yushanfang cn-zhangbei rus-west-1-pop"
)
_AT_HANGZHOU = (
    "cn-shanghai-finance-1 cn-shenzhen-finance-1 cn-beijing-nu16-b01 cn-fujian cn-haidian-cm12-c01 cn-hangzhou-bj-b01 "
    "cn-hangzhou-internal-prod-1 cn-shanghai-et2-b01 cn-shenzhen-st4-d01 cn-shenzhen-su18-b01 cn-zhangbei-na61-b01"
)
_NEBULA = "cn-edge-1 cn-huhehaote-nebula-1 cn-zhengzhou-nebula-1"

_TABLES: Mapping[Product, Mapping[str, str]] = {
    "ecs": {
        "ecs.aliyuncs.com": _SHARED,
        "ecs-cn-hangzhou.aliyuncs.com": f"cn-hangzhou {_AT_HANGZHOU}",
        "ecs.cn-qingdao-nebula.aliyuncs.com": _NEBULA,
        "ecs.cn-zhangjiakou.aliyuncs.com": "cn-zhangjiakou-na62-a01",
        "ecs.cn-shenzhen-cloudstone.aliyuncs.com": "eu-west-1-oxs",
    },
    "vpc": {
        "vpc.aliyuncs.com": f"cn-hangzhou {_AT_HANGZHOU} {_SHARED}",
        "vpc-nebula.cn-qingdao-nebula.aliyuncs.com": f"{_NEBULA} cn-qingdao-nebula",
        "vpc.cn-zhangjiakou.aliyuncs.com": "cn-zhangjiakou-na62-a01",
        "vpc-nebula.cn-shenzhen-cloudstone.aliyuncs.com": "eu-west-1-oxs",
    },
}


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


def region_endpoint(product: Product, region: str) -> Endpoint:
    """The public endpoint of a product in a region; always HTTPS."""
    for host, regions in _TABLES[product].items():
        if region in regions.split():
            return Endpoint("https", host)
    return Endpoint("https", f"{product}.{region}.aliyuncs.com")


def vpc_twin(ecs: Endpoint, region: str) -> Endpoint:
    """The VPC endpoint that belongs to an ECS endpoint.

    Alibaba's own have names of their own, also inside a VPC (``ecs-vpc.`` and ``vpc-vpc.``); a compatible cloud or a
    gateway is taken to serve both at one address.
    """
    if not ecs.host.endswith(".aliyuncs.com"):
        return ecs
    if ecs.host.startswith("ecs-vpc."):
        return Endpoint(ecs.protocol, "vpc-vpc." + ecs.host.removeprefix("ecs-vpc."))
    return region_endpoint("vpc", region)


def parse_endpoint(text: str) -> Endpoint:
    """An endpoint as a user writes it. Without a scheme it is https, on loopback http.

    Raises `EndpointError` for anything else, and for plain http to another machine: every parameter of a call,
    passwords included, would travel in clear.
    """
    given = text.strip()
    parts = urlsplit(given if "://" in given else f"//{given}")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise EndpointError("The port must be a number below 65536") from None
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
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
