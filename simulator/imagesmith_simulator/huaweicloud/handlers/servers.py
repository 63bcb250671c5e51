"""Servers (ECS v1, v1.1): made, listed, started, stopped, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account
from imagesmith_simulator.huaweicloud.errors import invalid
from imagesmith_simulator.huaweicloud.handlers import server_views as views
from imagesmith_simulator.huaweicloud.handlers.launching import FIELDS, launch_of
from imagesmith_simulator.huaweicloud.handlers.paging import page
from imagesmith_simulator.huaweicloud.handlers.reading import need, number
from imagesmith_simulator.huaweicloud.resources import Server
from imagesmith_simulator.huaweicloud.routes import Answer, Call, operation

_BAD = "Ecs.0005"
_SERVERS = "/v1/{project_id}/cloudservers"


@operation("ecs", "CreatePostPaidServers", f"POST {_SERVERS}", fields=FIELDS)
def create(account: Account, call: Call) -> Any:
    """Servers of which the ids are told at once; the job tells when they run."""
    launch = launch_of(call)
    if call.dry_run:
        account.servers.check(launch)
        return Answer(202)
    job, servers = account.servers.launch(launch)
    return {"job_id": job.id, "serverIds": [server.id for server in servers]}


@operation("ecs", "ShowServer", f"GET {_SERVERS}/{{server_id}}")
def show(account: Account, call: Call) -> Any:
    """One server."""
    return {"server": views.detail(account, account.servers.get(call.path["server_id"], call.project_id))}


@operation(
    "ecs",
    "ListCloudServers",
    "GET /v1.1/{project_id}/cloudservers/detail",
    query="id name status tags flavor_name image_id availability_zone availability_zone_eq key_name "
    "enterprise_project_id limit marker",
)
def list_cloud_servers(account: Account, call: Call) -> Any:
    """The project's servers, the newest first; a name is a part of it."""
    query = call.query
    wanted = {
        "id": query.get("id"),
        "flavor_id": query.get("flavor_name"),
        "image_id": query.get("image_id"),
        "availability_zone": query.get("availability_zone_eq") or query.get("availability_zone"),
        "key_name": query.get("key_name"),
    }
    found = [
        server
        for server in _listed(account, call)
        if all(value in (None, getattr(server, name)) for name, value in wanted.items())
    ]
    return {"servers": [views.short(account, server) for server in page(found, query, usual=25)], "servers_links": []}


@operation(
    "ecs",
    "ListServersDetails",
    f"GET {_SERVERS}/detail",
    query="enterprise_project_id flavor ip ip_eq limit marker name offset server_id status tags",
)
def list_details(account: Account, call: Call) -> Any:
    """The project's servers by pages of ``limit``; ``offset`` is the number of the page, from 1."""
    query = call.query
    found = [
        server
        for server in _listed(account, call)
        if query.get("flavor") in (None, server.flavor_id)
        and query.get("server_id") in (None, server.id)
        and query.get("ip_eq", query.get("ip")) in (None, *_ips(account, server))
    ]
    limit = number(query.get("limit", 25), "limit", _BAD)
    first = (max(1, number(query.get("offset", 1), "offset", _BAD)) - 1) * limit
    pages = page(found, query, usual=25) if "marker" in query else found[first : first + limit]
    return {"count": len(found), "servers": [views.detail(account, server) for server in pages]}


@operation(
    "ecs",
    "ListServersByTag",
    f"POST {_SERVERS}/resource_instances/action",
    fields="action limit offset tags[].key tags[].values[] not_tags[].key not_tags[].values[] matches[].key "
    "matches[].value",
    mutates=False,
)
def list_by_tag(account: Account, call: Call) -> Any:
    """The servers that have every one of the tags, with one of its values where some are given."""
    body = call.body
    found = [
        server
        for server in account.store.listed(account.store.servers, call.project_id)
        if all(_tagged(server, tag) for tag in body.get("tags") or ())
        and not any(_tagged(server, tag) for tag in body.get("not_tags") or ())
        and all(match.get("value", "") in server.name for match in body.get("matches") or ())
    ]
    if need(body, "action", _BAD) == "count":
        return {"total_count": len(found)}
    first = number(body.get("offset") or 0, "offset", _BAD)
    limit = number(body.get("limit") or 1000, "limit", _BAD)
    resources = [
        {
            "resource_id": server.id,
            "resource_name": server.name,
            "resource_detail": "",
            "tags": [{"key": key, "value": value} for key, value in server.tags.items()],
        }
        for server in found[first : first + limit]
    ]
    return {"resources": resources, "total_count": len(found)}


@operation("ecs", "DeleteServers", f"POST {_SERVERS}/delete", fields="servers[].id delete_publicip delete_volume")
def delete(account: Account, call: Call) -> Any:
    """Delete servers."""
    job = account.servers.delete(
        _ids(call.body),
        call.project_id,
        with_volumes=bool(call.body.get("delete_volume")),
        with_eip=bool(call.body.get("delete_publicip")),
    )
    return {"job_id": job.id}


@operation("ecs", "BatchStopServers", f"POST {_SERVERS}/action", fields="os-stop.servers[].id os-stop.type")
def stop(account: Account, call: Call) -> Any:
    """Stop servers: SOFT asks the guest, HARD cuts the power."""
    given = need(call.body, "os-stop", _BAD)
    return {"job_id": account.servers.stop(_ids(given), call.project_id, force=_hard(given)).id}


@operation("ecs", "BatchStartServers", f"POST {_SERVERS}/action", fields="os-start.servers[].id")
def start(account: Account, call: Call) -> Any:
    """Start servers."""
    return {"job_id": account.servers.start(_ids(need(call.body, "os-start", _BAD)), call.project_id).id}


@operation("ecs", "BatchRebootServers", f"POST {_SERVERS}/action", fields="reboot.servers[].id reboot.type")
def reboot(account: Account, call: Call) -> Any:
    """Restart servers."""
    given = need(call.body, "reboot", _BAD)
    return {"job_id": account.servers.reboot(_ids(given), call.project_id, force=_hard(given)).id}


def _listed(account: Account, call: Call) -> Sequence[Server]:
    query = call.query
    asked = [tag for tag in query.get("tags", "").split(",") if tag]
    return [
        server
        for server in account.store.listed(account.store.servers, call.project_id)
        if query.get("name", "") in server.name
        and query.get("status", server.status) == server.status
        and query.get("enterprise_project_id", server.enterprise_project_id)
        in (server.enterprise_project_id, "all_granted_eps")
        and all(tag in (*views.tags_of(server), *server.tags) for tag in asked)
    ]


def _ips(account: Account, server: Server) -> list[str]:
    ports = account.store.ports
    return [ports[identity].ip for identity in server.port_ids if identity in ports]


def _tagged(server: Server, tag: Mapping[str, Any]) -> bool:
    values = tag.get("values") or []
    key = need(tag, "key", _BAD)
    return key in server.tags and (not values or server.tags[key] in values)


def _ids(given: Mapping[str, Any]) -> list[str]:
    return [str(need(server, "id", _BAD)) for server in need(given, "servers", _BAD)]


def _hard(given: Mapping[str, Any]) -> bool:
    kind = given.get("type") or "SOFT"
    if kind not in ("SOFT", "HARD"):
        raise invalid(_BAD, "type", "type must be SOFT or HARD.")
    return bool(kind == "HARD")
