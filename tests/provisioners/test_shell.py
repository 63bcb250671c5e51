"""What the shell provisioner sends to a machine, and what its scripts see there."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from imagesmith import redact
from imagesmith.errors import Cancelled, ConnectionLost, Diagnostic, ProvisionError, TemplateError
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners.shell import Shell
from tests.provisioners.local_remote import LocalRemote, Scene, is_running

AWKWARD = {
    "QUOTES": """it's a "word" and `id`""",
    "DOLLAR": "$HOME ${PATH} $(id) \\n \\",
    "NEWLINES": "one\ntwo\n\nthree",
    "CJK": "密码 パスワード",
    "BLANKS": "  in  and  out  ",
    "EQUALS": "a=b=c",
    "EMPTY": "",
    "BRACES": "{{ .Vars }} {{ nonsense",
}

SCAN_ARGUMENTS = """
printf '%s' "$MARK" > mark
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c -F -f mark || true
"""


def run(shell: Shell, remote: LocalRemote, scene: Scene) -> None:
    complete(shell).run(remote, scene.provision)


def leftovers(remote: LocalRemote) -> list[str]:
    return [path for path in remote.uploaded if (remote.home / path).exists()]


def test_a_script_is_uploaded_with_its_mode_run_and_removed(remote: LocalRemote, scene: Scene) -> None:
    run(Shell(inline=["echo hello", "echo trouble >&2"]), remote, scene)
    upload, command, removal = remote.wire
    path = upload.split()[1]
    assert re.fullmatch(r"/tmp/script_[0-9a-f]{16}\.sh", path)
    assert upload == f"upload {path} 0755"
    variables = "PACKER_BUILDER_TYPE='null' PACKER_BUILD_NAME='web' "
    assert command == f"run chmod +x {path}; {variables} {path}"
    assert removal == f"run rm -f {path}"
    assert sorted(scene.printed) == [("stderr", "trouble"), ("stdout", "hello")]
    assert remote.uploaded[path][1] == b"#!/bin/sh -e\necho hello\necho trouble >&2\n"
    assert leftovers(remote) == []


def test_inline_lines_are_rendered_with_the_build_variables(remote: LocalRemote, scene: Scene) -> None:
    run(Shell(inline=["echo {{build `ID`}} {{ .Host }} {{ build_name }}"]), remote, scene)
    assert scene.stdout == ["i-1 192.0.2.1 web"]


def test_the_first_inline_line_may_bring_its_own_interpreter(remote: LocalRemote, scene: Scene) -> None:
    run(Shell(inline=["#!/usr/bin/env python3", "print(6 * 7)"]), remote, scene)
    run(Shell(inline=["#!/usr/bin/env python3", "echo $-"], inline_shebang="/bin/sh -u"), remote, scene)
    assert scene.stdout == ["42", "u"]


def test_scripts_run_in_order_and_may_be_given_a_place(remote: LocalRemote, scene: Scene, tmp_path: Path) -> None:
    for name in ("b.sh", "a.sh"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} at $0\n")
    scripts = [str(tmp_path / "b.sh"), str(tmp_path / "a.sh")]
    run(Shell(scripts=scripts, remote_folder=str(remote.home), remote_file="setup.sh"), remote, scene)
    assert scene.stdout == [f"{name} at {remote.home}/setup.sh" for name in ("b.sh", "a.sh")]
    run(Shell(script=scripts[1], remote_path=f"{remote.home}/elsewhere.sh", skip_clean=True), remote, scene)
    assert leftovers(remote) == [f"{remote.home}/elsewhere.sh"]


def test_line_ends_of_windows_are_repaired_unless_binary(remote: LocalRemote, scene: Scene, tmp_path: Path) -> None:
    script = tmp_path / "crlf.sh"
    script.write_bytes(b"#!/bin/sh\r\necho ok\r\n")
    run(Shell(script=str(script)), remote, scene)
    assert scene.stdout == ["ok"]
    run(Shell(script=str(script), binary=True, execute_command="cat {{.Path}}"), remote, scene)
    assert list(remote.uploaded.values())[-1][1] == b"#!/bin/sh\r\necho ok\r\n"


@pytest.mark.parametrize("in_file", [False, True])
def test_scripts_see_every_variable_as_it_was_given(remote: LocalRemote, scene: Scene, in_file: bool) -> None:
    given = [f"{name}={value}" for name, value in AWKWARD.items()]
    shell = Shell(
        inline=["env -0 > seen"],
        environment_vars=[*given, "WHO=list", "PACKER_BUILD_NAME=mine"],
        env={"WHO": "map"},
        use_env_var_file=in_file,
    )
    run(shell, remote, scene)
    seen = dict(entry.split("=", 1) for entry in (remote.home / "seen").read_text().split("\0") if entry)
    expected = {**AWKWARD, "WHO": "map", "PACKER_BUILD_NAME": "mine", "PACKER_BUILDER_TYPE": "null"}
    assert {name: seen.get(name) for name in expected} == expected
    assert leftovers(remote) == []
    assert {mode for mode, content in remote.uploaded.values() if b"WHO" in content} == {0o600}


