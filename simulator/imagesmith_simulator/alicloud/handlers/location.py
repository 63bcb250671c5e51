"""DescribeEndpoints of the location service, which old SDKs ask where a product is."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.actions import LOCATION, action
from imagesmith_simulator.alicloud.parameters import Parameters


@action(LOCATION, "DescribeEndpoints", accepts="Id ServiceCode Type", requires="Id ServiceCode", mutates=False)
def endpoints(account: Account, p: Parameters) -> dict[str, Any]:
    """Every product is here."""
    region, code = p.required("Id"), p.required("ServiceCode")
    here = {
        "Endpoint": account.endpoint,
        "Id": region,
        "Namespace": "",
        "SerivceCode": code,
        "Type": p.text("Type", "openAPI"),
        "Protocols": {"Protocols": ["HTTP"]},
    }
    return {"Success": True, "Endpoints": {"Endpoint": [here] if account.store.world.zones(region) else []}}
