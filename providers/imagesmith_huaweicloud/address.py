"""The address by which the instance is reached: a new EIP, one of the user's, or a private address."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from imagesmith.errors import Conflict, NotFound, WaitFailed
from imagesmith.interfaces import Address, Machine, ReservedAddress
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import ecs, eip, vpc

_AT_HAND = Patience(timeout_s=300.0, first_s=0.2, growth=1.5, longest_s=2.0)
_PAGE = 50
_TYPE = "5_bgp"
_MBITS = 10
_BROKEN = ("ERROR", "BIND_ERROR", "FREEZED", "NOTIFYING", "NOTIFY_DELETE")
_chance = random.SystemRandom()

Entry = Mapping[str, Any]


def reserve(context: Context) -> ReservedAddress:
    """Make the EIP, or check the user's; nothing where the private address is enough."""
    options = context.options
    if not options.wants_eip:
        return ReservedAddress()
    if options.floating_ip:
        return _given(context, options.floating_ip)
    if options.reuse_ips:
        return _reserved(_free(context, ()))
    return _new(context)


def reach(context: Context, machine: Machine, reserved: ReservedAddress) -> Address:
    """Bind the EIP to the instance's first interface, and return where to connect to."""
    interfaces = _interfaces(context, machine)
    public = _bind(context, str(interfaces[0]["port_id"]), reserved) if reserved.id else ""
    options = context.options
    if options.given_host:
        return Address.parse(options.given_host, "given")
    if options.ssh_interface == "public" and not public:
        text = 'ssh_interface = "public": the instance has no EIP'
        raise NotFound(text, hint="ask for one with eip_bandwidth_size, floating_ip or reuse_ips")
    if public and options.ssh_interface in ("", "public") and options.ssh_ip_version != "6":
        return Address.parse(public, "eip")
    return Address.parse(_private(context, interfaces), "private")


def show(context: Context, eip_id: str) -> Entry:
    """The EIP as the cloud sees it. Raises `NotFound`."""
    return dict(context.cloud.read(eip.ShowPublicipRequest(publicip_id=eip_id))["publicip"])


def listed(context: Context, **filters: Any) -> Iterator[Entry]:
    """The project's EIPs, page after page."""
    marker: str | None = None
    while True:
        request = eip.ListPublicipsRequest(limit=_PAGE, marker=marker, **filters)
        page: list[Entry] = list(context.cloud.read(request).get("publicips") or ())
        yield from page
        if len(page) < _PAGE:
            return
        marker = str(page[-1]["id"])


def unbind(context: Context, eip_id: str) -> None:
    """Take an EIP off whatever it is bound to."""
    request = eip.UpdatePublicipRequest(
        publicip_id=eip_id, body=eip.UpdatePublicipsRequestBody(publicip=eip.UpdatePublicipOption())
    )
    context.cloud.write(request)


def _new(context: Context) -> ReservedAddress:
    options = context.options
    bandwidth = eip.CreatePublicipBandwidthOption(
        name=context.name, size=options.eip_bandwidth_size or _MBITS, charge_mode="traffic", share_type="PER"
    )
    publicip = eip.CreatePublicipOption(type=options.eip_type or _TYPE, alias=context.name)
    body = eip.CreatePublicipRequestBody(
        publicip=publicip, bandwidth=bandwidth, enterprise_project_id=options.enterprise_project_id or None
    )
    request = eip.CreatePublicipRequest(body=body)
    made = context.own("eip", lambda _: str(context.cloud.write_once(request)["publicip"]["id"]), context.name)

    def probe() -> ReservedAddress | Pending:
        found = show(context, made)
        status = str(found.get("status"))
        if status in _BROKEN:
            raise WaitFailed(f"EIP {made} has ended as {status}", hint="run the build again; see the EIP console")
        return _reserved(found) if status in ("DOWN", "ACTIVE") else Pending(status)

    return context.run.wait_until(f"EIP {made}", probe, _AT_HAND)


def _reserved(found: Entry) -> ReservedAddress:
    return ReservedAddress(str(found["id"]), str(found.get("public_ip_address", "")))