def test_no_argument_list_on_the_machine_shows_a_variable(remote: LocalRemote, scene: Scene) -> None:
    run(Shell(inline=[SCAN_ARGUMENTS], environment_vars=["MARK=hunter-2-plain"]), remote, scene)
    assert scene.stdout == ["0"]
    assert "hunter" not in "".join(remote.wire)
    # The same scan finds what a template itself puts on the command line: it can see what it looks for.
    own = "chmod +x {{.Path}}; sh -c '{{.Path}} ignored hunter-2-plain' hunter-2-plain"
    run(Shell(inline=["MARK=hunter-2-plain", SCAN_ARGUMENTS], execute_command=own), remote, scene)
    assert int(scene.stdout[1]) > 0


def test_a_known_secret_is_kept_off_the_command_line_of_any_execute_command(remote: LocalRemote, scene: Scene) -> None:
    redact.register("s3cr3t-for-sudo")
    command = "echo 's3cr3t-for-sudo' | { read -r MARK; export MARK; {{.Vars}} sh {{.Path}}; }"
    run(Shell(inline=[SCAN_ARGUMENTS], execute_command=command), remote, scene)
    assert scene.stdout == ["0"]
    assert "s3cr3t" not in "".join(remote.wire)
    assert leftovers(remote) == []


def test_an_execute_command_gets_path_variables_and_build_facts(remote: LocalRemote, scene: Scene) -> None:
    shell = Shell(
        inline=["exit 9"],
        environment_vars=["A=plain"],
        execute_command="echo '{{.ID}}' {{build `Host`}} {{.Path}}; echo {{.Vars}}; echo [{{.EnvVarFile}}]",
        env_var_format="%[2]s:%[1]s,",
        remote_file="s.sh",
    )
    run(shell, remote, scene)
    assert scene.stdout == ["i-1 192.0.2.1 /tmp/s.sh", "plain:A,null:PACKER_BUILDER_TYPE,web:PACKER_BUILD_NAME,", "[]"]


def test_with_a_variable_file_the_command_names_it(remote: LocalRemote, scene: Scene) -> None:
    run(Shell(inline=["echo $A"], env={"A": "b"}, use_env_var_file=True), remote, scene)
    script, variables = remote.uploaded
    assert re.fullmatch(r"/tmp/varfile_[0-9a-f]{16}\.sh", variables)
    assert remote.uploaded[variables][1].startswith(b"export A='b'\n")
    assert remote.commands == [f"chmod +x {script}; . {variables} && {script}", f"rm -f {script} {variables}"]
    assert scene.stdout == ["b"]


def test_a_failing_script_tells_its_exit_status_and_leaves_nothing(remote: LocalRemote, scene: Scene) -> None:
    with pytest.raises(ProvisionError, match="inline shell script ended with exit status 3") as caught:
        run(Shell(inline=["exit 3", "echo never"], env={"A": "b"}), remote, scene)
    assert caught.value.exit_status == 3
    assert "valid_exit_codes" in caught.value.hint
    assert leftovers(remote) == []
    run(Shell(inline=["exit 3"], valid_exit_codes=[0, 3]), remote, scene)


def test_a_script_that_is_killed_has_the_status_that_shells_give(remote: LocalRemote, scene: Scene) -> None:
    shell = Shell(inline=["kill -9 $$"], execute_command="exec {{.Path}}")
    with pytest.raises(ProvisionError) as caught:
        run(shell, remote, scene)
    assert caught.value.exit_status == 137
    dying = Shell(inline=["kill -TERM $$"], execute_command="exec {{.Path}}", expect_disconnect=True)
    run(dying, remote, scene)


def test_a_lost_connection_is_an_error_unless_it_is_expected(remote: LocalRemote, scene: Scene) -> None:
    reboot = ['touch "$CONNECTION_CUT"']
    with pytest.raises(ProvisionError, match="connection broke while") as caught:
        run(Shell(inline=reboot), remote, scene)
    assert "expect_disconnect" in caught.value.hint
    run(Shell(inline=reboot, expect_disconnect=True), remote, scene)
    run(Shell(inline=reboot, valid_exit_codes=[2300218]), remote, scene)
    with pytest.raises(ProvisionError):
        run(Shell(inline=["exit 1"], expect_disconnect=True), remote, scene)
    assert leftovers(remote) == []


