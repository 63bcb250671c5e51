"""Playbooks on simulated instances: roles, a vault file, a template that uses facts; a second run changes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith import Build, RunSettings, Shell, events
from imagesmith.options import Options
from imagesmith.provisioners.ansible import Ansible
from imagesmith_alicloud import AlicloudEcs
from imagesmith_simulator.alicloud import SimulatedAlicloud
from tests.builds.leaks import Watch, found, secrets

PROGRAMS = Path(sys.executable).parent
VAULT_PASSWORD = "vault-passwort-4711"
SECRET = "geheimnis-aus-dem-tresor"

PLAYBOOK = """
- hosts: webservers
  vars_files: [secrets.yml]
  roles: [motd]
  tasks:
    - name: the secret
      copy: {content: "{{ token }} {{ packer_build_name }}\\n", dest: /etc/token, mode: "0600"}
    - name: who else uses the computer
      shell: cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\\\0' ' ' > /root/arguments; cat /proc/mounts > /root/mounts
      args: {creates: /root/arguments}
"""
TASKS = """
- template: {src: motd.j2, dest: /etc/motd}
  notify: tell
- file: {path: /srv/data, state: directory, mode: "0750"}
"""
TEMPLATE = (
    "{{ ansible_facts['system'] }} {{ ansible_facts['hostname'] | length > 0 }} {{ greeting }} {{ group_names }}\n"
)


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (PROGRAMS / "ansible-playbook").exists():
        pytest.skip("ansible-core is not installed")
    monkeypatch.setenv("PATH", f"{PROGRAMS}:{os.environ['PATH']}")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A playbook with a role and a vault file."""
    folder = tmp_path / "site"
    (folder / "roles" / "motd" / "tasks").mkdir(parents=True)
    (folder / "roles" / "motd" / "templates").mkdir()
    (folder / "roles" / "motd" / "handlers").mkdir()
    (folder / "roles" / "motd" / "defaults").mkdir()
    (folder / "roles" / "motd" / "tasks" / "main.yml").write_text(TASKS)
    (folder / "roles" / "motd" / "templates" / "motd.j2").write_text(TEMPLATE)
    (folder / "roles" / "motd" / "defaults" / "main.yml").write_text("greeting: hello\n")
    (folder / "roles" / "motd" / "handlers" / "main.yml").write_text("- name: tell\n  debug: {msg: the motd is new}\n")
    (folder / "site.yml").write_text(PLAYBOOK)
    (folder / "secrets.yml").write_text(f"token: {SECRET}\n")
    (tmp_path / "password").write_text(VAULT_PASSWORD)
    encrypt = [f"{PROGRAMS}/ansible-vault", "encrypt", "--vault-password-file", f"{tmp_path}/password"]
    subprocess.run([*encrypt, f"{folder}/secrets.yml"], check=True, capture_output=True)
    assert SECRET not in (folder / "secrets.yml").read_text()
    return folder


@pytest.fixture
def cloud() -> Iterator[SimulatedAlicloud]:
    with SimulatedAlicloud.start() as simulated:
        yield simulated


class Builder:
    """Builds on one cloud and keeps everything that is told."""

    def __init__(self, cloud: SimulatedAlicloud) -> None:
        self.cloud = cloud
        self.lines: list[str] = []
        self.told: list[str] = []

    def note(self, event: events.Event) -> None:
        self.told.append(repr(event))
        if isinstance(event, events.Output):
            self.lines.append(event.line)

    def build(self, *provisioners: Options, **options: Any) -> None:
        source = AlicloudEcs(
            region="cn-hangzhou",
            image_name="made",
            source_image="aliyun_3_9_x64_20G_alibase_20231219.vhd",
            instance_type="ecs.s6-c1m2.large",
            ssh_username="root",
            **options,
        )
        settings = RunSettings(simulate=True, clouds={"alicloud": self.cloud})
        Build(source=source, name="web", provisioners=provisioners, settings=settings).run(on_event=self.note)

    def recaps(self) -> list[dict[str, int]]:
        """The last line of each playbook's output."""
        found = [line for line in self.lines if re.search(r"\bok=\d+", line)]
        return [{name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line)} for line in found]


def test_a_playbook_with_roles_and_a_vault_provisions_an_instance_and_changes_nothing_the_second_time(
    cloud: SimulatedAlicloud, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    builder = Builder(cloud)
    play = Ansible(playbook_file=str(site / "site.yml"), groups=["webservers"], vault_password=VAULT_PASSWORD)
    look = ["cat /etc/motd /etc/token", "stat -c %a /srv/data /etc/token", "cat /root/arguments"]
    builder.build(play, play, Shell(inline=look))
    first, second = builder.recaps()
    assert (first["changed"], first["failed"], first["unreachable"]) == (4, 0, 0)
    assert (second["changed"], second["ok"], second["failed"]) == (0, 5, 0)
    text = "\n".join(builder.lines)
    assert "Linux True hello ['webservers']" in text
    assert f"{SECRET} web" in text
    assert builder.lines[builder.lines.index("750") + 1] == "600"
    assert VAULT_PASSWORD not in "\n".join(builder.told)
    assert not list(tmp_path.glob("imagesmith-ansible-*"))


def test_a_login_by_password_needs_no_sshpass(cloud: SimulatedAlicloud, tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n  - raw: id -un\n    register: me\n"
        "  - debug: {var: me.stdout_lines}\n"
    )
    builder = Builder(cloud)
    builder.build(Ansible(playbook_file=str(tmp_path / "p.yml")), ssh_password="Passwort-4711")
    assert builder.recaps()[0]["failed"] == 0
    assert any('"root"' in line for line in builder.lines)
    assert "Passwort-4711" not in "\n".join(builder.told)


@pytest.mark.parametrize("number", range(3))
def test_no_secret_of_ansibles_is_seen_anywhere(
    cloud: SimulatedAlicloud, site: Path, state_dir: Path, tmp_path: Path, number: int
) -> None:
    vault, variable, environment = (one.replace("\n", " ") for one in secrets()[number * 3 : number * 3 + 3])
    password = f"aA1,'\"$`&-{number}4711"
    (site / "secrets.yml").unlink()
    show = "- hosts: all\n  gather_facts: false\n  tasks:\n"
    show += "  - debug: {msg: \"{{ api_password }} {{ lookup('env', 'MY_SECRET') }}\"}\n  - raw: sleep 0.3\n"
    (site / "site.yml").write_text(show)
    play = Ansible(
        playbook_file=str(site / "site.yml"),
        vault_password=vault,
        extra_arguments=["-vvv", "-e", json.dumps({"api_password": variable})],
        ansible_env_vars=[f"MY_SECRET={environment}"],
    )
    builder = Builder(cloud)
    with Watch() as watch:
        builder.build(play, ssh_password=password)
    assert any("<sensitive> <sensitive>" in line for line in builder.lines)
    told = "\n".join(builder.told).encode()
    seen = {"command line": b"\n".join(watch.seen), "event": told}
    seen |= {str(path): path.read_bytes() for path in state_dir.rglob("*") if path.is_file()}
    assert b"ansible-playbook" in seen["command line"]
    assert found((vault, variable, environment, password), seen) == []
