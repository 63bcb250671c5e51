"""The secrets of the ways into a machine: of Windows, of elevated scripts, of bastions and their keys."""

from __future__ import annotations

import getpass
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagesmith_simulator.alicloud import SimulatedAlicloud
from tests.builds.leaks import Watch, found, places_of, run_build, secrets
from tests.communicators.ssh.openssh import Sshd, make_key

SSHD = Path("/usr/sbin/sshd")
VARIABLES = 6
LOG_FORMATS = ("text", "json")


def windows_template(cloud: SimulatedAlicloud, password: str, variables: dict[str, str], folder: Path) -> Path:
    """Every variable is sensitive and goes to scripts of both kinds, elevated and not."""
    given = [f"{name}={{{{user `{name}`}}}}" for name in variables]
    builder = {
        "type": "alicloud-ecs",
        "region": "cn-hangzhou",
        "image_name": "secretive",
        "source_image": "win2008r2_64_ent_sp1_zh-cn_40G_alibase_20181220.vhd",
        "instance_type": "ecs.s6-c1m2.large",
        "communicator": "winrm",
        "winrm_username": "Administrator",
        "winrm_password": password,
        "user_data": "[powershell]\nwinrm quickconfig -quiet\n",
        "access_key": cloud.access_key,
        "secret_key": cloud.secret_key,
        "custom_endpoint_ecs": cloud.url,
        "custom_endpoint_vpc": cloud.url,
    }
    elevated = {"elevated_user": "Administrator", "elevated_password": "{{.WinRMPassword}}"}
    show = [f'Write-Output "$env:{name}"' for name in variables]
    provisioners: list[dict[str, Any]] = [
        {
            "type": "powershell",
            "environment_vars": [*given, "LOGIN={{build `Password`}}"],
            "inline": [*show, "echo $env:LOGIN"],
        },
        {"type": "powershell", "environment_vars": given, "inline": show, **elevated},
        {"type": "windows-shell", "environment_vars": given[:1], "inline": ["echo %V0%"]},
        {"type": "file", "content": "{{user `V1`}}", "destination": "C:/told.txt"},
        {"type": "powershell", "environment_vars": given, "inline": ["throw $env:V2"], "valid_exit_codes": [1]},
    ]
    values = {
        "variables": variables,
        "sensitive-variables": list(variables),
        "builders": [builder],
        "provisioners": provisioners,
        "post-processors": [{"type": "manifest"}],
    }
    path = folder / "t.json"
    path.write_text(json.dumps(values))
    return path


@pytest.mark.timeout(300)
@pytest.mark.parametrize("log_format", LOG_FORMATS)
def test_no_secret_of_windows_is_seen_anywhere(log_format: str, tmp_path: Path, state_dir: Path) -> None:
    begin = VARIABLES * LOG_FORMATS.index(log_format)
    chosen = [secret.replace("\n", " ") for secret in secrets()[begin : begin + VARIABLES]]
    variables = {f"V{number}": secret for number, secret in enumerate(chosen)}
    password = f"aA1,'\"$`&-{chosen[0].split('-')[1]}"
    with SimulatedAlicloud.start() as cloud, Watch() as watch:
        path = windows_template(cloud, password, variables, tmp_path)
        built = run_build(path, log_format)
        wrong = json.loads(path.read_text())
        wrong["builders"][0] |= {"winrm_timeout": "1s", "user_data": ""}
        path.write_text(json.dumps(wrong))
        failed = run_build(path, log_format)
    assert built.returncode == 0, built.stdout.decode() + built.stderr.decode()
    assert failed.returncode == 1
    places = places_of(tmp_path, state_dir, watch, built, failed)
    assert places["output"].count(b"<sensitive>") > 2 * VARIABLES
    assert found((*chosen, password), places) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("log_format", LOG_FORMATS)
def test_no_secret_of_a_bastion_is_seen_anywhere(log_format: str, tmp_path: Path, state_dir: Path) -> None:
    if not SSHD.exists():
        pytest.skip("sshd is not installed")
    words = [secret.replace("\n", " ") for secret in secrets()[20:24]]
    servers = [Sshd(tmp_path / name) for name in ("bastion", "guest")]
    for server, words_of_key in zip(servers, words, strict=False):
        key = make_key(server.folder / "user_key")
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", words_of_key, "-f", key], check=True)
        server.authorized.write_text((server.folder / "user_key.pub").read_text())
        server.start()
    bastion, guest = servers
    builder: dict[str, Any] = {
        "type": "null",
        "ssh_host": "127.0.0.1",
        "ssh_port": guest.port,
        "ssh_username": getpass.getuser(),
        "ssh_private_key_file": str(guest.folder / "user_key"),
        "ssh_private_key_passphrase": words[1],
        "ssh_bastion_host": f"127.0.0.1:{bastion.port}",
        "ssh_bastion_username": getpass.getuser(),
        "ssh_bastion_password": words[3],
        "ssh_bastion_private_key_file": str(bastion.folder / "user_key"),
        "ssh_bastion_private_key_passphrase": words[0],
        "ssh_timeout": "20s",
    }
    step = {"type": "shell", "inline": ["echo in", "echo '{{build `Password`}}' | wc -c", "sleep 0.3"]}
    path = tmp_path / "t.json"
    with Watch() as watch:
        path.write_text(json.dumps({"builders": [builder], "provisioners": [step]}))
        built = run_build(path, log_format)
        refused = {**builder, "ssh_bastion_private_key_passphrase": words[2], "ssh_timeout": "2s"}
        path.write_text(json.dumps({"builders": [refused]}))
        failed = run_build(path, log_format)
    keys = [line for server in servers for line in (server.folder / "user_key").read_text().splitlines()[1:-1]]
    for server in servers:
        server.stop()
    assert built.returncode == 0, built.stdout.decode() + built.stderr.decode()
    assert failed.returncode != 0
    places = places_of(tmp_path, state_dir, watch, built, failed)
    assert found((*words, *keys), places) == []
