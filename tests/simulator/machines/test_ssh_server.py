"""The SSH server's finer points, seen by paramiko."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import paramiko
import pytest

from imagesmith_simulator.machines.sandbox.sshd.transport import ServerTransport
from tests.simulator.machines.boxes import Box, eventually, execute


def test_password_and_keyboard_interactive_logins(shared_box: Box) -> None:
    with shared_box.transport(password="let me in") as transport:
        assert execute(transport, "id -un")[1] == b"root\n"
    with pytest.raises(paramiko.AuthenticationException), shared_box.transport(password="wrong"):
        pass
    sock = shared_box.connect()
    transport = paramiko.Transport(sock)
    transport.start_client(timeout=10)
    transport.auth_interactive("root", lambda *_: ["let me in"])
    assert transport.is_authenticated()
    transport.close()
    transport.join(5)


def test_without_a_password_only_keys_are_offered(make_box: Callable[..., Box]) -> None:
    box = make_box()
    box.boot()
    transport = paramiko.Transport(box.connect())
    transport.start_client(timeout=10)
    with pytest.raises(paramiko.BadAuthenticationType) as refused:
        transport.auth_password("root", "")
    assert refused.value.allowed_types == ["publickey"]
    transport.close()
    transport.join(5)


def test_keys_are_read_at_each_login(shared_box: Box) -> None:
    path = "/root/.ssh/authorized_keys"
    with shared_box.transport() as transport:
        execute(transport, f"cp {path} /root/kept && echo '# none' > {path}")
        with pytest.raises(paramiko.AuthenticationException), shared_box.transport():
            pass
        execute(transport, f"sed 's/^/from=\"10.9.9.9\" /' /root/kept > {path}")
        with pytest.raises(paramiko.AuthenticationException), shared_box.transport():
            pass
        execute(transport, f"sed 's/^/no-pty,environment=\"A=b c\" /' /root/kept > {path}")
        with shared_box.transport():
            pass
        execute(transport, f"mv /root/kept {path}")


def _send_signal(channel: paramiko.Channel, name: str) -> None:
    message = paramiko.Message()
    message.add_byte(bytes([98]))
    message.add_int(channel.remote_chanid)
    message.add_string("signal")
    message.add_boolean(b=False)
    message.add_string(name)
    channel.get_transport()._send_user_message(message)  # type: ignore[attr-defined]


def test_signals_reach_the_process_group(shared_box: Box) -> None:
    with shared_box.transport() as transport:
        channel = transport.open_session()
        channel.settimeout(10)
        channel.exec_command("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.02; done")
        assert channel.recv(100) == b"ready\n"
        _send_signal(channel, "INT")
        assert channel.recv(100) == b"caught\n"
        assert channel.recv_exit_status() == 5
        channel = transport.open_session()
        channel.exec_command("sleep 321; :")
        assert eventually(lambda: b"sleep 321" in execute(transport, "ps ax")[1])
        _send_signal(channel, "KILL")
        assert eventually(lambda: execute(transport, "ps ax | grep -c '[s]leep 321'")[1] == b"0\n")


def test_a_lost_connection_ends_its_commands_but_not_what_was_detached(shared_box: Box) -> None:
    with shared_box.transport() as transport:
        execute(transport, "nohup setsid sleep 654 >/dev/null 2>&1 &")
        channel = transport.open_session()
        channel.exec_command("trap '' HUP; while :; do sleep 765; done")
        assert eventually(lambda: b"sleep 765" in execute(transport, "ps ax")[1])
    assert eventually(lambda: "sleep 765" not in shared_box.run("ps ax"))
    assert "sleep 654" in shared_box.run("ps ax; pkill sleep")


def test_a_terminal_has_the_size_and_modes_that_were_asked_for(shared_box: Box) -> None:
    with shared_box.transport() as transport:
        channel = transport.open_session()
        channel.settimeout(10)
        channel.get_pty("vt100", 100, 30)
        channel.exec_command("stty size; echo $TERM; read x; stty size; echo now; exec cat")
        text = b""
        while b"vt100" not in text:
            text += channel.recv(100)
        assert text.startswith(b"30 100\r\n")
        channel.resize_pty(120, 40)
        channel.sendall(b"\n")
        while b"now" not in text:
            text += channel.recv(100)
        assert b"40 120" in text
        threading.Event().wait(0.1)
        channel.sendall(b"\x03")
        assert channel.recv_exit_status() == -1  # interrupted, by a signal


def test_sftp_subsystem(shared_box: Box) -> None:
    with shared_box.transport() as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        with sftp.open("/tmp/by-sftp", "w") as file:
            file.write("text")
        sftp.chmod("/tmp/by-sftp", 0o640)
        assert sftp.stat("/tmp/by-sftp").st_mode == 0o100640
        with pytest.raises(FileNotFoundError):
            sftp.stat("/nothing")
        sftp.close()


def test_a_host_without_an_sftp_server_is_served_by_our_own(make_box: Callable[..., Box]) -> None:
    box = make_box()
    box.boot()
    box.run("rm -f /usr/lib/openssh/sftp-server /usr/lib*/ssh/sftp-server /usr/libexec/openssh/sftp-server")
    with box.transport() as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        data = os.urandom(300_000)
        with sftp.open("/tmp/file", "wb") as file:
            file.write(data)
        sftp.rename("/tmp/file", "/tmp/moved")
        sftp.chmod("/tmp/moved", 0o600)
        sftp.mkdir("/tmp/folder")
        sftp.symlink("moved", "/tmp/link")
        with sftp.open("/tmp/link", "rb") as file:
            assert file.read() == data
        assert {"moved", "folder", "link"} <= set(sftp.listdir("/tmp"))
        assert sftp.readlink("/tmp/link") == "moved"
        with pytest.raises(FileNotFoundError):
            sftp.remove("/tmp/file")
        sftp.close()


def _send_zeros(channel: paramiko.Channel, count: int) -> None:
    channel.sendall(bytes(count))
    channel.shutdown_write()


def test_a_reader_that_stops_does_not_stop_others(shared_box: Box) -> None:
    with shared_box.transport() as transport:
        slow = transport.open_session()
        slow.exec_command("head -c 30000000 /dev/zero")
        fed = transport.open_session()
        fed.exec_command("sleep 1; wc -c")
        sender = threading.Thread(target=_send_zeros, args=(fed, 12_000_000))
        sender.start()
        assert execute(transport, "echo quick")[1] == b"quick\n"
        received = 0
        while data := slow.recv(1_000_000):
            received += len(data)
        assert received == 30_000_000
        sender.join(20)
        assert fed.recv(100).strip() == b"12000000"


def test_data_survives_a_change_of_keys(shared_box: Box) -> None:
    with shared_box.transport() as transport:
        channel = transport.open_session()
        channel.settimeout(20)
        channel.exec_command("sha256sum")
        for _ in range(3):
            channel.sendall(bytes(4_000_000))
            transport.renegotiate_keys()
        channel.shutdown_write()
        zeros = execute(transport, "head -c 12000000 /dev/zero | sha256sum")[1]
        assert channel.recv(200) == zeros


def test_the_private_parts_of_paramiko_that_the_server_uses_are_there() -> None:
    for name in ("_active_check_timeout", "_channel_handler_table", "_key_info", "_preferred_pubkeys"):
        assert name in vars(paramiko.Transport)
        assert getattr(ServerTransport, name) != getattr(paramiko.Transport, name)
    for name in ("_handle_request", "_handle_eof", "_handle_close", "_check_add_window"):
        assert callable(getattr(paramiko.Channel, name))
    assert callable(paramiko.Transport._queue_incoming_channel)  # type: ignore[attr-defined]
