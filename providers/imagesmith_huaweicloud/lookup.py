"""Finding what a create without an answer has made. Read-only.

Instances carry their client token as a tag. What most other services make has no tag from the beginning: it is found by
its name, which nothing else has. Lists lag behind for a moment, so they are looked at several times before it is said
that something was never made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from imagesmith.errors import ImagesmithError, NotFound, WaitTimeout
from imagesmith.interfaces import Intent
from imagesmith.waiting import Patience, Pending
from imagesmith_huaweicloud import address, disks, image_jobs, login, network, security_groups
from imagesmith_huaweicloud.context import TOKEN_TAG, Context
from imagesmith_huaweicloud.sdk import ecs, evs

_LISTED_SOON = Patience(timeout_s=4.0, first_s=0.4, growth=1.5, longest_s=2.0)


def find(context: Context, intent: Intent) -> str | None:
    """The id of what an intent has made; None if it was never made."""
    there = context.at(intent.scope.get("region", ""))
    search = _SEARCHES.get(intent.kind)
    if search is None:
        raise ImagesmithError(f"a {intent.kind} can't be looked up here", hint="it comes from a newer imagesmith")

    def probe() -> str | Pending:
        return search(there, intent) or Pending("not listed")

    try:
        return context.run.wait_until(f"look-up of a {intent.kind}", probe, _LISTED_SOON)
    except WaitTimeout:
        return None


def _instance(context: Context, intent: Intent) -> str | None:
    tag = ecs.ServerTags(key=TOKEN_TAG, values=[intent.token])
    body = ecs.ListServersByTagRequestBody(action="filter", tags=[tag], limit="10", offset="0")
    answer = context.cloud.read(ecs.ListServersByTagRequest(body=body))
    return next((str(entry["resource_id"]) for entry in answer.get("resources") or ()), None)


def _key_pair(context: Context, intent: Intent) -> str | None:
    """The key pair of the name, if it holds the key that was to be imported: the name may be somebody else's."""
    try:
        found = context.cloud.read(ecs.NovaShowKeypairRequest(keypair_name=intent.name))["keypair"]
    except NotFound:
        return None
    return intent.name if login.digest(str(found.get("public_key", ""))) == intent.scope.get("key") else None


def _vpc(context: Context, intent: Intent) -> str | None:
    return _named(network.vpcs(context), intent)


def _subnet(context: Context, intent: Intent) -> str | None:
    return _named(network.subnets(context, intent.scope.get("vpc", "")), intent)


def _security_group(context: Context, intent: Intent) -> str | None:
    return _named(security_groups.listed(context), intent)


def _eip(context: Context, intent: Intent) -> str | None:
    named = [
        entry for entry in address.listed(context) if intent.name in (entry.get("alias"), entry.get("bandwidth_name"))
    ]
    return _another(named, intent)


def _volume(context: Context, intent: Intent) -> str | None:
    if not intent.name:
        return None  # a disk that the instance was made with, which its deletion sees to
    return _named(context.cloud.read(evs.ListVolumesRequest(name=intent.name)).get("volumes") or (), intent)


def _image_job(context: Context, intent: Intent) -> str | None:
    return image_jobs.find(context, intent)


def _attachment(context: Context, intent: Intent) -> str | None:
    server = intent.scope.get("server", "")
    try:
        attachments = disks.show(context, intent.name).get("attachments") or ()
    except NotFound:
        return None
    return f"{server}/{intent.name}" if any(entry.get("server_id") == server for entry in attachments) else None


def _binding(context: Context, intent: Intent) -> str | None:
    port = intent.scope.get("port", "")
    try:
        found = address.show(context, intent.name)
    except NotFound:
        return None
    return f"{intent.name}/{port}" if found.get("port_id") == port else None


def _named(entries: Iterable[Mapping[str, Any]], intent: Intent) -> str | None:
    return _another((entry for entry in entries if entry.get("name") == intent.name), intent)


def _another(entries: Iterable[Mapping[str, Any]], intent: Intent) -> str | None:
    return next((str(entry["id"]) for entry in entries if str(entry["id"]) not in intent.besides), None)


_SEARCHES: Mapping[str, Callable[[Context, Intent], str | None]] = {
    "instance": _instance,
    "key-pair": _key_pair,
    "vpc": _vpc,
    "subnet": _subnet,
    "security-group": _security_group,
    "eip": _eip,
    "volume": _volume,
    image_jobs.KIND: _image_job,
    "attachment": _attachment,
    "binding": _binding,
}
