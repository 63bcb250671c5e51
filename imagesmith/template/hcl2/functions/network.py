"""Functions of IP network prefixes."""

from __future__ import annotations

import ipaddress

from imagesmith.template.hcl2.cty import NUMBER, STRING, ListOf, Number, Value, list_of, string
from imagesmith.template.hcl2.functions.registry import FunctionProblem, function

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@function("cidrhost(prefix, number)", STRING, NUMBER, returns=STRING)
def cidrhost(prefix: str, host: Number) -> str:
    """The address of a host in the network; negative numbers count from its end."""
    network = _network(prefix)
    position = _whole(host, 1)
    if not -(1 << 63) <= position < 1 << 63 or not -network.num_addresses <= position < network.num_addresses:
        raise FunctionProblem(f"the network has no host number {position}", 1)
    return str(network[position])


@function("cidrnetmask(prefix)", STRING, returns=STRING)
def cidrnetmask(prefix: str) -> str:
    """The netmask."""
    return str(_network(prefix).netmask)


@function("cidrsubnet(prefix, bits, number)", STRING, NUMBER, NUMBER, returns=STRING)
def cidrsubnet(prefix: str, bits: Number, number: Number) -> str:
    """A subnet whose prefix is longer by so many bits."""
    network = _network(prefix)
    longer, position = _longer(network, bits, 1), _whole(number, 2)
    extra = longer - network.prefixlen
    if not 0 <= position < 1 << extra:
        raise FunctionProblem(f"{extra} bits have no subnet number {position}", 2)
    return str(_subnet(network, longer, int(network.network_address) + (position << (network.max_prefixlen - longer))))


@function("cidrsubnets(prefix, bits, …)", STRING, rest=NUMBER, returns=ListOf(STRING))
def cidrsubnets(prefix: str, *bits: Number) -> Value:
    """Consecutive subnets, each with its own number of further bits."""
    network = _network(prefix)
    end = int(network.network_address) + network.num_addresses
    at, found = int(network.network_address), []
    for position, extra in enumerate(bits, start=1):
        longer = _longer(network, extra, position)
        if longer == network.prefixlen:
            raise FunctionProblem("a subnet needs one more bit at least", position)
        size = 1 << (network.max_prefixlen - longer)
        at = -(-at // size) * size
        if at + size > end:
            raise FunctionProblem("there is no room left for this subnet", position)
        found.append(string(str(_subnet(network, longer, at))))
        at += size
    return list_of(STRING, found)


def _network(prefix: str) -> _Network:
    address, _, length = prefix.partition("/")
    # Python also takes a netmask for the length, and an address with a zone.
    foreign = not length.isascii() or not length.isdecimal() or "%" in address
    try:
        return ipaddress.ip_network("" if foreign else prefix, strict=False)
    except ValueError:
        raise FunctionProblem(f'"{prefix}" is not a network prefix such as 10.0.0.0/8', 0) from None


def _subnet(network: _Network, length: int, address: int) -> _Network:
    kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    return ipaddress.ip_network((kind(address), length))


def _whole(value: Number, position: int) -> int:
    if not isinstance(value, int):
        raise FunctionProblem("a whole number is wanted", position)
    return value


def _longer(network: _Network, bits: Number, position: int) -> int:
    extra = _whole(bits, position)
    most = min(32, network.max_prefixlen - network.prefixlen)
    if not 0 <= extra <= most:
        raise FunctionProblem(f"the prefix can be longer by 0 to {most} bits", position)
    return network.prefixlen + extra
