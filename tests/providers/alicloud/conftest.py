"""A stub of the API on loopback for the tests of the SDK door, a caller that listens; builds on the simulated cloud."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from imagesmith.options import complete
from imagesmith.waiting import CancelToken
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud
from tests.providers.driver import Driver

Reply = tuple[int, Any]


@dataclass
class Call:
    """A request as it arrived."""

    action: str
    parameters: dict[str, str]
    headers: dict[str, str]
    path: str


@dataclass
class Stub:
    """Answers each action with its next scripted reply, the last one for ever; {} where none is scripted."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    replies: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def answer(self, action: str, *replies: Any) -> None:
        self.replies[action] = list(replies)

    def actions(self) -> list[str]:
        return [call.action for call in self.calls]

    def next_reply(self, action: str) -> Any:
        queue = self.replies[action]
        if not queue:
            return 200, {"RequestId": "R-0"}
        return queue.pop(0) if len(queue) > 1 else queue[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        stub: Stub = self.server.stub  # type: ignore[attr-defined]
        action = self.headers["x-acs-action"]
        self.rfile.read(int(self.headers.get("content-length") or 0))
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        stub.calls.append(Call(action, parameters, {k.lower(): v for k, v in self.headers.items()}, self.path))
        reply = stub.next_reply(action)
        if callable(reply):
            reply = reply()
        if reply == "cut":
            self.close_connection = True
            return
        status, body = reply
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., Stub]]:
    """Starts stubs; ``wrap`` may turn the server's socket into a TLS one."""
    servers: list[ThreadingHTTPServer] = []

    def start(wrap: Callable[[Any], Any] | None = None) -> Stub:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        if wrap:
            server.socket = wrap(server.socket)
        stub = Stub(f"{'https' if wrap else 'http'}://127.0.0.1:{server.server_port}")
        server.stub = stub  # type: ignore[attr-defined]
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return stub

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def stub(serve: Callable[..., Stub]) -> Stub:
    return serve()


class Listener:
    """Who makes the calls in these tests."""

    def __init__(self) -> None:
        self.cancel = CancelToken()
        self.said: list[str] = []

    def say(self, text: str, level: str = "info") -> None:
        self.said.append(text)

    def retries(self) -> list[str]:
        return [text for text in self.said if "trying again" in text]


@pytest.fixture
def caller() -> Listener:
    return Listener()


class AlicloudDriver(Driver):
    """Builds on the simulated Alibaba Cloud."""

    def options(self, **values: Any) -> AlicloudEcs:
        given = {
            "region": "cn-hangzhou",
            "image_name": "web",
            "instance_type": "ecs.g7.large",
            "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
            "ssh_username": "root",
        } | values
        attached: AlicloudEcs = self.simulated.attach(AlicloudEcs(**given))
        return complete(attached, {})


@pytest.fixture
def simulated() -> Iterator[SimulatedAlicloud]:
    with SimulatedAlicloud.start(machines="none") as cloud:
        yield cloud


@pytest.fixture
def driver(simulated: SimulatedAlicloud, tmp_path: Path) -> Iterator[AlicloudDriver]:
    made = AlicloudDriver(simulated, tmp_path)
    yield made
    made.close()
