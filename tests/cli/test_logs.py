"""PACKER_LOG and PACKER_LOG_PATH."""

from __future__ import annotations

import re

from tests.cli.command_line import CommandLine, script

LINE = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[A-Z]+\] [\w.-]+: ", re.MULTILINE)


def test_no_log_without_the_variable_or_with_0(imagesmith: CommandLine) -> None:
    template = imagesmith.template()
    assert imagesmith("validate", template).stderr == ""
    assert imagesmith("build", template, PACKER_LOG="0").stderr == ""


def test_packer_log_writes_events_to_stderr(imagesmith: CommandLine) -> None:
    done = imagesmith("build", imagesmith.template(), PACKER_LOG="1")
    assert all(LINE.match(line) for line in done.stderr.splitlines())
    assert "imagesmith: RunFinished" in done.stderr
    assert "[DEBUG]" not in done.stdout


def test_a_log_file_is_private_begun_anew_and_needs_no_packer_log(imagesmith: CommandLine) -> None:
    path = imagesmith.folder / "packer.log"
    path.write_text("old\n")
    done = imagesmith("build", imagesmith.template(), PACKER_LOG_PATH=str(path))
    assert done.stderr == ""
    assert "old" not in path.read_text()
    assert "imagesmith: RunFinished" in path.read_text()


def test_the_log_can_be_read_while_it_is_written(imagesmith: CommandLine) -> None:
    path = imagesmith.folder / "packer.log"
    process = imagesmith.start(
        "build", imagesmith.template(script("cat packer.log | wc -l")), PACKER_LOG_PATH=str(path)
    )
    assert process.stdout
    with process.stdout:
        told = process.stdout.read()
    assert process.wait(timeout=20) == 0
    (count,) = re.findall(r"^    \S+: +(\d+)$", told, re.MULTILINE)
    assert int(count) > 10


def test_what_third_parties_log_and_warn_of_is_masked(imagesmith: CommandLine) -> None:
    program = """
import logging, os, warnings
from imagesmith import redact
from imagesmith.cli import logs
logs.configure()
redact.register("hush hush")
logging.getLogger("urllib3.connectionpool").debug("GET /?key=%s", "hush%20hush")
warnings.warn("the key hush hush is old", UserWarning)
try:
    raise ValueError("hush hush")
except ValueError:
    logging.getLogger("sdk").exception("failed")
logging.getLogger("sdk").warning("%d", "not a number hush hush")
"""
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", program],
        env=imagesmith.environ() | {"PACKER_LOG": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "hush hush" not in done.stderr
    assert "hush%20hush" not in done.stderr
    assert "GET /?key=<sensitive>" in done.stderr
    assert "the key <sensitive> is old" in done.stderr
    assert "ValueError: <sensitive>" in done.stderr


def test_a_log_that_can_not_be_written_is_a_usage_error(imagesmith: CommandLine) -> None:
    done = imagesmith("validate", imagesmith.template(), PACKER_LOG_PATH="/nonexistent/packer.log")
    assert done.returncode == 2
    assert "can't write the log to /nonexistent/packer.log" in done.stderr
