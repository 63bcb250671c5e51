"""What ansible-local puts on a machine and runs there: with a program that notes how it is called, and with ansible."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from imagesmith import redact
from imagesmith.errors import Cancelled, ProvisionError, TemplateError
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners.ansible_local import AnsibleLocal
from tests.effects import shows
from tests.provisioners.ansible.guest import PROGRAMS, Guest, Note, Recorder, run
from tests.provisioners.local_remote import LocalRemote, Scene


class Play:
    """Runs the provisioner on this machine, through a `Remote` that notes what goes over the wire."""

    def __init__(self, remote: LocalRemote, scene: Scene, recorder: Recorder, folder: Path) -> None:
        self.remote, self.scene, self.recorder = remote, scene, recorder
        self.stage = folder / "stage"

    def __call__(self, **given: Any) -> list[Note]:
        programs = {"command": str(self.recorder.path), "galaxy_command": str(self.recorder.path)}
        usual = {"playbook_file": "site.yml", "staging_directory": str(self.stage), **programs}
        chosen = {name: value for name, value in {**usual, **given}.items() if value is not None}
        complete(AnsibleLocal(**chosen)).run(self.remote, self.scene.provision)
        return self.recorder.notes()

    def once(self, **given: Any) -> Note:
        (note,) = self(**given)
        return note


@pytest.fixture
def play(remote: LocalRemote, scene: Scene, recorder: Recorder, folder: Path) -> Play:
    return Play(remote, scene, recorder, folder)


@shows(AnsibleLocal, "playbook_file", "staging_directory", "command")
def test_a_playbook_is_uploaded_and_run_where_it_is(play: Play) -> None:
    note = play.once()
    assert note.cwd == str(play.stage)
    flag, facts, *rest = note.argv[1:]
    assert note.argv[0] == f"{play.stage}/site.yml"
    assert (flag, json.loads(facts)) == ("-e", {"packer_build_name": "web", "packer_builder_type": "null"})
    assert rest[:3] == ["-c", "local", "-i"]
    assert note.inventory == "127.0.0.1\n"
    assert (play.stage / "site.yml").read_text() == Path("site.yml").read_text()


def test_without_a_staging_directory_each_run_has_its_own(play: Play) -> None:
    first, second = (play.once(staging_directory=None, clean_staging_directory=True).cwd for _ in range(2))
    assert first != second
    assert re.fullmatch(r"/tmp/packer-provisioner-ansible-local/[0-9a-f]{16}", first)
    assert not Path(first).exists()


@shows(AnsibleLocal, "playbook_files", "playbook_dir")
def test_several_playbooks_run_in_order_from_their_folder(play: Play, folder: Path) -> None:
    (folder / "all" / "deep").mkdir(parents=True)
    for name in ("all/one.yml", "all/deep/two.yml", "all/vars.yml", "three.yml"):
        (folder / name).write_text(f"# {name}\n")
    files = ["one.yml", "all/deep/two.yml", "three.yml"]
    notes = play(playbook_file=None, playbook_files=files, playbook_dir="all")
    ran = [note.argv[0] for note in notes]
    assert ran == [f"{play.stage}/one.yml", f"{play.stage}/deep/two.yml", f"{play.stage}{folder}/three.yml"]
    assert [Path(name).read_text() for name in ran] == ["# all/one.yml\n", "# all/deep/two.yml\n", "# three.yml\n"]
    assert (play.stage / "vars.yml").exists()


@shows(AnsibleLocal, "playbook_paths", "role_paths", "collection_paths", "group_vars", "host_vars")
def test_what_belongs_to_it_is_uploaded(play: Play, folder: Path) -> None:
    for name in ("more", "my.role", "coll", "gv", "hv"):
        (folder / "given" / name).mkdir(parents=True)
        (folder / "given" / name / "x").write_text(name)
    play(
        playbook_paths=["given/more"],
        role_paths=["given/my.role/"],
        collection_paths=["given/coll"],
        group_vars="given/gv",
        host_vars="given/hv",
    )
    places = ("playbooks/more", "roles/my.role", "collections/coll", "group_vars", "host_vars")
    found = {str(path.relative_to(play.stage)): path.read_text() for path in play.stage.rglob("x")}
    assert found == dict(zip((f"{place}/x" for place in places), ("more", "my.role", "coll", "gv", "hv"), strict=True))


@shows(AnsibleLocal, "inventory_groups")
def test_the_machine_may_be_in_groups(play: Play) -> None:
    assert play.once(inventory_groups=["a", "b"]).inventory == "[a]\n127.0.0.1\n[b]\n127.0.0.1\n"


@shows(AnsibleLocal, "inventory_file")
def test_an_inventory_of_ones_own_takes_its_place(play: Play, folder: Path) -> None:
    (folder / "inv").mkdir()
    (folder / "inv" / "hosts").write_text("mine\n")
    note = play.once(inventory_file="inv/hosts")
    assert (note.argv[-1], note.inventory) == (f"{play.stage}/hosts", "mine\n")


@shows(AnsibleLocal, "clean_staging_directory")
def test_the_folder_may_be_removed_in_the_end_also_of_a_run_that_fails(play: Play) -> None:
    play()
    assert play.stage.exists()
    play(clean_staging_directory=True)
    assert not play.stage.exists()
    with pytest.raises(ProvisionError):
        play(command="false", clean_staging_directory=True)
    assert not play.stage.exists()


@shows(AnsibleLocal, "galaxy_file", "galaxy_command", "galaxy_roles_path", "galaxy_collections_path")
def test_roles_and_collections_are_installed_on_the_machine(play: Play, folder: Path) -> None:
    (folder / "needs.yml").write_text("roles: [{name: a}]\ncollections: [{name: b.c}]\n")
    role, collection, _ = play(galaxy_file="needs.yml")
    flags = ["install", "-r", f"{play.stage}/needs.yml", "-p"]
    assert role.argv == ["role", *flags, f"{play.stage}/roles"]
    assert collection.argv == ["collection", *flags, f"{play.stage}/collections"]
    role, collection, _ = play(galaxy_file="needs.yml", galaxy_roles_path="/r r", galaxy_collections_path="/c")
    assert (role.argv[-1], collection.argv[-1]) == ("/r r", "/c")


@shows(AnsibleLocal, "extra_arguments")
def test_extra_arguments_are_for_the_machines_shell(play: Play) -> None:
    note = play.once(extra_arguments=["--extra-vars", '"a=$((1+1)) b={{ build `ID` }}"', "-v", "--tags=x,y"])
    assert note.argv[3:7] == ["--extra-vars", "a=2 b=i-1", "-v", "--tags=x,y"]


@shows(AnsibleLocal, "vault_password")
def test_secrets_are_in_files_in_memory_that_go(play: Play) -> None:
    redact.register("known-secret-3")
    given = ["-v", "-e", "'token=known-secret-3 other=1'", "-e \"my_password='two words'\""]
    note = play.once(vault_password="vault-4712", extra_arguments=given)
    (vault,) = [word.partition("=")[2] for word in note.argv if word.startswith("--vault-password-file=")]
    assert vault.startswith("/dev/shm/imagesmith-")
    texts = [note.files[word[1:]] for word in note.argv if word.startswith("@")]
    assert [json.loads(text) for text in texts] == [
        {"token": "known-secret-3", "other": "1"},
        {"my_password": "two words"},
    ]
    assert note.files[vault] == "vault-4712"
    assert {mode for name, mode in note.modes.items() if name.startswith("/dev/shm/imagesmith-")} == {0o600}
    assert not Path(vault).parent.exists()
    everything = json.dumps([note.argv, play.remote.wire, play.scene.said])
    for secret in ("vault-4712", "known-secret-3", "two words"):
        assert secret not in everything


def test_a_command_with_a_secret_in_it_is_read_from_a_file(play: Play) -> None:
    redact.register("known-secret-4")
    note = play.once(command=f"TOKEN=known-secret-4 {play.recorder.path}")
    assert note.environ["TOKEN"] == "known-secret-4"
    assert "known-secret-4" not in "".join(play.remote.commands)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["-e", "'password=long-enough'", "$HOME"], "together with what a shell expands"),
        (["-e", "'open"], "a quote in extra_arguments is never closed"),
    ],
)
def test_extra_arguments_that_can_not_be_made_safe_are_refused(play: Play, given: list[str], expected: str) -> None:
    with pytest.raises(ProvisionError, match=expected):
        play(extra_arguments=given)
    assert play.recorder.notes() == []


def test_a_machine_without_ansible_is_told_of(play: Play) -> None:
    with pytest.raises(ProvisionError, match="the machine has no such program") as caught:
        play(command="no-such-ansible")
    assert "install ansible on the machine before" in caught.value.hint


def test_a_failing_playbook_ends_it(play: Play, folder: Path) -> None:
    (folder / "two.yml").write_text("[]")
    with pytest.raises(ProvisionError, match="ended with exit status 2") as caught:
        play(playbook_file=None, playbook_files=["site.yml", "two.yml"], command=f"STATUS=2 {play.recorder.path}")
    assert (caught.value.exit_status, len(play.recorder.notes())) == (2, 1)


def test_a_connection_that_breaks_is_an_error(play: Play) -> None:
    with pytest.raises(ProvisionError, match="the connection broke while ansible was running"):
        play(command='touch "$CONNECTION_CUT"; true')


def test_cancelling_removes_what_is_secret(play: Play) -> None:
    play.scene.on_output = lambda line: play.scene.cancel.cancel("test")
    before = set(Path("/dev/shm").glob("imagesmith-*"))
    with pytest.raises(Cancelled):
        play(command="echo started; sleep 60 #", vault_password="vault-4713", clean_staging_directory=True)
    assert set(Path("/dev/shm").glob("imagesmith-*")) == before
    assert not play.stage.exists()


def test_without_a_way_into_a_machine_it_says_so(scene: Scene) -> None:
    with pytest.raises(ProvisionError, match='communicator = "none"'):
        AnsibleLocal(playbook_file="site.yml").run(None, scene.provision)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "playbook_file and playbook_files are missing"),
        ({"playbook_file": "site.yml", "playbook_files": ["site.yml"]}, "are given"),
        ({"playbook_file": "none"}, 'there is no file "none"'),
        ({"playbook_files": ["none"], "playbook_dir": "."}, 'there is no file "none"'),
        ({"playbook_file": "site.yml", "role_paths": ["none"]}, 'role_paths: there is no folder "none"'),
        ({"playbook_file": "site.yml", "group_vars": "none"}, 'group_vars: there is no folder "none"'),
        ({"playbook_file": "site.yml", "inventory_file": "none"}, 'inventory_file: there is no file "none"'),
    ],
)
def test_wrong_options_are_found_before_the_build(given: dict[str, object], expected: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(expected)):
        decode(AnsibleLocal, [Given(*entry) for entry in given.items()], owner="ansible-local")


@pytest.mark.usefixtures("ansible")
def test_real_ansible_runs_a_role_with_a_vault_and_changes_nothing_the_second_time(
    guest: Guest, scene: Scene, folder: Path
) -> None:
    tasks = folder / "roles" / "note" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text(
        "- copy: {content: \"{{ token }} {{ ansible_facts['system'] }} {{ colour }}\\n\", dest: " + f"{folder}/made}}\n"
    )
    (folder / "gv").mkdir()
    (folder / "gv" / "all.yml").write_text("token: aus-dem-tresor\n")
    (folder / "word").write_text("vault-4714")
    encrypt = [f"{PROGRAMS}/ansible-vault", "encrypt", "--vault-password-file", "word", "gv/all.yml"]
    subprocess.run(encrypt, check=True, capture_output=True)
    (folder / "site.yml").write_text("- hosts: boxes\n  roles: [note]\n")
    play = AnsibleLocal(
        playbook_file="site.yml",
        role_paths=["roles/note"],
        group_vars="gv",
        inventory_groups=["boxes"],
        vault_password="vault-4714",
        extra_arguments=["-e", "'colour=\"dark blue\"'"],
        command=f"PYTHONUNBUFFERED=1 {PROGRAMS}/ansible-playbook",
        clean_staging_directory=True,
    )
    before = set(Path("/dev/shm").glob("imagesmith-*"))
    remote = guest.connect()
    run(play, remote, scene)
    run(play, remote, scene)
    remote.close()
    assert (folder / "made").read_text() == "aus-dem-tresor Linux dark blue\n"
    changed = [re.search(r"changed=(\d+)", line) for line in scene.stdout]
    assert [found[1] for found in changed if found] == ["1", "0"]
    assert set(Path("/dev/shm").glob("imagesmith-*")) == before
