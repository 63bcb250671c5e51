"""Proxies that others have written: microsocks (SOCKS5) and tinyproxy (HTTP CONNECT)."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.communicators.ssh.openssh import free_port


@contextlib.contextmanager
def microsocks(user: str = "", password: str = "") -> Iterator[int]:
    """A SOCKS5 proxy; yields its port."""
    if not shutil.which("microsocks"):
        pytest.skip("microsocks is not installed")
    port = free_port()
    login = ["-u", user, "-P", password] if user else []
    with _running(["microsocks", "-i", "127.0.0.1", "-p", str(port), *login], port):
        yield port


@contextlib.contextmanager
def tinyproxy(folder: Path, *rules: str) -> Iterator[int]:
    """An HTTP proxy with further lines of its configuration; yields its port. Its log is ``folder/log``."""
    if not shutil.which("tinyproxy"):
        pytest.skip("tinyproxy is not installed")
    port = free_port()
    lines = [f"Port {port}", "Listen 127.0.0.1", f'LogFile "{folder}/log"', "LogLevel Connect", "Timeout 60", *rules]
    (folder / "config").write_text("\n".join(lines) + "\n")
    with _running(["tinyproxy", "-d", "-c", str(folder / "config")], port):
        yield port


@contextlib.contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await(port)
            yield
        finally:
            process.kill()


def _await(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.02)
    raise AssertionError(port)
