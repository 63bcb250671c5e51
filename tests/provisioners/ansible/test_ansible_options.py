"""How ansible-playbook and ansible-galaxy are called: each option, and that no argument shows a secret."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagesmith import redact
from imagesmith.errors import ProvisionError, TemplateError
from imagesmith.options import Given, decode
from imagesmith.provisioners.ansible import Ansible
from imagesmith_ssh.remote import SshRemote
from tests.communicators.ssh.openssh import USER
from tests.effects import shows
from tests.provisioners.ansible.guest import Guest, Note, Recorder, run
from tests.provisioners.local_remote import LocalRemote, Scene


class Play:
    """Runs the provisioner with the program that notes how it is called."""

    def __init__(self, remote: SshRemote, scene: Scene, recorder: Recorder) -> None:
        self.remote, self.scene, self.recorder = remote, scene, recorder

    def __call__(self, **given: Any) -> list[Note]:
        programs = {"command": str(self.recorder.path), "galaxy_command": str(self.recorder.path)}
        run(Ansible(**{"playbook_file": "site.yml", **programs, **given}), self.remote, self.scene)
        return self.recorder.notes()

    def once(self, **given: Any) -> Note:
        (note,) = self(**given)
        return note


@pytest.fixture
def play(way_in: SshRemote, scene: Scene, recorder: Recorder) -> Play:
    return Play(way_in, scene, recorder)


def ssh_arguments(note: Note) -> dict[str, str]:
    words = shlex.split(note.environ["ANSIBLE_SSH_COMMON_ARGS"])
    assert words[::2] == ["-o"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


@shows(Ansible, "playbook_file")
def test_a_playbook_runs_with_the_machines_own_address_key_and_host_key(play: Play, guest: Guest, folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "other.yml").write_text("[]")
    note = play.once(playbook_file="deep/other.yml")
    assert note.argv[-1] == str(folder / "deep" / "other.yml")
    assert note.cwd == str(folder)
    assert note.inventory == f"default ansible_host=127.0.0.1 ansible_user={USER} ansible_port={guest.sshd.port}\n"
    ssh = ssh_arguments(note)
    assert (ssh["StrictHostKeyChecking"], ssh["GlobalKnownHostsFile"]) == ("yes", "/dev/null")
    public = (guest.sshd.folder / "host_key.pub").read_text().split()[:2]
    assert note.files[ssh["UserKnownHostsFile"]].split() == [f"[127.0.0.1]:{guest.sshd.port}", *public]
    (folder / "key").write_text(note.files[note.environ["ANSIBLE_PRIVATE_KEY_FILE"]])
    (folder / "key").chmod(0o600)
    told = subprocess.run(["ssh-keygen", "-y", "-f", "key"], check=True, capture_output=True, text=True).stdout
    assert told.split()[:2] == guest.key.with_suffix(".pub").read_text().split()[:2]
    assert note.environ["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    assert "ANSIBLE_CONNECTION_PASSWORD_FILE" not in note.environ
    private = {mode for name, mode in note.modes.items() if "imagesmith-ansible-" in name}
    assert private == {0o600}


def test_playbooks_get_packers_variables(play: Play) -> None:
    note = play.once()
    facts = note.argv[note.argv.index("-e") + 1]
    assert json.loads(note.files[facts[1:]]) == {"packer_build_name": "web", "packer_builder_type": "null"}
    assert note.environ["PACKER_BUILD_NAME"] == "web"


@shows(Ansible, "command", "skip_version_check")
def test_the_command_is_asked_for_its_version_unless_that_is_not_wanted(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    play.once()
    assert "Using ansible-playbook [core 9.9.9]" in play.scene.said
    monkeypatch.setenv("VERSION_STATUS", "3")
    with pytest.raises(ProvisionError, match='--version" ended with exit status 3'):
        play.once()
    assert play.once(skip_version_check=True).argv


def test_a_command_that_is_not_there_says_how_to_get_it(play: Play) -> None:
    with pytest.raises(ProvisionError, match='"no-such-program" can\'t be started') as caught:
        play(command="no-such-program")
    assert "pip install ansible-core" in caught.value.hint


@shows(Ansible, "host_alias", "groups", "empty_groups", "user")
def test_the_inventory_is_packers(play: Play, guest: Guest) -> None:
    note = play.once(host_alias="box", groups=["a", "b"], empty_groups=["c"], user="deploy")
    line = f"box ansible_host=127.0.0.1 ansible_user=deploy ansible_port={guest.sshd.port}\n"
    assert note.inventory == f"{line}[a]\n{line}[b]\n{line}[c]\n"
    assert f"ansible logs in as deploy, with the key and the password of {USER}" in play.scene.said


@shows(Ansible, "inventory_file_template")
def test_the_machines_line_may_be_another(play: Play, guest: Guest) -> None:
    text = "{{ .HostAlias }}-{{ build `ID` }} ansible_host={{ .Host }}:{{ .Port }} u={{ .User }}"
    note = play.once(inventory_file_template=text, groups=["g"])
    line = f"default-i-1 ansible_host=127.0.0.1:{guest.sshd.port} u={USER}\n"
    assert note.inventory == f"{line}[g]\n{line}"


@shows(Ansible, "inventory_file")
def test_an_inventory_of_ones_own_takes_its_place(play: Play, folder: Path) -> None:
    (folder / "hosts").write_text("mine\n")
    assert play.once(inventory_file="hosts").inventory == "mine\n"


@shows(Ansible, "inventory_directory", "keep_inventory_file")
def test_the_inventory_lies_beside_the_variables_and_may_stay(play: Play, folder: Path) -> None:
    (folder / "inv").mkdir()
    note = play.once(inventory_directory="inv")
    assert Path(note.argv[note.argv.index("-i") + 1]).parent == folder / "inv"
    assert list((folder / "inv").iterdir()) == []
    note = play.once(inventory_directory="inv", keep_inventory_file=True)
    (kept,) = (folder / "inv").iterdir()
    assert kept.read_text() == note.inventory
    assert kept.stat().st_mode & 0o777 == 0o600
    assert any(f"The inventory stays in {kept}" in text for text in play.scene.said)


@shows(Ansible, "ansible_env_vars")
def test_variables_of_the_template_count_more_but_host_keys_are_checked(play: Play) -> None:
    given = ["FOO='x y'", "ID={{ build `ID` }}", "ANSIBLE_HOST_KEY_CHECKING=False", "PYTHONUNBUFFERED=0"]
    note = play.once(ansible_env_vars=[*given, "ANSIBLE_SSH_COMMON_ARGS=-o Compression=yes", "MY_PASSWORD=hunter22"])
    assert (note.environ["FOO"], note.environ["ID"], note.environ["PYTHONUNBUFFERED"]) == ("'x y'", "i-1", "0")
    assert note.environ["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    assert "ANSIBLE_HOST_KEY_CHECKING is not needed: the machine's host key is known" in play.scene.said
    assert ssh_arguments(note)["StrictHostKeyChecking"] == "yes"
    assert ssh_arguments(note)["Compression"] == "yes"
    assert redact.mask("hunter22") == "<sensitive>"


@shows(Ansible, "ansible_ssh_extra_args")
def test_ssh_gets_arguments(play: Play) -> None:
    assert play.once().environ["ANSIBLE_SSH_EXTRA_ARGS"] == "-o IdentitiesOnly=yes"
    note = play.once(ansible_ssh_extra_args=["-o A=1", "-o B={{ build `ID` }}"])
    assert note.environ["ANSIBLE_SSH_EXTRA_ARGS"] == "-o A=1 -o B=i-1"


@shows(Ansible, "extra_arguments")
def test_extra_arguments_come_as_they_are(play: Play) -> None:
    given = ["-vv", "--extra-vars", "a=b c={{ build `ID` }}", "-ed=1", "-e", '{"x": [1]}', "--diff"]
    note = play.once(extra_arguments=given)
    assert note.argv[2:9] == ["-vv", "--extra-vars", "a=b c=i-1", "-ed=1", "-e", '{"x": [1]}', "--diff"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["-e", "token=known-secret-1 a='b c'"], {"token": "known-secret-1", "a": "b c"}),
        (["--extra-vars", 'db_password="two words" x=a=b'], {"db_password": "two words", "x": "a=b"}),
        (["--extra-vars=Client_Secret=$HOME\\n"], {"Client_Secret": "$HOME\\n"}),
        (["-emy_password=pass-word"], {"my_password": "pass-word"}),
        (["-e", '{"deep": {"password": ["pass-word"]}}'], {"deep": {"password": ["pass-word"]}}),
    ],
)
def test_variables_with_secrets_go_into_a_file(play: Play, given: list[str], expected: dict[str, Any]) -> None:
    redact.register("known-secret-1")
    note = play.once(extra_arguments=["--check", *given])
    at, name = note.argv[note.argv.index("--check") + 1 :][:2]
    assert (at, name[0]) == ("-e", "@")
    assert json.loads(note.files[name[1:]]) == expected
    assert note.modes[name[1:]] == 0o600
    everything = json.dumps([note.argv, play.scene.said])
    for secret in ("known-secret-1", "two words", "$HOME", "pass-word"):
        assert secret not in everything
    if "pass-word" in str(given):
        assert redact.mask("pass-word") == "<sensitive>"


def test_a_secret_in_another_argument_is_refused(play: Play) -> None:
    redact.register("known-secret-2")
    with pytest.raises(ProvisionError, match="holds a secret") as caught:
        play(extra_arguments=["--become-password-file=known-secret-2"])
    assert "known-secret-2" not in str(caught.value)
    assert play.recorder.notes() == []


@shows(Ansible, "vault_password")
def test_the_vault_password_is_in_a_file(play: Play) -> None:
    note = play.once(vault_password="vault-4711")
    (name,) = [word.partition("=")[2] for word in note.argv if word.startswith("--vault-password-file=")]
    assert (note.files[name], note.modes[name]) == ("vault-4711", 0o600)
    assert "vault-4711" not in json.dumps([note.argv, note.environ, play.scene.said])


def test_a_login_by_password_is_passed_on_in_a_file(scene: Scene, recorder: Recorder, way_in: SshRemote) -> None:
    class ByPassword:
        """The same connection, as if it had been made with a password; this sshd can't check one."""

        def __getattr__(self, name: str) -> Any:
            return getattr(way_in, name)

        def ssh_access(self) -> Any:
            import dataclasses

            return dataclasses.replace(way_in.ssh_access(), private_key="", password="login-4711")

    run(Ansible(playbook_file="site.yml", command=str(recorder.path)), ByPassword(), scene)  # type: ignore[arg-type]
    (note,) = recorder.notes()
    assert note.files[note.environ["ANSIBLE_CONNECTION_PASSWORD_FILE"]] == "login-4711"
    assert "ANSIBLE_PRIVATE_KEY_FILE" not in note.environ
    assert "ANSIBLE_SSH_EXTRA_ARGS" not in note.environ
    assert "login-4711" not in json.dumps([note.argv, note.environ])


