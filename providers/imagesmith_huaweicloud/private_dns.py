"""The private DNS servers of each region, which a temporary subnet gets so that intranet names resolve.

Source: the public list of private DNS servers; for a region that is not in it, public resolvers.
"""

from __future__ import annotations

from collections.abc import Mapping

_SERVERS: Mapping[str, str] = {
    "cn-north-1": "100.125.1.250 100.125.21.250",
    "cn-north-4": "100.125.1.250 100.125.129.250",
    "cn-north-9": "100.125.1.250 100.125.107.250",
    "cn-east-2": "100.125.17.29 100.125.135.29",
    "cn-east-3": "100.125.1.250 100.125.64.250",
    "cn-south-1": "100.125.1.250 100.125.136.29",
    "cn-south-4": "100.125.0.167",
    "cn-southwest-2": "100.125.1.250 100.125.129.250",
    "ap-southeast-1": "100.125.1.250 100.125.3.250",
    "ap-southeast-2": "100.125.1.250 100.125.1.251",
    "ap-southeast-3": "100.125.1.250 100.125.128.250",
    "af-south-1": "100.125.1.250 100.125.1.14",
    "tr-west-1": "100.125.2.250 100.125.2.251",
    "sa-brazil-1": "100.125.1.22 100.125.1.90",
    "na-mexico-1": "100.125.1.22 100.125.1.90",
    "la-north-2": "100.125.1.250 100.125.1.242",
    "la-south-2": "100.125.1.250 100.125.0.250",
    "sa-chile-1": "100.125.1.250 100.125.0.250",
    "eu-de": "100.125.4.25 100.125.129.199",
    "eu-nl": "100.125.4.25 100.125.129.199",
}
_PUBLIC = "8.8.8.8 114.114.114.114"


def servers_of(region: str) -> tuple[str, ...]:
    """The DNS servers for a subnet of a region."""
    return tuple(_SERVERS.get(region, _PUBLIC).split())
