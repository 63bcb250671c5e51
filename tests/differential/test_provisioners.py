"""The same shell and file provisioners through Debian's packer 1.6.6 and through us, on a real sshd: same effects.

For every option the machine has to see the same files, modes, environment and commands, and both programs have to
succeed or fail alike. What differs is in `DIFFERENCES`, and each of them has to show: one that is gone fails a test.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from imagesmith.options import table
from imagesmith.provisioners.file import File
from imagesmith.provisioners.shell import Shell
from imagesmith.template.json_schema import legacy
from tests.communicators.ssh.openssh import SSHD
from tests.differential.logged_guest import Case, Outcome, Run, anonymous, play

pytestmark = [
    pytest.mark.packer,
    pytest.mark.skipif(not (shutil.which("packer") and SSHD), reason="packer or sshd is not installed"),
]
PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "use-it-in-packers-place.md"

AWKWARD = {
    "QUOTES": """it's a "word" and `id`""",
    "DOLLAR": "$HOME ${PATH} $(id) \\n \\",
    "NEWLINES": "one\ntwo\n\nthree",
    "CJK": "密码 パスワード",
    "BLANKS": "  in  and  out  ",
    "EMPTY": "",
}
VARIABLES = [f"{name}={value}" for name, value in AWKWARD.items()]
USUAL = "chmod +x {{.Path}}; {{.Vars}} {{.Path}}"
# Ends the sshd of the script's own connection: the nearest one that it has come from.
CUT = [
    "process=$$",
    "until grep -q '^sshd' /proc/$process/comm; do process=$(sed -n 's/^PPid:\\t//p' /proc/$process/status); done",
    "kill -KILL $process",
]
PASSED_1_S = "echo $(( $(date +%s%N) - $(cat MACHINE/last) > 1000000000 )) >> MACHINE/waited; date +%s%N > MACHINE/last"
RUNS_LONG = ["echo $$ > MACHINE/pid", "exec sleep 60"]


def shell(*inline: str, **options: Any) -> dict[str, Any]:
    return {"type": "shell", **({"inline": list(inline)} if inline else {}), **options}


def written(*inline: str, **options: Any) -> dict[str, Any]:
    """A shell provisioner whose output is in MACHINE/out."""
    if inline:
        return shell("cd MACHINE", "exec >> out 2>&1; echo next", *inline, **options)
    command = options.pop("execute_command", USUAL)
    return shell(execute_command=f"cd MACHINE; {{ {command}; }} >> out 2>&1", **options)


def upload(destination: str, **options: Any) -> dict[str, Any]:
    return {"type": "file", "destination": destination, **options}


def download(source: str, destination: str) -> dict[str, Any]:
    return {"type": "file", "direction": "download", "source": source, "destination": destination}


Edit = Callable[[Outcome], Outcome]


def unchanged(outcome: Outcome) -> Outcome:
    return outcome


@dataclass(frozen=True)
class Difference:
    """What Packer does, what we do and why, and how either outcome reads without the difference."""

    packer: str
    imagesmith: str
    theirs: Edit = unchanged
    ours: Edit = unchanged
    always: bool = False


def commands(change: Callable[[str], Iterable[str]]) -> Edit:
    """Puts others in place of each command."""
    return lambda outcome: replace(outcome, commands=tuple(new for old in outcome.commands for new in change(old)))


def without(pattern: str) -> Edit:
    return commands(lambda command: () if re.fullmatch(pattern, command, re.DOTALL) else (command,))


def removed_one_by_one(command: str) -> Iterable[str]:
    return [f"rm -f {path}" for path in command.split()[2:]] if command.startswith("rm -f ") else (command,)


def sourced(command: str) -> Iterable[str]:
    """The command in a file, in place of those that run the file and remove it."""
    if command.startswith("sourced: "):
        return (command.partition("\n")[2],)
    return () if re.fullmatch(r"(\.|rm -f) /tmp/command_N\.sh", command) else (command,)


def modes(name: str, change: Callable[[int], int]) -> Edit:
    """Changes the mode of the files of that name."""

    def edit(outcome: Outcome) -> Outcome:
        found = {path: one for path, one in outcome.files.items() if path.rpartition("/")[2] == name}
        return replace(
            outcome, files={**outcome.files, **{path: (change(m), text) for path, (m, text) in found.items()}}
        )

    return edit


