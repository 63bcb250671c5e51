"""EIPs (EIP v1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.handlers.reading import need, number
from imagesmith_simulator.huaweicloud.resources import Eip
from imagesmith_simulator.huaweicloud.routes import Call, operation
from imagesmith_simulator.huaweicloud.store import get


@operation(
    "eip",
    "CreatePublicip",
    "POST /v1/{project_id}/publicips",
    fields="publicip.type publicip.ip_version publicip.alias publicip.port_id bandwidth.name bandwidth.size "
    "bandwidth.charge_mode bandwidth.share_type enterprise_project_id",
)
def create(account: Account, call: Call) -> Any:
    """A new EIP with a bandwidth of its own."""
    given, bandwidth = need(call.body, "publicip", "VPC.0501"), need(call.body, "bandwidth", "VPC.0501")
    ip = account.store.machines.new_address("public")
    eip = Eip(
        id=account.store.new_id(),
        project_id=call.project_id,
        name=given.get("alias", ""),
        enterprise_project_id=call.body.get("enterprise_project_id", "0"),
        ip=ip,
        host=ip,
        kind=need(given, "type", "VPC.0501"),
        bandwidth_id=account.store.new_id(),
        bandwidth_name=bandwidth.get("name", ""),
        bandwidth_size=number(need(bandwidth, "size", "VPC.0501"), "size", "VPC.0501"),
        charge_mode=bandwidth.get("charge_mode", "bandwidth"),
    )
    account.addresses.create(eip)
    hidden = ("port_id", "private_ip_address", "bandwidth_id", "bandwidth_name")
    return {"publicip": {name: value for name, value in _eip(account, eip).items() if name not in hidden}}


@operation(
    "eip",
    "ListPublicips",
    "GET /v1/{project_id}/publicips",
    query="limit marker ip_version enterprise_project_id port_id public_ip_address private_ip_address id",
)
def list_all(account: Account, call: Call) -> Any:
    """The project's EIPs."""
    filters = {"id": "id", "public_ip_address": "host", "port_id": "port_id"}
    found = [
        eip
        for eip in account.store.listed(account.store.eips, call.project_id)
        if all(getattr(eip, own) == call.query[name] for name, own in filters.items() if name in call.query)
    ]
    return {"publicips": [_eip(account, eip) for eip in page(found, call.query)]}


@operation("eip", "ShowPublicip", "GET /v1/{project_id}/publicips/{publicip_id}")
def show(account: Account, call: Call) -> Any:
    """One EIP."""
    return {"publicip": _eip(account, account.addresses.get(call.path["publicip_id"], call.project_id))}


@operation(
    "eip",
    "UpdatePublicip",
    "PUT /v1/{project_id}/publicips/{publicip_id}",
    fields="publicip.port_id publicip.alias publicip.ip_version",
)
def update(account: Account, call: Call) -> Any:
    """Bind an EIP to an interface, or unbind it where no interface is named."""
    eip = account.addresses.get(call.path["publicip_id"], call.project_id)
    port_id = call.body.get("publicip", {}).get("port_id")
    if port_id:
        account.addresses.bind(eip, get(account.store.ports, port_id, call.project_id, "VPC.0301", "port"))
    else:
        account.addresses.unbind(eip)
    return {"publicip": _eip(account, eip)}


@operation("eip", "DeletePublicip", "DELETE /v1/{project_id}/publicips/{publicip_id}", status=204)
def delete(account: Account, call: Call) -> None:
    """Delete an EIP."""
    account.addresses.delete(call.path["publicip_id"], call.project_id)


def _eip(account: Account, eip: Eip) -> Mapping[str, Any]:
    port = account.store.ports.get(eip.port_id)
    return {
        "id": eip.id,
        "alias": eip.name or None,
        "status": eip.status,
        "type": eip.kind,
        "ip_version": 4,
        "public_ip_address": eip.host,
        "private_ip_address": port.ip if port else None,
        "port_id": eip.port_id or None,
        "bandwidth_id": eip.bandwidth_id,
        "bandwidth_name": eip.bandwidth_name,
        "bandwidth_size": eip.bandwidth_size,
        "bandwidth_share_type": "PER",
        "enterprise_project_id": eip.enterprise_project_id,
        "tenant_id": eip.project_id,
    }
