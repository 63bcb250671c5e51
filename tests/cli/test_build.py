"""``imagesmith build`` from the outside: what it prints and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.command_line import BUILD, CommandLine, script

FAILING_AFTER_IMAGE = [{"type": "shell-local", "inline": ["exit 7"]}]


def test_a_build_ends_with_packers_lines_and_says_that_nothing_is_left(imagesmith: CommandLine) -> None:
    done = imagesmith("build", imagesmith.template(script("echo hello from the script")))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert f"    {BUILD}: hello from the script" in lines
    assert re.search(
        rf"^Build '{BUILD}' finished after \d+ milliseconds? \d+ microseconds?\.$", done.stdout, re.MULTILINE
    )
    assert "==> Builds finished. The artifacts of successful builds are:" in lines
    (artifact,) = (line for line in lines if line.startswith("--> "))
    assert artifact.startswith(f"--> {BUILD}: somewhere: image-")
    assert lines[-1].startswith("==> Nothing left behind: 5 temporary resources deleted (")
    assert imagesmith.cloud() == ["image"]
    assert "\x1b" not in done.stdout


def test_every_output_line_of_a_build_names_it(imagesmith: CommandLine) -> None:
    done = imagesmith("build", imagesmith.template(script("echo out; echo err >&2")))
    body = done.stdout.partition("\nBuild '")[0]
    assert all(line.startswith((f"==> {BUILD}: ", f"    {BUILD}: ")) for line in body.splitlines())


def test_a_failing_script_is_exit_code_1_and_one_error(imagesmith: CommandLine) -> None:
    done = imagesmith("build", imagesmith.template(script("exit 3")))
    assert done.returncode == 1
    assert "==> Some builds didn't complete successfully and had errors:" in done.stdout
    assert f"--> {BUILD}: " in done.stdout
    assert "==> Builds finished but no artifacts were created." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert imagesmith.cloud() == []


def test_something_failing_after_the_image_is_exit_code_3_and_the_image_stays(imagesmith: CommandLine) -> None:
    template = imagesmith.template(post_processors=FAILING_AFTER_IMAGE)
    done = imagesmith("build", template)
    assert done.returncode == 3
    assert re.search(rf"^--> {BUILD}: image image-\S+", done.stdout, re.MULTILINE)
    assert imagesmith.cloud() == ["image"]
    assert imagesmith("build", "--packer-exit-codes", template).returncode == 1


def test_leftovers_are_exit_code_4_and_named(imagesmith: CommandLine) -> None:
    template = imagesmith.template(undeletable="eip")
    done = imagesmith("build", template)
    assert done.returncode == 4
    assert "==> Left behind, because it could not be deleted:" in done.stdout
    assert re.search(rf"^--> {BUILD}: EIP eip-\S+: ", done.stdout, re.MULTILINE)
    assert re.search(r"^==> 'imagesmith cleanup \S+' deletes it\.$", done.stdout, re.MULTILINE)
    assert "Nothing left behind" not in done.stdout
    assert imagesmith("build", "--packer-exit-codes", template).returncode == 0


def test_a_wrong_option_is_shown_with_its_line_and_a_caret_before_anything_is_made(imagesmith: CommandLine) -> None:
    done = imagesmith("build", imagesmith.template({"type": "shell-local", "inlin": ["true"]}))
    assert (done.returncode, done.stdout) == (2, "")
    error, place, source, caret, hint = done.stderr.splitlines()[:5]
    assert 'unknown option "inlin"' in error
    line, column = map(int, re.fullmatch(r"  on web\.json:(\d+):(\d+)", place).groups())  # type: ignore[union-attr]
    assert (imagesmith.folder / "web.json").read_text().splitlines()[line - 1][column - 1 :].startswith('"inlin"')
    assert source.partition("| ")[2].index('"inlin"') == caret.partition("| ")[2].index("^")
    assert hint == '  Did you mean "inline"?'
    assert imagesmith.cloud() == []


def test_machine_readable_output_has_the_artifact_records(imagesmith: CommandLine) -> None:
    done = imagesmith("build", "-machine-readable", imagesmith.template(script("echo a, b; echo oops >&2")))
    records = [line.split(",") for line in done.stdout.splitlines()]
    assert all(re.fullmatch(r"\d{10}", record[0]) for record in records)
    assert ["", "ui", "message", f"    {BUILD}: a%!(PACKER_COMMA) b"] in [record[1:] for record in records]
    assert ["", "ui", "error", f"==> {BUILD}: oops"] in [record[1:] for record in records]
    mine = [record[2:] for record in records if record[1] == BUILD]
    assert mine[:2] == [["artifact-count", "1"], ["artifact", "0", "builder-id", "memory"]]
    assert [record[2] for record in mine[1:]] == ["builder-id", "id", "string", "files-count", "end"]


def test_machine_readable_output_counts_errors(imagesmith: CommandLine) -> None:
    done = imagesmith("build", imagesmith.template(script("exit 3")), "-machine-readable")
    records = [line.split(",", 3) for line in done.stdout.splitlines()]
    assert ["", "error-count", "1"] in [record[1:] for record in records]
    assert [record[2] for record in records if record[1] == BUILD] == ["error"]


def test_json_lines_tell_the_whole_run(imagesmith: CommandLine) -> None:
    done = imagesmith("build", "--log-format", "json", imagesmith.template(script("echo hi")))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (events[0]["event"], events[-1]["event"]) == ("RunStarted", "RunFinished")
    assert [one["at"] for one in events] == sorted(one["at"] for one in events)
    created = {one["id"] for one in events if one["event"] == "ResourceCreated"}
    deleted = {one["id"] for one in events if one["event"] in ("ResourceDeleted", "ResourceKept")}
    assert created == deleted
    finished = next(one for one in events if one["event"] == "BuildFinished")
    assert sum(finished["steps"].values()) > 0


def test_in_json_a_template_error_is_a_message(imagesmith: CommandLine) -> None:
    done = imagesmith("build", "--log-format=json", imagesmith.template({"type": "shel"}))
    (event,) = (json.loads(line) for line in done.stdout.splitlines())
    assert (done.returncode, event["event"], event["level"]) == (2, "Message", "error")
    assert 'there is no provisioner "shel"' in event["text"]


def test_secrets_are_masked_in_every_format_and_in_the_log(imagesmith: CommandLine) -> None:
    template = imagesmith.template(script("echo key=a-very-secret-key; false"))
    for words in ([], ["-machine-readable"], ["--log-format=json"]):
        done = imagesmith("build", *words, template, PACKER_LOG_PATH="debug.log")
        text = done.stdout + done.stderr + (imagesmith.folder / "debug.log").read_text()
        assert "a-very-secret-key" not in text
        assert "key=<sensitive>" in text


def test_timestamps_stand_before_each_line(imagesmith: CommandLine) -> None:
    done = imagesmith("build", "-timestamp-ui", imagesmith.template())
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: ?")
    assert all(stamp.match(line) for line in done.stdout.splitlines())


def test_off_a_terminal_there_are_colours_only_when_asked_for(imagesmith: CommandLine) -> None:
    assert "\x1b[1;32m==> " in imagesmith("build", "-color=true", imagesmith.template()).stdout


def test_the_whole_build_has_a_time_limit(imagesmith: CommandLine) -> None:
    done = imagesmith("build", "-timeout=1s", imagesmith.template(script("sleep 60")))
    assert done.returncode == 1
    assert "took longer than --timeout (1 s)" in done.stdout
    assert imagesmith.cloud() == []


def test_flags_of_packer_that_change_nothing_are_accepted_with_a_notice(imagesmith: CommandLine) -> None:
    done = imagesmith("build", "-skip-enforcement", imagesmith.template())
    assert done.returncode == 0
    assert "Warning: -skip-enforcement has no effect: HCP Packer is not used" in done.stderr


def test_an_unwritable_state_folder_is_a_usage_error(imagesmith: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = imagesmith("build", "--state-dir", str(tmp_path / "file"), imagesmith.template())
    assert done.returncode == 2
    assert "can't write the run's ledger" in done.stderr
    assert imagesmith.cloud() == []


def test_only_and_except_choose_builds(imagesmith: CommandLine) -> None:
    template = imagesmith.template()
    assert imagesmith("build", f"-only={BUILD}", template).returncode == 0
    assert imagesmith("build", f"-except={BUILD}", template).returncode == 2