def _given(context: Context, text: str) -> ReservedAddress:
    """The user's EIP by id or address, which must be free."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        found = _by_id(context, text)
    else:
        found = next(iter(listed(context, public_ip_address=[text])), None)
    if found is None:
        hint = "check floating_ip: the id or the address of an EIP of this project"
        raise NotFound(f'there is no EIP "{text}" in {context.cloud.region}', hint=hint)
    if not _is_free(found):
        state = f"{found.get('status')}" + (f", bound to the port {found['port_id']}" if found.get("port_id") else "")
        raise Conflict(f'the EIP "{text}" is {state}', hint="give one that is free")
    return _reserved(found)


def _by_id(context: Context, eip_id: str) -> Entry | None:
    try:
        return show(context, eip_id)
    except NotFound:
        return None


def _is_free(found: Entry) -> bool:
    return found.get("status") == "DOWN" and not found.get("port_id")


def _free(context: Context, tried: Sequence[str]) -> Entry:
    """One of the project's free EIPs, any of them: builds side by side shall not all take the same."""
    kind = context.options.eip_type
    found = [
        entry
        for entry in listed(context)
        if _is_free(entry) and entry["id"] not in tried and kind in ("", str(entry.get("type")))
    ]
    if not found:
        more = ", others were taken meanwhile" if tried else ""
        raise NotFound(f"there is no free EIP in {context.cloud.region}{more}", hint="leave reuse_ips out to make one")
    return _chance.choice(found)


def _bind(context: Context, port_id: str, reserved: ReservedAddress) -> str:
    """Bind it, or with ``reuse_ips`` another one where somebody else was faster; returns the address."""
    tried: list[str] = []
    while True:
        try:
            return _bind_one(context, port_id, reserved.id)
        except Conflict as error:
            if not context.options.reuse_ips:
                raise
            tried.append(reserved.id)
            context.run.say(f"the EIP {reserved.id} was taken by somebody else ({error.code})", "warning")
            reserved = _reserved(_free(context, tried))


def _bind_one(context: Context, port_id: str, eip_id: str) -> str:
    option = eip.UpdatePublicipOption(port_id=port_id)
    request = eip.UpdatePublicipRequest(publicip_id=eip_id, body=eip.UpdatePublicipsRequestBody(publicip=option))

    def make(_token: str) -> str:
        try:
            context.cloud.write(request)
        except Conflict:
            # A repeated call after a lost answer is refused when the first has done it.
            if show(context, eip_id).get("port_id") != port_id:
                raise
        return f"{eip_id}/{port_id}"

    if context.options.floating_ip or context.options.reuse_ips:
        context.own("binding", make, eip_id, port=port_id)
    else:
        make("")

    def probe() -> str | Pending:
        found = show(context, eip_id)
        if found.get("port_id") not in (port_id, None, ""):
            raise Conflict(f"the EIP {eip_id} is bound to another port, {found['port_id']}")
        if found.get("port_id") and found.get("status") == "ACTIVE":
            return str(found["public_ip_address"])
        return Pending(str(found.get("status")))

    return context.run.wait_until(f"EIP {eip_id}", probe, _AT_HAND)


def _interfaces(context: Context, machine: Machine) -> Sequence[Entry]:
    """The instance's network interfaces; they are listed a moment after it runs."""

    def probe() -> Sequence[Entry] | Pending:
        answer = context.cloud.read(ecs.ListServerInterfacesRequest(server_id=machine.id))
        found = [dict(entry) for entry in answer.get("interfaceAttachments") or ()]
        return found or Pending("without a network interface")

    return context.run.wait_until(f"network interface of {machine.id}", probe, _AT_HAND)


def _private(context: Context, interfaces: Sequence[Entry]) -> str:
    """The first private address, of the wanted network and IP version where the template names one."""
    options = context.options
    wanted = options.ssh_interface if options.ssh_interface not in ("", "public", "private") else ""
    version = options.ssh_ip_version
    for entry in interfaces:
        if wanted and not _is_in(context, entry, wanted):
            continue
        for fixed in entry.get("fixed_ips") or ():
            text = str(fixed.get("ip_address", ""))
            if text and version in ("", "6" if text.count(":") > 1 else "4"):
                return text
    networks = ", ".join(sorted({str(entry.get("net_id")) for entry in interfaces}))
    asked = f" of IP version {version}" if version else ""
    where = f' in the network "{wanted}"' if wanted else ""
    text = f"the instance has no private address{asked}{where}"
    raise NotFound(text, hint=f"its networks are {networks}; check ssh_interface and ssh_ip_version")


def _is_in(context: Context, entry: Entry, network: str) -> bool:
    """Whether an interface is in a network, by the id or the name of its subnet or the id of its VPC."""
    net_id = str(entry.get("net_id"))
    if network == net_id:
        return True
    subnet = context.cloud.read(vpc.ShowSubnetRequest(subnet_id=net_id))["subnet"]
    return network in (subnet.get("name"), subnet.get("vpc_id"))