@shows(
    Ansible,
    "galaxy_file",
    "galaxy_command",
    "galaxy_force_install",
    "galaxy_force_with_deps",
    "roles_path",
    "collections_path",
)
def test_roles_and_collections_are_installed_before(play: Play, folder: Path) -> None:
    (folder / "needs.yml").write_text("roles: [{name: a}]\ncollections: [{name: b.c}]\n")
    force = {"galaxy_force_install": True, "galaxy_force_with_deps": True}
    *galaxy, playbook = play(galaxy_file="needs.yml", roles_path="r", collections_path="c", **force)
    flags = ["install", "-r", "needs.yml", "--force", "--force-with-deps", "-p"]
    assert [note.argv for note in galaxy] == [["role", *flags, "r"], ["collection", *flags, "c"]]
    assert playbook.argv[-1].endswith("site.yml")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [("- src: a\n", ["role"]), ("roles:\n- name: a\n", ["role"]), ("collections:\n- b.c\nroles: []\n", ["collection"])],
)
def test_only_what_is_asked_for_is_installed(play: Play, folder: Path, text: str, kinds: list[str]) -> None:
    (folder / "needs.yml").write_text(text)
    *galaxy, _ = play(galaxy_file="needs.yml")
    assert [note.argv for note in galaxy] == [[kind, "install", "-r", "needs.yml"] for kind in kinds]


