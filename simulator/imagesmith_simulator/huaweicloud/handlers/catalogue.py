"""What is sold where: zones and flavors (ECS)."""

from __future__ import annotations

from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.handlers.reading import number
from imagesmith_simulator.huaweicloud.routes import Call, operation
from imagesmith_simulator.huaweicloud.world import Flavor


@operation("ecs", "NovaListAvailabilityZones", "GET /v2.1/{project_id}/os-availability-zone")
def nova_zones(account: Account, call: Call) -> Any:
    """The zones of the project's region, and whether they are up."""
    down = account.store.world.unavailable
    return {
        "availabilityZoneInfo": [
            {"zoneName": zone, "zoneState": {"available": zone not in down}, "hosts": None}
            for zone in _zones(account, call)
        ]
    }


@operation("ecs", "ListServerAzInfo", "GET /v1/{project_id}/availability-zones")
def zones(account: Account, call: Call) -> Any:
    """The zones of the project's region that are up."""
    down = account.store.world.unavailable
    return {
        "availability_zones": [
            {"availability_zone_id": zone, "type": "Core", "mode": "shared", "category": 0, "alias": zone}
            for zone in _zones(account, call)
            if zone not in down
        ]
    }


@operation(
    "ecs", "ListFlavors", "GET /v1/{project_id}/cloudservers/flavors", query="availability_zone flavor_id limit marker"
)
def flavors(account: Account, call: Call) -> Any:
    """The flavors, and in which zones they are sold out."""
    world = account.store.world
    zone = call.query.get("availability_zone", "")
    found = [
        flavor
        for flavor in world.flavors.values()
        if call.query.get("flavor_id", flavor.id) == flavor.id and (not zone or zone in _zones(account, call))
    ]
    ids = [flavor.id for flavor in found]
    first = ids.index(call.query["marker"]) + 1 if call.query.get("marker") in ids else 0
    limit = number(call.query.get("limit", 1000), "limit", "Ecs.0005")
    return {"flavors": [_flavor(account, call, flavor) for flavor in found[first : first + limit]]}


@operation(
    "ecs",
    "ListFlavorSellPolicies",
    "GET /v1/{project_id}/cloudservers/flavor-sell-policies",
    query="flavor_id sell_status sell_mode availability_zone_id limit marker",
)
def sell_policies(account: Account, call: Call) -> Any:
    """Whether each flavor is to be had in each zone, in each mode of payment."""
    world, query = account.store.world, call.query
    rows: list[dict[str, Any]] = []
    for flavor in world.flavors.values():
        for zone in _zones(account, call):
            sold = "available" if world.sells(zone, flavor.id) else "sellout"
            for mode in ("postPaid", "spot"):
                row = {"flavor_id": flavor.id, "availability_zone_id": zone, "sell_status": sold, "sell_mode": mode}
                rows.append({"id": len(rows) + 1, **row})
    names = ("flavor_id", "sell_status", "sell_mode", "availability_zone_id")
    found = [row for row in rows if all(query.get(name, row[name]) == row[name] for name in names)]
    after = number(query.get("marker", 0), "marker", "Ecs.0005")
    limit = number(query.get("limit", 1000), "limit", "Ecs.0005")
    shown = [row for row in found if row["id"] > after][:limit]
    return {"sell_policies": shown, "count": len(shown)}


def _zones(account: Account, call: Call) -> tuple[str, ...]:
    return account.store.world.zones(account.store.regions[call.project_id])


def _flavor(account: Account, call: Call, flavor: Flavor) -> dict[str, Any]:
    world = account.store.world
    states = {zone: "normal" if world.sells(zone, flavor.id) else "sellout" for zone in _zones(account, call)}
    specs = {
        "ecs:performancetype": "normal",
        "ecs:generation": flavor.id.split(".")[0],
        "cond:operation:status": "normal",
        "cond:operation:az": ",".join(f"{zone}({state})" for zone, state in states.items()),
        "cond:spot:operation:status": "normal",
        "cond:spot:operation:az": ",".join(f"{zone}({state})" for zone, state in states.items()),
    }
    if flavor.is_arm:
        specs["ecs:instance_architecture"] = "arm64"
    return {
        "id": flavor.id,
        "name": flavor.id,
        "vcpus": str(flavor.vcpus),
        "ram": flavor.ram,
        "disk": "0",
        "swap": "",
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "rxtx_factor": 1.0,
        "os-flavor-access:is_public": True,
        "os_extra_specs": specs,
    }
