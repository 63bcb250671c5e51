"""Where a machine listens, and what its firewall lets through."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from imagesmith.errors import UsageError
from imagesmith_simulator.machines.interface import Endpoint
from tests.simulator.machines.boxes import Box, execute

MakeBox = Callable[..., Box]


def test_an_address_refuses_until_the_guest_is_up(make_box: MakeBox) -> None:
    box = make_box()
    assert box.machine.listen(box.endpoint.host) == box.endpoint
    with pytest.raises(ConnectionRefusedError):
        box.connect()
    box.boot()
    assert box.answers()


def test_several_addresses_and_no_longer_one(make_box: MakeBox) -> None:
    box = make_box()
    second = box.machine.listen("127.80.0.2")
    box.boot()
    assert box.answers()
    third = box.machine.listen("127.80.0.3")
    for endpoint in (second, third):
        assert Box(box.machine, endpoint, box.key).run("echo here") == "here\n"
    box.machine.stop_listening("127.80.0.2")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((second.host, second.port), 2)
    assert box.answers()


def test_only_loopback_addresses_are_bound(make_box: MakeBox) -> None:
    box = make_box()
    for host in ("0.0.0.0", "192.0.2.1", "::1"):
        with pytest.raises(UsageError):
            box.machine.listen(host)


def test_an_endpoint_shows_its_port_only_when_it_is_not_22() -> None:
    assert str(Endpoint("127.1.2.3", 22)) == "127.1.2.3"
    assert str(Endpoint("127.1.2.3", 2222)) == "127.1.2.3:2222"


def test_what_the_firewall_refuses_is_dropped_like_packets(make_box: MakeBox) -> None:
    box = make_box()
    asked: list[tuple[str, int]] = []

    def refuse(peer: str, port: int) -> bool:
        asked.append((peer, port))
        return False

    box.machine.set_firewall(refuse)
    box.machine.boot()
    started = time.monotonic()
    while "END SSH HOST KEY KEYS" not in box.machine.console():
        assert time.monotonic() - started < 10
    threading.Event().wait(0.3)
    with pytest.raises(TimeoutError):
        box.connect(1.2)
    assert set(asked) == {("127.0.0.1", 22)}


def test_opening_the_firewall_lets_in_who_has_been_trying(make_box: MakeBox) -> None:
    box = make_box()
    box.boot()
    opened = threading.Event()
    box.machine.set_firewall(lambda *_: opened.is_set())
    threading.Event().wait(0.2)
    threading.Timer(0.3, opened.set).start()
    with box.connect(15) as sock:
        sock.settimeout(5)
        assert sock.recv(4) == b"SSH-"
    assert opened.is_set()


def test_a_rule_for_other_peers_and_connections_that_exist(make_box: MakeBox) -> None:
    box = make_box()
    box.boot()
    with box.transport() as transport:
        box.machine.set_firewall(lambda peer, _: peer == "127.0.0.9")
        threading.Event().wait(0.2)
        assert execute(transport, "echo still here")[1] == b"still here\n"
        with pytest.raises(TimeoutError):
            box.connect(1.2)
        box.machine.set_firewall(lambda peer, _: peer != "127.0.0.9")
        threading.Event().wait(0.2)
        with socket.socket() as other:
            other.bind(("127.0.0.9", 0))
            other.settimeout(0.7)
            other.connect((box.endpoint.host, box.endpoint.port))
            with pytest.raises(
                TimeoutError
            ):  # connected but silent: the packet could not be dropped for one peer alone
                other.recv(4)
