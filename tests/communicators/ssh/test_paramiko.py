"""What the communicator takes for granted about paramiko, and about being cheap to import."""

from __future__ import annotations

import subprocess
import sys

import paramiko
from paramiko.agent import AgentSSH
from paramiko.packet import Packetizer

from imagesmith.communicator import CommunicatorOptions
from imagesmith.ssh_settings import CIPHERS
from imagesmith_ssh.packets import SwiftPacketizer
from tests.communicators.ssh.openssh import MakeSshd, Opener, Sshd
from tests.effects import shows


def test_importing_the_communicator_loads_no_paramiko() -> None:
    code = "import sys, imagesmith_ssh; sys.exit(any(m.startswith(('paramiko', 'cryptography')) for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unpublished_parts_of_paramiko_that_are_used_exist() -> None:
    for name in (
        "_channel_handler_table",
        "_kex_info",
        "_parse_channel_open_failure",
        "_preferred_kex",
        "_send_message",
        "_send_user_message",
        "_set_forward_agent_handler",
    ):
        assert hasattr(paramiko.Transport, name)
    for name in ("_handle_request", "_event_pending"):
        assert hasattr(paramiko.Channel, name)
    assert hasattr(Packetizer, "_trigger_rekey")
    assert hasattr(AgentSSH, "_connect")
    assert Packetizer.REKEY_BYTES < SwiftPacketizer.REKEY_BYTES


def test_preferred_ciphers_are_known_to_paramiko_and_sent_the_swift_way(sshd: Sshd, opener: Opener) -> None:
    transport = opener(sshd.port).remote.transport()
    packetizer = transport.packetizer
    assert isinstance(packetizer, SwiftPacketizer)
    assert packetizer.swift
    assert transport.get_security_options().ciphers[: len(CIPHERS)] == CIPHERS


@shows(CommunicatorOptions, "ssh_keep_alive_interval")
def test_idle_connection_hardly_ever_wakes_up(sshd: Sshd, opener: Opener) -> None:
    assert opener(sshd.port).remote.transport().wire.gettimeout() == 5.0
    assert opener(sshd.port, ssh_keep_alive_interval=2.0).remote.transport().wire.gettimeout() == 2.0


def test_rekeying_asked_for_by_this_side_works(sshd: Sshd, opener: Opener, make_sshd: MakeSshd) -> None:
    remote = opener(sshd.port).remote
    remote.transport().packetizer.REKEY_BYTES = 200_000
    before = remote.transport().H
    assert remote.run("cat | wc -c", stdin=bytes(3_000_000)).stdout.strip() == "3000000"
    assert before != remote.transport().H