@pytest.mark.parametrize("text", ["a: 1\n", "text", "{", "\udcff"])
def test_a_galaxy_file_that_asks_for_nothing_is_an_error(play: Play, folder: Path, text: str) -> None:
    (folder / "needs.yml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ProvisionError, match='the galaxy file "needs'):
        play(galaxy_file="needs.yml")


@pytest.mark.parametrize(("status", "hint"), [("2", "a task failed"), ("4", "log in"), ("99", "output says why")])
def test_a_failed_playbook_is_an_error_with_its_status(
    play: Play, monkeypatch: pytest.MonkeyPatch, status: str, hint: str
) -> None:
    monkeypatch.setenv("STATUS", status)
    with pytest.raises(ProvisionError, match=f"the playbook site.yml ended with exit status {status}") as caught:
        play()
    assert caught.value.exit_status == int(status)
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", [None, "local"])
def test_another_way_in_than_ssh_is_refused(scene: Scene, tmp_path: Path, name: str | None) -> None:
    remote = LocalRemote(tmp_path) if name else None
    with pytest.raises(ProvisionError, match="logs in by SSH"):
        Ansible(playbook_file="site.yml").run(remote, scene.provision)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"playbook_file": "none.yml"}, 'playbook_file: there is no file "none.yml"'),
        ({"inventory_file": "none"}, 'inventory_file: there is no file or folder "none"'),
        ({"inventory_directory": "site.yml"}, 'there is no folder "site.yml"'),
        ({"galaxy_file": "none"}, 'galaxy_file: there is no file "none"'),
        ({"ansible_env_vars": ["A"]}, "not of the form NAME=value"),
        ({"inventory_file": "site.yml", "groups": ["a"]}, "are for the inventory that is made"),
    ],
)
def test_wrong_options_are_found_before_the_build(given: dict[str, object], expected: str) -> None:
    both = {"playbook_file": "site.yml", **given}
    with pytest.raises(TemplateError, match=re.escape(expected)):
        decode(Ansible, [Given(*entry) for entry in both.items()], owner="ansible")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("use_proxy", True),
        ("local_port", 2200),
        ("ssh_host_key_file", "k"),
        ("ssh_authorized_key_file", "k"),
        ("ansible_proxy_key_type", "RSA"),
        ("sftp_command", "s"),
        ("use_sftp", True),
        ("ansible_winrm_use_http", True),
    ],
)
def test_options_of_packers_server_have_no_effect_and_a_warning_says_so(name: str, value: object) -> None:
    given = [Given("playbook_file", "site.yml"), Given(name, value)]
    _, (warning,) = decode(Ansible, given, owner="ansible")
    assert (warning.severity, "has no effect" in warning.summary) == ("warning", True)
    assert decode(Ansible, [Given("playbook_file", "site.yml"), Given("use_proxy", value=False)], owner="a")[1] == ()
