"""A stub of the API on loopback for the tests of the SDK door, and a caller that listens."""

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

from imagesmith import events
from imagesmith.interfaces import Address, Artifact, Image, Login, Machine, Network
from imagesmith.ledger import Ledger
from imagesmith.lifecycle import Policy, Run, new_run_id
from imagesmith.options import complete
from imagesmith.waiting import CancelToken
from imagesmith_alicloud import AlicloudEcs
from imagesmith_alicloud.provider import AlicloudProvider
from imagesmith_simulator.alicloud import SimulatedAlicloud

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


# The simulated cloud, and a build driven against it with the real lifecycle.


class _SimulatedTime:
    def __init__(self, simulated: SimulatedAlicloud) -> None:
        self._simulated = simulated

    def now(self) -> float:
        return float(self._simulated.clock.now())

    def sleep(self, seconds: float, cancel: CancelToken) -> None:
        cancel.check()
        self._simulated.clock.advance(seconds)


class Driver:
    """Drives the provider through a build's steps as the page does, without a guest behind the instance."""

    def __init__(self, simulated: SimulatedAlicloud, state_dir: Path) -> None:
        self.simulated, self.state_dir = simulated, state_dir
        self.events: list[events.Event] = []
        self.ledgers: list[Ledger] = []

    def options(self, **values: Any) -> AlicloudEcs:
        given = {
            "region": "cn-hangzhou",
            "image_name": "web",
            "instance_type": "ecs.g7.large",
            "source_image": "aliyun_3_9_x64_20G_alibase_20231219.vhd",
            "ssh_username": "root",
        } | values
        return complete(self.simulated.attach(AlicloudEcs(**given)), {})

    def run(self, policy: Policy | None = None) -> Run:
        """A run whose waits move the simulated clock instead of taking time."""
        run_id = new_run_id()
        ledger = Ledger.create(self.state_dir, run_id)
        self.ledgers.append(ledger)
        return Run(
            run_id=run_id,
            build_name="test",
            ledger=ledger,
            on_event=self.events.append,
            cancel=CancelToken(),
            policy=policy or Policy(),
            clock=_SimulatedTime(self.simulated),
        )

    def open(self, policy: Policy | None = None, **values: Any) -> tuple[Run, AlicloudProvider]:
        run = self.run(policy)
        provider = AlicloudProvider.open(self.options(**values), run)
        run.provider = provider
        return run, provider

    def build(self, *, on_running: Any = None, policy: Policy | None = None, **values: Any) -> Built:
        run, cloud = self.open(policy, **values)
        with run:
            source = run.step("source image", cloud.source_image)
            login, network, reserved = run.together(
                run.later("login", cloud.login, source),
                run.later("network", cloud.network),
                run.later("public address", cloud.reserve_address),
            )
            machine = run.step("instance", cloud.launch, source, login, network)
            address = run.step("address", cloud.reach, machine, reserved)
            if login.password_later:
                login = run.step("password", cloud.password, machine, login)
            if on_running:
                on_running(cloud, machine)
            run.step("stop", cloud.stop, machine)
            image = run.step("image", cloud.capture, machine)
        artifact = run.step("publish", cloud.publish, image) if image else None
        return Built(run, cloud, login, network, machine, address, image, artifact)

    def actions(self) -> list[str]:
        return [call.action for call in self.simulated.calls()]

    def sent(self, action: str) -> list[dict[str, str]]:
        return [dict(call.parameters) for call in self.simulated.calls() if call.action == action]

    def said(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, events.Message))


@dataclass
class Built:
    """What a driven build ended with."""

    run: Run
    cloud: AlicloudProvider
    login: Login
    network: Network
    machine: Machine
    address: Address
    image: Image | None
    artifact: Artifact | None


@pytest.fixture
def simulated() -> Iterator[SimulatedAlicloud]:
    with SimulatedAlicloud.start(machines="none") as cloud:
        yield cloud


@pytest.fixture
def driver(simulated: SimulatedAlicloud, tmp_path: Path) -> Iterator[Driver]:
    made = Driver(simulated, tmp_path)
    yield made
    for ledger in made.ledgers:
        ledger.close()
