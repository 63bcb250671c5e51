"""A server that answers as Consul's documented HTTP API does for reading one key: no package has the real one.

Source: ``GET /v1/kv/:key``: 200 with a list of one entry whose value is in base64 (null where it is empty), 404 without
a body, 403 for a token without the right; the index is a header; namespaces and partitions come as headers too.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote

from imagesmith_simulator.server import LoopbackServer, Reply, Request

TOKEN = "b1gs33cr3t-0000-consul"
VALUES: Mapping[tuple[str, str], bytes] = {
    ("", "app/password"): b"from consul",
    ("", "with blank & more"): "Grüße\nzwei".encode(),
    ("", "empty"): b"",
    ("", "bytes"): b"\xff\xfe",
    ("team", "app/password"): b"of the team",
}


def _answer(request: Request) -> Reply:
    index = {"X-Consul-Index": "7"}
    if request.headers.get("x-consul-token") != TOKEN:
        return Reply(403, b"Permission denied: token with AccessorID 'x' lacks permission", index)
    key = unquote(request.path.removeprefix("/v1/kv/"))
    namespace = request.headers.get("x-consul-namespace", "")
    value = VALUES.get((namespace, key))
    if value is None:
        return Reply(404, b"", index)
    entry = {"LockIndex": 0, "Key": key, "Flags": 0, "CreateIndex": 7, "ModifyIndex": 7}
    encoded = base64.b64encode(value).decode() if value else None
    return Reply.json([{**entry, "Value": encoded}], headers=index)


@contextmanager
def running(*first: Reply) -> Iterator[dict[str, str]]:
    """A server that gives the ``first`` answers and then the right ones; what a user sets to ask it."""
    waiting = list(first)
    server = LoopbackServer(lambda request: waiting.pop(0) if waiting else _answer(request))
    try:
        yield {"CONSUL_HTTP_ADDR": server.url.removeprefix("http://"), "CONSUL_HTTP_TOKEN": TOKEN}
    finally:
        server.close()
    assert not waiting
