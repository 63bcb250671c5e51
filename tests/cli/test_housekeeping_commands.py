"""``runs`` and ``cleanup``."""

from __future__ import annotations

import json
import re

from tests.cli.command_line import CommandLine, rest, script, until_ready

KEPT = ["eip", "instance", "key", "subnet", "vpc"]


def abort(imagesmith: CommandLine) -> str:
    """A run that was told to keep everything; returns its id."""
    done = imagesmith("build", "-on-error=abort", imagesmith.template(script("exit 1")))
    assert done.returncode == 1
    (run,) = re.findall(r"'imagesmith cleanup (\S+)' deletes it", done.stdout)
    return str(run)


def test_at_first_there_is_nothing_to_list_and_nothing_to_clean(imagesmith: CommandLine) -> None:
    assert imagesmith("runs").stdout == "No run is under way, and none has left anything behind.\n"
    done = imagesmith("cleanup", "--all")
    assert (done.returncode, done.stdout) == (0, "There is nothing to clean up.\n")
    assert imagesmith("cleanup").returncode == 2


def test_an_aborted_run_is_listed_and_cleaned_up(imagesmith: CommandLine) -> None:
    run = abort(imagesmith)
    assert imagesmith.cloud() == KEPT
    listed = imagesmith("runs").stdout.splitlines()
    assert listed[0].split() == ["RUN", "STATE", "STARTED", "TEMPLATE", "STILL", "THERE"]
    assert listed[1].startswith(f"{run}  leftovers  ")
    assert "web.json" in listed[1]
    (facts,) = (json.loads(line) for line in imagesmith("runs", "--log-format=json").stdout.splitlines())
    assert (facts["run"], sorted(thing["kind"] for thing in facts["open"])) == (run, KEPT)

    dry = imagesmith("cleanup", "--dry-run", run)
    assert dry.returncode == 0
    assert f"Run {run}: would delete 5 resources" in dry.stdout
    assert imagesmith.cloud() == KEPT

    done = imagesmith("cleanup", run)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Run {run}: 5 resources deleted\nNothing left behind.\n" in done.stdout
    assert imagesmith.cloud() == []
    assert imagesmith("runs").stdout.startswith("No run is under way, and none has left anything behind; 1 are on")


def test_a_killed_run_is_cleaned_up_with_all_others(imagesmith: CommandLine) -> None:
    process = imagesmith.start("build", imagesmith.template(script("echo ready; sleep 2")))
    until_ready(process)
    process.kill()
    rest(process)
    process.wait()
    assert imagesmith.cloud() == KEPT
    assert re.search(r"^\S+  dead  ", imagesmith("runs").stdout, re.MULTILINE)
    assert imagesmith("cleanup", "--all").returncode == 0
    assert imagesmith.cloud() == []


def test_a_run_may_be_named_by_its_beginning(imagesmith: CommandLine) -> None:
    run = abort(imagesmith)
    assert imagesmith("cleanup", run[:8]).returncode == 0
    done = imagesmith("cleanup", "nosuchrun")
    assert done.returncode == 2
    assert 'there is no run "nosuchrun"' in done.stderr


def test_what_can_not_be_deleted_is_named_and_exit_code_4(imagesmith: CommandLine) -> None:
    done = imagesmith("build", "-on-error=abort", imagesmith.template(script("exit 1"), undeletable="eip"))
    assert done.returncode == 1
    done = imagesmith("cleanup", "--all")
    assert done.returncode == 4
    assert re.search(r"left: EIP eip-\S+: ", done.stdout)
    assert "Nothing left behind" not in done.stdout
    assert imagesmith.cloud() == ["eip"]


def test_a_run_that_is_under_way_is_listed_and_never_touched(imagesmith: CommandLine) -> None:
    process = imagesmith.start("build", imagesmith.template(script("echo ready; until test -e go; do sleep 0.1; done")))
    assert process.stdout
    with process.stdout:
        until_ready(process)
        listed = imagesmith("runs").stdout
        (run,) = re.findall(r"^(\S+)  running  ", listed, re.MULTILINE)
        done = imagesmith("cleanup", run)
        assert done.returncode == 2
        assert "is still running" in done.stderr
        assert imagesmith("cleanup", "--all").stdout == "There is nothing to clean up.\n"
        imagesmith.write("go", "")
        process.stdout.read()
    assert process.wait(timeout=20) == 0
    assert imagesmith.cloud() == ["image"]