def test_removal_waits_for_a_machine_that_reboots(remote: LocalRemote, scene: Scene) -> None:
    remote.faults = [("run rm", ConnectionLost("refused"))]
    run(Shell(inline=['touch "$CONNECTION_CUT"'], expect_disconnect=True), remote, scene)
    assert [entry.split()[0] for entry in remote.wire] == ["upload", "run", "failed", "run"]
    assert leftovers(remote) == []


def test_only_what_the_connection_is_to_blame_for_is_tried_again(remote: LocalRemote, scene: Scene) -> None:
    remote.faults = [("upload", ConnectionLost("reset"))]
    run(Shell(inline=["echo once >> count", "false || true"]), remote, scene)
    assert (remote.home / "count").read_text() == "once\n"
    assert any("trying again" in line for line in scene.said)
    with pytest.raises(ProvisionError):
        run(Shell(inline=["echo once >> count", "exit 1"]), remote, scene)
    assert (remote.home / "count").read_text() == "once\nonce\n"
    remote.faults = [("upload", ConnectionLost("reset"))] * 9
    with pytest.raises(ConnectionLost, match="reset"):
        run(Shell(inline=["true"], start_retry_timeout=0.2), remote, scene)


def test_a_remote_folder_that_does_not_exist_is_told_at_once(remote: LocalRemote, scene: Scene) -> None:
    with pytest.raises(ProvisionError, match='no folder "/nowhere/at/all" on the machine') as caught:
        run(Shell(inline=["true"], remote_folder="/nowhere/at/all"), remote, scene)
    assert "remote_folder" in caught.value.hint


def test_cancelling_kills_the_script_and_removes_it(remote: LocalRemote, scene: Scene) -> None:
    scene.on_output = lambda line: scene.cancel.cancel("test")
    with pytest.raises(Cancelled):
        run(Shell(inline=["echo $$", "exec sleep 60"], env={"A": "b"}), remote, scene)
    assert not is_running(scene.stdout[0])
    assert leftovers(remote) == []


def test_the_pause_after_a_script_can_be_cancelled(remote: LocalRemote, scene: Scene) -> None:
    timer = threading.Timer(0.2, scene.cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        run(Shell(inline=["true"], pause_after=60.0), remote, scene)
    timer.join()


def test_without_a_way_into_a_machine_it_says_so(scene: Scene) -> None:
    with pytest.raises(ProvisionError, match='communicator = "none"'):
        Shell(inline=["true"]).run(None, scene.provision)


def diagnostics(**given: object) -> list[Diagnostic]:
    try:
        decode(Shell, [Given(name, value) for name, value in given.items()], owner="shell")
    except TemplateError as error:
        return list(error.diagnostics)
    return []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "there is no script"),
        ({"inline": ["a"], "script": "/bin/true"}, "inline and script are given"),
        ({"script": "/bin/true", "scripts": ["/bin/true"]}, "script and scripts are given"),
        ({"script": "missing.sh"}, 'there is no script "missing.sh"'),
        ({"scripts": ["/"]}, 'the script "/" is a folder'),
        ({"inline": ["a"], "environment_vars": ["hunter2"]}, "is not of the form NAME=value"),
        ({"inline": ["a"], "environment_vars": ["=hunter2"]}, "is not of the form NAME=value"),
        ({"inline": ["a"], "env_var_format": "%s"}, "must hold both the name and the value"),
        ({"inline": ["a"], "env_var_format": "%s=%d"}, "env_var_format: only"),
        ({"inline": ["a"], "pause_after": "-5s"}, "pause_after can't be negative"),
    ],
)
def test_wrong_options_are_found_before_the_build(given: dict[str, object], expected: str) -> None:
    found = diagnostics(**given)
    assert len(found) == 1
    assert expected in str(found[0])


@pytest.mark.parametrize("path", ["{{ build `ID` }}.sh", "<unknown>/x.sh"])
def test_a_path_that_only_the_run_knows_is_not_looked_for(path: str) -> None:
    assert diagnostics(script=path) == []


def test_one_string_where_lines_are_wanted_is_found_for_library_users() -> None:
    with pytest.raises(TemplateError, match="inline must be a list"):
        complete(Shell(inline="echo hi"))


def test_a_script_that_vanished_is_a_clear_error(remote: LocalRemote, scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="can't be read: No such file"):
        Shell(script=str(tmp_path / "gone.sh")).run(remote, scene.provision)
    assert list(remote.home.iterdir()) == []
