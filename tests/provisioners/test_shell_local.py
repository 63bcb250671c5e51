"""What shell-local runs here, side by side with Debian's packer 1.6.6 where that says how it should be."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import Cancelled, Diagnostic, ImagesmithError, ProvisionError, TemplateError
from imagesmith.options import Given, complete, decode
from imagesmith.provisioners.shell_local import ShellLocal
from tests.provisioners.local_remote import Scene, is_running

AWKWARD = {
    "QUOTES": """it's a "word" and `id`""",
    "DOLLAR": "$HOME ${PATH} $(id) \\n \\",
    "NEWLINES": "one\ntwo\n\nthree",
    "CJK": "密码 パスワード",
    "BLANKS": "  in  and  out  ",
    "EQUALS": "a=b=c",
    "EMPTY": "",
}
PACKERS_OWN = ("PACKER_LOG", "PACKER_LOG_PATH", "PACKER_PLUGIN_MAGIC_COOKIE", "PACKER_PLUGIN_M")

SCAN_ARGUMENTS = """
printf '%s' "$MARK" > mark
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c -F -f mark || true
"""


@pytest.fixture(autouse=True)
def _in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(scene: Scene, **given: Any) -> None:
    complete(ShellLocal(**given)).run(None, scene.provision)


def environment_of(file: str) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in Path(file).read_text().split("\0") if entry)


def packer(provisioners: Sequence[Mapping[str, object]]) -> None:
    if not shutil.which("packer"):
        pytest.skip("packer is not installed")
    builder = {"type": "null", "name": "web", "communicator": "none"}
    template = {"builders": [builder], "provisioners": [{"type": "shell-local", **one} for one in provisioners]}
    Path("t.json").write_text(json.dumps(template))
    command = ["packer", "build", "-color=false", "t.json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.packer
def test_scripts_see_the_environment_that_packer_gives_them(scene: Scene) -> None:
    variables = [f"{name}={value}" for name, value in AWKWARD.items()]
    one = {"environment_vars": [*variables, "EMPTY=", "WHO=first", "WHO=last"]}
    packer([{"inline": ["env -0 > theirs"], **one}])
    run(scene, inline=["env -0 > ours"], **one)
    theirs, ours = environment_of("theirs"), environment_of("ours")
    theirs = {name: value for name, value in theirs.items() if not name.startswith(PACKERS_OWN)}
    for environ in (ours, theirs):
        environ.pop("_", None)
        assert len(environ.pop("PACKER_RUN_UUID")) == 36
    assert len(ours.pop("IMAGESMITH_FAMILY")) == 16
    assert ours == theirs
    assert {name: ours[name] for name in AWKWARD} == AWKWARD


@pytest.mark.packer
def test_commands_are_the_ones_that_packer_runs(scene: Scene) -> None:
    Path("s.sh").write_text("#!/bin/sh\necho $0 $A $(pwd) >> out\n")
    Path("s.sh").chmod(0o755)
    Path("sub").mkdir()
    cases: list[dict[str, Any]] = [
        {"script": "s.sh"},
        {"scripts": ["s.sh", "./sub/../s.sh"]},
        {"inline": ["echo $- $A >> out", "head -1 $0 >> out"]},
        {"inline": ["false || true", "readlink /proc/self/fd/0 >> out"]},
        {"inline": ["echo $- >> out"], "inline_shebang": "/bin/bash -u"},
        {"inline": ["#!/bin/bash", "echo first line, ${BASH_VERSION:-none} >> out"]},
        {"command": "echo from command >> out"},
        {"inline": ["echo $X_A >> out"], "env_var_format": "X_%s='%s' "},
        {"inline": ["echo $A >> out"], "env_var_format": "export %s='%s'; "},
        {"inline": ["x"], "execute_command": ["/bin/sh", "-c", "echo {{.Vars}} [{{.ID}}] >> out; {{.Vars}}printenv A"]},
        {"inline": ["x"], "execute_command": ["/bin/bash", "-c", 'echo "$0 $1" >> out', "zero", "one {{.ID}}"]},
        {"inline": ["echo $A >> out"], "execute_command": ["/usr/bin/env", "A=from env", "{{.Script}}"]},
        {"inline": ["stat -c %a $0 >> out; exit 7"], "valid_exit_codes": [7]},
    ]
    cases = [{**case, "environment_vars": ["A=it's $x"]} for case in cases]
    packer(cases)
    theirs = Path("out").rename("theirs").read_text()
    scene.generated = {"ID": "Null"}
    for case in cases:
        run(scene, **case)
    assert Path("out").read_text() == theirs
    assert len(theirs.splitlines()) == len(cases) + 2


def test_no_argument_list_here_shows_a_variable(scene: Scene) -> None:
    run(scene, inline=[SCAN_ARGUMENTS], environment_vars=["MARK=hunter-2-local"])
    usual = ["/bin/bash", "-ec", "{{.Vars}} MARK2=hunter-2-local {{.Script}}"]
    run(scene, inline=[SCAN_ARGUMENTS], env={"MARK": "hunter-2-local"}, execute_command=usual)
    assert scene.stdout == ["0", "0"]
    # Not of the form [shell, -c, text]: run as the template has it, which shows that the scan can find a value.
    plain = ["/usr/bin/env", "OTHER=hunter-2-local", "/bin/sh", "-c", "{{.Script}} hunter-2-local; true"]
    run(scene, inline=[SCAN_ARGUMENTS], env={"MARK": "hunter-2-local"}, execute_command=plain)
    assert int(scene.stdout[-1]) > 0


def test_lines_come_while_the_script_runs_and_the_last_one_needs_no_end(scene: Scene) -> None:
    Path("go").touch()
    scene.on_output = lambda line: Path("go").unlink(missing_ok=True)
    run(scene, inline=["echo first", "while [ -e go ]; do sleep 0.02; done", "printf 'a\\r\\n\\n\\377 last'"])
    assert scene.stdout == ["first", "a", "", "\ufffd last"]
    run(scene, inline=["echo trouble >&2"])
    assert scene.printed[-1] == ("stderr", "trouble")


def test_output_of_any_size_arrives_whole(scene: Scene) -> None:
    run(scene, inline=["yes 0123456789 | head -n 200000", "yes x | head -n 200000 >&2"])
    assert len(scene.stdout) == 200_000
    assert len(scene.printed) == 400_000


def test_cancelling_ends_the_whole_process_group_even_if_it_does_not_want_to(scene: Scene) -> None:
    lines = ["trap '' TERM", "(trap '' TERM; while :; do sleep 60; done) &", "echo $! $$", "while :; do sleep 60; done"]
    scene.on_output = lambda line: scene.cancel.cancel("test")
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run(scene, inline=lines)
    assert time.monotonic() - started < 5
    assert not any(is_running(pid) for pid in scene.stdout[0].split())


def test_cancelling_ends_what_has_made_itself_a_session_of_its_own(scene: Scene) -> None:
    scene.on_output = lambda line: scene.cancel.cancel("test")
    with pytest.raises(Cancelled):
        run(scene, inline=["setsid -w sh -c 'echo $$; while :; do sleep 60; done'"])
    assert not is_running(scene.stdout[0])


def test_a_cancelled_script_may_tidy_up_after_itself(scene: Scene) -> None:
    scene.on_output = lambda line: scene.cancel.cancel("test")
    lines = ["trap 'echo tidy > tidied; echo bye; exit 0' TERM", "echo ready", "while :; do sleep 0.05; done"]
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run(scene, inline=lines)
    assert Path("tidied").read_text() == "tidy\n"
    assert scene.stdout == ["ready", "bye"]
    assert time.monotonic() - started < 2


def test_a_script_that_closes_its_output_can_still_be_cancelled(scene: Scene) -> None:
    timer = threading.Timer(0.3, scene.cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        run(scene, inline=["exec >&- 2>&-", "sleep 60"])
    timer.join()


def test_the_temporary_script_is_gone_whatever_happens(scene: Scene, tmp_path: Path) -> None:
    run(scene, inline=["echo $0"], tempfile_extension=".ext")
    with pytest.raises(ProvisionError, match="the inline local script ended with exit status 4") as caught:
        run(scene, inline=["echo $0", "exit 4"])
    assert caught.value.exit_status == 4
    assert scene.stdout[0].endswith(".ext")
    assert not any(Path(path).exists() for path in scene.stdout)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"inline": ["nosuchcommand"]}, "exit status 127"),
        (
            {"inline": ["true"], "execute_command": ["/no/such/program", "{{.Script}}"]},
            "can't be started: No such file",
        ),
        ({"inline": ["true"], "environment_vars": ["A=b\0c"]}, "hold a NUL"),
        ({"script": "not-executable"}, "can't be executed|exit status 126"),
    ],
)
def test_what_can_not_be_run_is_a_clear_error(scene: Scene, given: dict[str, Any], expected: str) -> None:
    Path("not-executable").write_text("echo no\n")
    with pytest.raises(ProvisionError, match=expected):
        run(scene, **given)


