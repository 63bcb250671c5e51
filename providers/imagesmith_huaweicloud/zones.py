"""The flavor, and the zones that sell it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith.errors import NotFound, OutOfStock
from imagesmith_huaweicloud.context import Context
from imagesmith_huaweicloud.sdk import ecs

_SOLD = ("normal", "promotion", "obt", "")
"""States in which a flavor is sold; the others are sellout, abandon and obt_sellout."""
_chance = random.SystemRandom()


def zones_in_order(context: Context) -> Sequence[str]:
    """The zones to try, all of which sell the flavor as far as is told; only the template's where it names one.

    Raises `NotFound` for a zone or a flavor that does not exist, and `OutOfStock` when all of them are sold out.
    """
    flavor, zones = context.run.together(lambda: _flavor(context), lambda: _available(context))
    wanted = context.options.availability_zone
    if wanted and wanted not in zones:
        text = f'there is no zone "{wanted}" in {context.cloud.region}, or it is not available'
        raise NotFound(text, hint=f"zones are {', '.join(zones)}")
    selling = [zone for zone in ([wanted] if wanted else zones) if _state_in(flavor, zone) in _SOLD]
    if not selling:
        where = f"the zone {wanted}" if wanted else f"no zone of {context.cloud.region}"
        text = f'{where} {"does not sell" if wanted else "sells"} the flavor "{context.options.flavor}" now'
        raise OutOfStock(text, hint="take another availability_zone, flavor or region")
    return _chance.sample(selling, len(selling))


def _available(context: Context) -> list[str]:
    answer = context.cloud.read(ecs.NovaListAvailabilityZonesRequest())
    found = [
        str(zone["zoneName"])
        for zone in answer.get("availabilityZoneInfo") or ()
        if (zone.get("zoneState") or {}).get("available")
    ]
    if not found:
        raise NotFound(f"{context.cloud.region} has no zone that is available", hint="check region")
    return sorted(found)


def _flavor(context: Context) -> Mapping[str, Any]:
    wanted = context.options.flavor
    answer = context.cloud.read(ecs.ListFlavorsRequest())
    for flavor in answer.get("flavors") or ():
        if wanted in (flavor.get("id"), flavor.get("name")):
            return dict(flavor)
    raise NotFound(
        f'there is no flavor "{wanted}" in {context.cloud.region}', hint="check flavor; it is written like s6.large.2"
    )


def _state_in(flavor: Mapping[str, Any], zone: str) -> str:
    """Its state in a zone: ``cond:operation:az`` has some zones, ``cond:operation:status`` stands for the others."""
    specs = flavor.get("os_extra_specs") or {}
    by_zone = dict(re.findall(r"([\w.-]+)\((\w+)\)", str(specs.get("cond:operation:az", ""))))
    return str(by_zone.get(zone, specs.get("cond:operation:status", "")))
