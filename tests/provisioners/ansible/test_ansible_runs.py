"""Real ansible over real SSH: what others can see, bastions, host keys, cancelling."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from imagesmith.errors import Cancelled, ProvisionError
from imagesmith.plan import GivenOptions, PlannedProvisioner
from imagesmith.provisioners.ansible import Ansible
from imagesmith.provisioners.running import run_provisioner
from tests.communicators.ssh.openssh import USER, Sshd
from tests.provisioners.ansible.guest import Guest, run
from tests.provisioners.local_remote import Scene

pytestmark = pytest.mark.usefixtures("ansible")

SCAN = """
- hosts: all
  gather_facts: false
  vars_files: [vault.yml]
  tasks:
    - command: sh {{ playbook_dir }}/scan.sh
      delegate_to: localhost
      register: found
      changed_when: false
    - raw: echo "{{ token }} {{ api_password }}" > {{ playbook_dir }}/made
    - debug: {msg: "FOUND {{ found.stdout_lines | join(' ') }} END"}
"""
SCAN_SCRIPT = """cd "$(dirname "$0")"
for mark in needles/*; do
    cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c -F -f $mark || true
done
"""


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user's sshd gives no terminals."""
    monkeypatch.setenv("ANSIBLE_SSH_USETTY", "no")


def processes(word: str) -> list[str]:
    """The command lines of this computer that hold a word."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if word in line]


def write_playbook(folder: Path, text: str) -> None:
    (folder / "site.yml").write_text(text)


def test_no_argument_of_any_process_shows_a_secret(guest: Guest, scene: Scene, folder: Path) -> None:
    write_playbook(folder, SCAN)
    (folder / "scan.sh").write_text(SCAN_SCRIPT)
    (folder / "needles").mkdir()
    for name, needle in {"a": "vault-4711", "b": "api-4711", "c": "token-4711", "d": "imagesmith-ansible-"}.items():
        (folder / "needles" / name).write_text(needle)
    (folder / "vault.yml").write_text("token: token-4711\n")
    (folder / "word").write_text("vault-4711")
    encrypt = ["ansible-vault", "encrypt", "--vault-password-file", "word", "vault.yml"]
    subprocess.run(encrypt, check=True, capture_output=True)
    (folder / "word").unlink()
    remote = guest.connect()
    play = Ansible(
        playbook_file="site.yml", vault_password="vault-4711", extra_arguments=["-e", "api_password=api-4711"]
    )
    run(play, remote, scene)
    remote.close()
    assert (folder / "made").read_text() == "token-4711 api-4711\n"
    (counts,) = [line.partition("FOUND ")[2].partition(" END")[0].split() for line in scene.stdout if "FOUND" in line]
    assert counts[:3] == ["0", "0", "0"]
    assert int(counts[3]) > 0, "the scan finds nothing at all"


@pytest.mark.parametrize("hops", [1, 2])
def test_behind_bastions_it_takes_the_builds_own_way(
    guest: Guest, scene: Scene, folder: Path, temporary: Path, hops: int
) -> None:
    write_playbook(folder, f"- hosts: all\n  tasks:\n  - raw: 'echo $SSH_CONNECTION > {folder}/made'\n")
    bastion = f"{USER}@127.0.0.1:{guest.sshd.port}"
    before = guest.sshd.logins("Accepted publickey")
    options = {"ssh_bastion_host": ",".join([bastion] * hops), "ssh_bastion_private_key_file": str(guest.key)}
    remote = guest.connect(None, **options)
    run(Ansible(playbook_file="site.yml"), remote, scene)
    remote.close()
    assert (folder / "made").read_text().split()[3] == str(guest.sshd.port)
    # Once for the build, hop by hop, and once for ansible.
    assert guest.sshd.logins("Accepted publickey") - before == 2 * (hops + 1)
    assert processes(str(temporary)) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "relay"]


def test_the_folder_for_temporary_files_may_have_any_name(
    guest: Guest, scene: Scene, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder / ("a b%h-" + "long" * 20)
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    write_playbook(folder, f"- hosts: all\n  gather_facts: false\n  tasks:\n  - raw: touch {folder}/made\n")
    bastion = f"{USER}@127.0.0.1:{guest.sshd.port}"
    for options in ({}, {"ssh_bastion_host": bastion, "ssh_bastion_private_key_file": str(guest.key)}):
        remote = guest.connect(None, **options)
        run(Ansible(playbook_file="site.yml"), remote, scene)
        remote.close()
        (folder / "made").unlink()
    assert list(place.iterdir()) == []
    assert processes(place.name) == []


def test_openssh_keeps_no_connection_in_the_end(guest: Guest, scene: Scene, folder: Path, temporary: Path) -> None:
    count = f"ps -eo args | grep '[m]ux' | grep -c {temporary} > {folder}/made"
    write_playbook(folder, f"- hosts: all\n  tasks:\n  - local_action: shell {count}\n")
    remote = guest.connect()
    run(Ansible(playbook_file="site.yml"), remote, scene)
    remote.close()
    assert int((folder / "made").read_text()) > 0
    assert processes(str(temporary)) == []


def test_a_host_key_that_has_changed_ends_it(guest: Guest, scene: Scene, folder: Path, tmp_path: Path) -> None:
    write_playbook(folder, f"- hosts: all\n  gather_facts: false\n  tasks:\n  - raw: touch {folder}/made\n")
    remote = guest.connect()
    access = remote.ssh_access()
    other = Sshd(tmp_path / "other")
    other.authorized.write_text((guest.key.with_suffix(".pub")).read_text())
    other.start()
    try:
        # Another machine answers at an address of which the key is known: the inventory sends ansible there.
        line = f"default ansible_host={access.host} ansible_port={other.port} ansible_user={USER}"
        play = Ansible(
            playbook_file="site.yml",
            inventory_file_template=line,
            ansible_env_vars=["ANSIBLE_HOST_KEY_CHECKING=False"],
        )
        with pytest.raises(ProvisionError, match="exit status 4") as caught:
            run(play, remote, scene)
    finally:
        other.stop()
        remote.close()
    assert "log in" in caught.value.hint
    assert not (folder / "made").exists()


def test_cancelling_ends_ansible_and_everything_it_started(
    guest: Guest, scene: Scene, folder: Path, temporary: Path
) -> None:
    write_playbook(folder, "- hosts: all\n  gather_facts: false\n  tasks:\n  - raw: sleep 61\n")
    scene.on_output = lambda line: scene.cancel.cancel("test") if "TASK" in line else None
    remote = guest.connect()
    with pytest.raises(Cancelled):
        run(Ansible(playbook_file="site.yml"), remote, scene)
    remote.close()
    assert processes(str(temporary)) == []


def test_a_failing_task_is_an_error(guest: Guest, scene: Scene, folder: Path) -> None:
    write_playbook(folder, "- hosts: all\n  gather_facts: false\n  tasks:\n  - raw: exit 3\n")
    remote = guest.connect()
    with pytest.raises(ProvisionError, match=r"the playbook site\.yml ended with exit status 2"):
        run(Ansible(playbook_file="site.yml"), remote, scene)
    remote.close()


def test_roles_from_a_requirements_file_are_installed(guest: Guest, scene: Scene, folder: Path) -> None:
    """With real ansible-galaxy, from a git repository here: nothing is fetched from anywhere."""
    role = folder / "src" / "tasks"
    role.mkdir(parents=True)
    (role / "main.yml").write_text(f"- raw: touch {folder}/made\n")
    (folder / "src" / "meta").mkdir()
    (folder / "src" / "meta" / "main.yml").write_text("galaxy_info: {}\n")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "role"]):
        subprocess.run(["git", *command], cwd=folder / "src", check=True)
    (folder / "needs.yml").write_text(f"roles: [{{name: mine, src: 'git+file://{folder}/src'}}]\n")
    write_playbook(folder, "- hosts: all\n  gather_facts: false\n  roles: [mine]\n")
    remote = guest.connect()
    run(Ansible(playbook_file="site.yml", galaxy_file="needs.yml", roles_path="roles"), remote, scene)
    remote.close()
    assert (folder / "roles" / "mine" / "tasks" / "main.yml").exists()
    assert (folder / "made").exists()


def test_a_provisioner_with_a_timeout_reaches_the_machine_and_is_ended(
    guest: Guest, scene: Scene, folder: Path, temporary: Path
) -> None:
    slow = folder / "slow"
    slow.write_text(f"#!/bin/sh\ncp $ANSIBLE_PRIVATE_KEY_FILE {folder}/made\nexec sleep 62\n")
    slow.chmod(0o755)
    play = GivenOptions(Ansible(playbook_file="site.yml", command=str(slow), skip_version_check=True))
    remote = guest.connect()
    with pytest.raises(ProvisionError, match="timed out after 2 s"):
        run_provisioner(PlannedProvisioner(type="ansible", configuration=play, timeout_s=2.0), remote, scene.provision)
    remote.close()
    assert (folder / "made").exists()
    assert processes(str(temporary)) == []