def test_a_script_whose_path_has_blanks_runs(scene: Scene) -> None:
    Path("my script.sh").write_text("#!/bin/sh\necho it ran\n")
    Path("my script.sh").chmod(0o755)
    run(scene, script="my script.sh")
    assert scene.stdout == ["it ran"]


def test_a_path_among_the_variables_is_for_the_script_only(scene: Scene) -> None:
    run(scene, inline=["echo $PATH"], environment_vars=["PATH=/elsewhere"], execute_command=["sh", "-c", "{{.Script}}"])
    assert scene.stdout == ["/elsewhere"]


def test_it_runs_only_on_the_systems_that_are_named(scene: Scene) -> None:
    run(scene, inline=["echo here"], only_on=["windows", "darwin"])
    run(scene, inline=["echo there"], only_on=["linux"])
    assert scene.stdout == ["there"]
    assert "windows, darwin" in scene.said[0]


def test_many_scripts_at_once_do_not_disturb_each_other() -> None:
    scenes = [Scene() for _ in range(24)]
    failures: list[BaseException] = []

    def work(scene: Scene) -> None:
        try:
            for _ in range(4):
                run(scene, inline=["echo $WHO"], env={"WHO": str(id(scene))})
        except (ImagesmithError, OSError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(scene,)) for scene in scenes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(scene.stdout == [str(id(scene))] * 4 for scene in scenes)


def diagnostics(**given: object) -> list[Diagnostic]:
    try:
        return list(decode(ShellLocal, [Given(name, value) for name, value in given.items()], owner="shell-local")[1])
    except TemplateError as error:
        return list(error.diagnostics)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "there is no script"),
        ({"inline": ["a"], "command": "b"}, "inline and command are given"),
        ({"inline": ["a"], "only_on": ["beos"]}, 'there is no system "beos"'),
        ({"script": __file__, "use_linux_pathing": True}, "has no effect"),
    ],
)
def test_wrong_options_are_found_before_the_build(given: dict[str, object], expected: str) -> None:
    found = diagnostics(**given)
    assert len(found) == 1
    assert expected in str(found[0])