def without_file(name: str) -> Edit:
    return lambda outcome: replace(outcome, files={path: one for path, one in outcome.files.items() if path != name})


def both(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(outcome: Outcome) -> Outcome:
        for one in edits:
            outcome = one(outcome)
        return outcome

    return edit


FAILED, TIMEOUT = "a script that failed", "`timeout`"
NO_FOLDER, NO_DOWNLOAD = "a `remote_folder` that is not there", "a download that failed"
# In the order in which they are taken away. The page for users holds the same rows.
DIFFERENCES: Mapping[str, Difference] = {
    "commands": Difference(
        "a newline behind each",
        "nothing is added",
        theirs=commands(lambda command: (command.removesuffix("\n"),)),
        always=True,
    ),
    "names in `/tmp`": Difference(
        "`script_1234.sh`, the same for all scripts and attempts",
        "16 random digits for each script, which nobody on the machine can guess and put something in its place",
        theirs=commands(lambda command: (anonymous(command),)),
        ours=commands(lambda command: (anonymous(command),)),
        always=True,
    ),
    "before the first provisioner": Difference(
        "nothing",
        "a command asks whether cloud-init and package managers have finished (`wait_for_guest`)",
        ours=without(r"sh -c .*; echo asked'"),
        always=True,
    ),
    "transfers": Difference(
        "`scp`, a command for each file",
        "a tar stream, of which thousands of files need one (`ssh_file_transfer_method` says otherwise)",
        theirs=without(r"scp -.*"),
        ours=without(r"exec /bin/sh -c .*imagesmith: ready.*"),
        always=True,
    ),
    "modes of scripts": Difference(
        "`chmod 0755` after the upload",
        "part of the upload: no file is there with more rights than it is to have",
        theirs=without(r"chmod 0(755|600) \S+"),
        always=True,
    ),
    "removal": Difference(
        "`rm -f` for each file, and one without any",
        "one `rm -f` for all files of a script: a round trip less",
        theirs=without(r"rm -f "),
        ours=commands(removed_one_by_one),
        always=True,
    ),
    "variables": Difference(
        "on the command line, where every user of the machine can read them",
        "the same command, uploaded with mode 0600 and sourced; a given `execute_command` is used as it is",
        ours=commands(sourced),
    ),
    "`use_env_var_file`": Difference(
        "one file for all scripts, removed after the last",
        "one for each script, removed with it: nothing is left of it when a later one fails",
        theirs=without(r"rm -f /tmp/varfile_N\.sh"),
        ours=without(r"rm -f /tmp/varfile_N\.sh"),
    ),
    FAILED: Difference(
        "stays on the machine",
        "is removed, unless `skip_clean` is set: it may hold secrets",
        theirs=both(lambda outcome: replace(outcome, left=()), without(r"rm -f \S+")),
        ours=without(r"rm -f \S+"),
    ),
    TIMEOUT: Difference(
        "the script runs on",
        "the script is ended, so that the next attempt does not run beside it",
        theirs=lambda outcome: replace(outcome, running=False),
        ours=without(r"exec /bin/sh -c '\nparent=.*"),
    ),
    "`timeout` with `pause_before`": Difference(
        "no timeout",
        "a timeout that begins after the pause: both were asked for",
        theirs=lambda outcome: replace(outcome, succeeded=False),
    ),
    "2300218 in `valid_exit_codes`": Difference(
        "a cut connection is an error all the same, which advises to set this",
        "a cut connection is a success, as documented",
        theirs=lambda outcome: replace(outcome, succeeded=True),
    ),
    "a list in `override`": Difference(
        "what is longer in the overridden list stays",
        "the list stands in place of the other one, as it is written",
        theirs=lambda outcome: replace(outcome, succeeded=True),
    ),
    NO_FOLDER: Difference(
        "the script is written to a file of the folder's name, and can't be started",
        "an error that names the folder, at once and without a file",
        theirs=both(without(r"chmod \+x \S+/none/a\.sh; .*"), without_file("machine/none")),
        ours=without(r"test -d \S+"),
    ),
    NO_DOWNLOAD: Difference(
        "an empty file is left here",
        "no file: it would pass for the real one",
        theirs=without_file("got/d"),
    ),
    "modes behind links": Difference(
        "0644, and 0755 for folders",
        "those of the file or folder that is copied: what was private stays so",
        ours=both(modes("link", lambda mode: mode | 0o044), modes("folder", lambda mode: mode | 0o005)),
    ),
    "modes and the umask": Difference(
        "less the umask of the machine's user",
        "as they are here: an image does not depend on who made it",
        ours=modes("open", lambda mode: mode & ~0o022),
    ),
    "modes of files that exist": Difference(
        "stay as they were",
        "as they are here: a whole new file takes the old one's place, so none is ever seen in part",
        ours=modes("made", lambda mode: mode | 0o004),
    ),
    "setuid and sticky bits": Difference(
        "are lost",
        "are kept, as all permission bits",
        ours=modes("special", lambda mode: mode & ~0o7000),
    ),
}

CASES: Mapping[str, Case] = {
    "environment": Case(
        [
            shell("env -0 | sort -z > MACHINE/env", environment_vars=VARIABLES),
            shell("env -0 | sort -z > MACHINE/env_file", environment_vars=VARIABLES, use_env_var_file=True),
            shell("env -0 | sort -z > MACHINE/env_none"),
            written("echo $X_A", environment_vars=["A=$x"], env_var_format="X_%s='%s' "),
            written(scripts=["s.sh", "second.sh"], environment_vars=["A=it's"]),
            shell(scripts=["s.sh", "second.sh"], environment_vars=["A=file"], use_env_var_file=True),
        ],
        differs=("variables", "`use_env_var_file`"),
    ),
    "scripts": Case(
        [
            written("echo $-; head -n 1 $0; dirname $0; readlink /proc/self/fd/0 | cut -d: -f1; wc -c"),
            written("echo $-; head -n 1 $0", inline_shebang="/bin/sh -eu"),
            written(script="s.sh"),
            written(script="s.sh", execute_command="sh {{.Path}} | od -c", binary=True),
            written(script="s.sh", execute_command="{{.Vars}} sh -c '. {{.Path}}; echo $0' '{{.ID}}'"),
            written(script="s.sh", remote_path="MACHINE/r.sh", skip_clean=True),
            written("echo $0; test -f $0", remote_folder="MACHINE", remote_file="named.sh"),
            written("echo $0; test -f $0", skip_clean=True),
            written("exit 3", valid_exit_codes=[3]),
            written("kill -KILL $$", valid_exit_codes=[0, 137]),
        ],
    ),
    "disconnect": Case([written(*CUT, expect_disconnect=True), written("echo connected again")]),
    "times": Case(
        [
            shell("date +%s%N > MACHINE/last", pause_after="1s"),
            shell(PASSED_1_S),
            shell(PASSED_1_S, "rm MACHINE/last", pause_before="1s"),
            written("test -e failed || { touch failed; exit 1; }", max_retries=2),
            shell("mkdir MACHINE/r.sh", "(sleep 1; rmdir MACHINE/r.sh) > /dev/null 2>&1 &"),
            written("echo could be uploaded", remote_path="MACHINE/r.sh", start_retry_timeout="30s"),
            written("echo in time", timeout="60s"),
            shell("exit 1", override={"NAME": {"inline": ["touch MACHINE/overridden"]}}),
            shell("exit 1", **{"except": ["EVERY"]}),
            shell("touch MACHINE/only", only=["NAME"]),
        ],
        differs=(FAILED, NO_FOLDER),
    ),
    "files": Case(
        [
            shell("mkdir MACHINE/d MACHINE/e"),
            upload("MACHINE/", source="tree"),
            upload("MACHINE/d", source="tree/"),
            upload("MACHINE/e/", sources=["s.sh", "own name"]),
            upload("MACHINE/e/with space", source="own name", direction="upload"),
            {"type": "shell-local", "inline": ["echo made > GOT/made"]},
            upload("MACHINE/made", source="GOT/made", generated=True),
            upload("MACHINE/made", source="own name"),
            download("MACHINE/d/", "GOT/contents"),
            download("MACHINE/tre*", "GOT/matching"),
            download("MACHINE/d/deep/a", "GOT/folder/"),
            download("MACHINE/d/deep/a", "GOT/other/name"),
        ],
        differs=("modes behind links", "modes and the umask", "modes of files that exist", "setuid and sticky bits"),
    ),
    "sftp": Case(
        [shell("echo sftp > MACHINE/done"), upload("MACHINE/e", source="own name")],
        builder={"ssh_file_transfer_method": "sftp"},
    ),
    "exit-status": Case([written("exit 3")], fails=True, differs=(FAILED,)),
    "wrong-exit-status": Case([shell(valid_exit_codes=[1, 2], script="s.sh")], fails=True, differs=(FAILED,)),
    "second-of-scripts": Case(
        [
            shell(
                scripts=["second.sh", "s.sh", "second.sh"], execute_command="sh {{.Path}} | tee -a MACHINE/o | grep sec"
            )
        ],
        fails=True,
        differs=(FAILED,),
    ),
    "skip-clean-of-a-failure": Case([shell("exit 1", skip_clean=True)], fails=True),
    "cut": Case([written(*CUT)], fails=True, differs=(FAILED,)),
    "cut-as-a-valid-code": Case(
        [written(*CUT, valid_exit_codes=[0, 2300218])], fails=True, differs=(FAILED, "2300218 in `valid_exit_codes`")
    ),
    "retries": Case([written("exit 4", max_retries=2)], fails=True, differs=(FAILED,)),
    "timeout": Case([shell(*RUNS_LONG, timeout="2s")], fails=True, differs=(FAILED, TIMEOUT)),
    "timeout-and-pause": Case(
        [shell("sleep 3", timeout="2s", pause_before="100ms")],
        fails=True,
        differs=(FAILED, TIMEOUT, "`timeout` with `pause_before`"),
    ),
    "never-started": Case(
        [
            shell("mkdir MACHINE/r.sh", "(sleep 8; rmdir MACHINE/r.sh) > /dev/null 2>&1 &", "echo $! > MACHINE/pid"),
            shell("true", remote_path="MACHINE/r.sh", start_retry_timeout="1s"),
        ],
        fails=True,
        differs=(FAILED, NO_FOLDER),
    ),
    "no-such-folder": Case(
        [shell("true", remote_folder="MACHINE/none", remote_file="a.sh", start_retry_timeout="1s")],
        fails=True,
        differs=(
            FAILED,
            NO_FOLDER,
        ),
    ),
    "shorter-override": Case(
        [shell("true", "exit 1", override={"NAME": {"inline": ["true"]}})],
        fails=True,
        differs=(FAILED, "a list in `override`"),
    ),
    "download-of-a-folder": Case(
        [shell("mkdir MACHINE/d"), download("MACHINE/d", "GOT/d")], fails=True, differs=(NO_DOWNLOAD,)
    ),
    "download-of-nothing": Case([download("MACHINE/none", "GOT/d")], fails=True, differs=(NO_DOWNLOAD,)),
    "upload-of-nothing": Case([upload("MACHINE/d", source="none", generated=True)], fails=True),
    "upload-onto-a-folder": Case([shell("mkdir MACHINE/d"), upload("MACHINE/d", source="own name")], fails=True),
}

# The case that gives each option. Were it ignored, its outcome would not be Packer's.
COMPARED: Mapping[str, Mapping[str, str]] = {
    "shell": {
        "inline": "scripts",
        "script": "scripts",
        "scripts": "environment",
        "inline_shebang": "scripts",
        "environment_vars": "environment",
        "env_var_format": "environment",
        "valid_exit_codes": "scripts",
        "binary": "scripts",
        "execute_command": "scripts",
        "use_env_var_file": "environment",
        "remote_folder": "scripts",
        "remote_file": "scripts",
        "remote_path": "scripts",
        "expect_disconnect": "disconnect",
        "start_retry_timeout": "never-started",
        "skip_clean": "scripts",
        "pause_after": "times",
    },
    "file": {
        "source": "files",
        "sources": "files",
        "destination": "files",
        "direction": "files",
        "generated": "files",
    },
    "every provisioner": {
        "only": "times",
        "except": "times",
        "override": "times",
        "pause_before": "times",
        "timeout": "timeout",
        "max_retries": "times",
    },
}
# Options that can't be compared: packer 1.6.6 refuses them as unknown, later releases have them.
NEWER: Mapping[str, Mapping[str, object]] = {"shell": {"env": {"A": "b"}}, "file": {"content": "text"}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[bool, tuple[Run, Run]]:
    """The template of what succeeds and that of what fails, each through packer and through imagesmith."""
    folder = tmp_path_factory.mktemp("both")
    groups = {fails: {name: case for name, case in CASES.items() if case.fails == fails} for fails in (False, True)}
    with ThreadPoolExecutor() as pool:
        both_runs = {fails: pool.submit(play, cases, folder / f"fails-{fails}") for fails, cases in groups.items()}
        return {fails: run.result() for fails, run in both_runs.items()}


def outcomes(name: str, runs: Mapping[bool, tuple[Run, Run]]) -> tuple[Outcome, Outcome]:
    packer, imagesmith = runs[CASES[name].fails]
    return packer.outcomes[name], imagesmith.outcomes[name]


def differences(name: str) -> Mapping[str, Difference]:
    return {title: one for title, one in DIFFERENCES.items() if one.always or title in CASES[name].differs}


@pytest.mark.parametrize("fails", [False, True])
def test_the_programs_succeed_and_fail_alike(fails: bool, runs: Mapping[bool, tuple[Run, Run]]) -> None:
    packer, imagesmith = runs[fails]
    assert (packer.status, imagesmith.status) == (int(fails), int(fails)), packer.said + imagesmith.said


@pytest.mark.parametrize("name", CASES)
def test_the_machine_sees_the_same(name: str, runs: Mapping[bool, tuple[Run, Run]]) -> None:
    theirs, ours = outcomes(name, runs)
    for difference in differences(name).values():
        theirs, ours = difference.theirs(theirs), difference.ours(ours)
    assert ours == theirs
    assert ours.commands or ours.files or not ours.succeeded


@pytest.mark.parametrize("title", DIFFERENCES)
def test_a_difference_is_there_still(title: str, runs: Mapping[bool, tuple[Run, Run]]) -> None:
    """With Packer and us alike there would be nothing to take away from one or the other outcome of any case."""
    shown = {"theirs": False, "ours": False}
    for name in CASES:
        theirs, ours = outcomes(name, runs)
        for other, difference in differences(name).items():
            less = difference.theirs(theirs), difference.ours(ours)
            if other == title:
                shown = {"theirs": shown["theirs"] or less[0] != theirs, "ours": shown["ours"] or less[1] != ours}
            theirs, ours = less
    difference = DIFFERENCES[title]
    for side, edit in (("theirs", difference.theirs), ("ours", difference.ours)):
        assert shown[side] == (edit is not unchanged), side


@pytest.mark.parametrize("kind", COMPARED)
def test_every_option_is_compared(kind: str) -> None:
    """An option that is new has to get a case, or a place among those that packer 1.6.6 does not have."""
    options = {"shell": set(table(Shell)), "file": set(table(File))}
    known = set(legacy.template()["$defs"]["provisioner-shell"]["properties"])
    options["every provisioner"] = known - options["shell"] - {"type"}
    assert set(COMPARED[kind]) | set(NEWER.get(kind, ())) == options[kind]
    for option, name in COMPARED[kind].items():
        given = [step for step in CASES[name].steps if step["type"] in (kind, "shell")]
        assert any(option in step for step in given) or option == "only", f"{name} does not give {option}"


@pytest.mark.parametrize("kind", NEWER)
def test_packer_refuses_the_options_that_are_not_compared(kind: str, tmp_path: Path) -> None:
    builder = {"type": "null", "communicator": "none"}
    step = {"type": kind, **NEWER[kind]}
    (tmp_path / "t.json").write_text(json.dumps({"builders": [builder], "provisioners": [step]}))
    done = subprocess.run(["packer", "validate", "t.json"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    for option in NEWER[kind]:
        assert f"unknown configuration key: '\"{option}\"'" in done.stdout + done.stderr


def test_users_are_told_the_differences() -> None:
    rows = [f"| {title} | {one.packer} | {one.imagesmith} |" for title, one in DIFFERENCES.items()]
    section = PAGE.read_text().partition("\n## What differs from Packer\n")[2].partition("\n## ")[0]
    table_of_provisioners = section.partition("| `shell` and `file` |")[2].partition("\n\n")[0]
    assert table_of_provisioners.splitlines()[2:] == rows
