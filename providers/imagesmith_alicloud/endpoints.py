"""Where the APIs of a region are.

Source: the endpoint tables of alibabacloud-ecs20140526 and -vpc20160428 (their regions that follow no rule).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from imagesmith.cloud_calls.endpoint import Endpoint

Product = Literal["ecs", "vpc"]

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
