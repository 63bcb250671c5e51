"""The console: from a pipe, and on a real terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.cli.terminal import Terminal

TEMPLATE = """
variable "name" { default = "web" }
variable "token" {
  default   = "very-secret-token"
  sensitive = true
}
"""


def test_every_line_of_a_pipe_is_answered_and_a_fault_sets_the_exit_code(imagesmith: CommandLine) -> None:
    imagesmith.write("t.pkr.hcl", TEMPLATE)
    done = imagesmith("console", "t.pkr.hcl", stdin="upper(var.name)\nnope(\n)\n[1,\n2]\nvar.token\nexit\n3\n")
    assert done.stdout == "WEB\n[\n  1,\n  2,\n]\n<sensitive>\n"
    assert 'no function "nope"' in done.stderr
    assert done.returncode == 1


def test_only_the_last_result_is_printed_when_that_is_wanted(imagesmith: CommandLine) -> None:
    done = imagesmith("console", "-config-type=hcl2", "-results=last", stdin="1\n2\n")
    assert (done.stdout, done.returncode) == ("2\n", 0)


def test_json_mode_renders_text_with_variables(imagesmith: CommandLine) -> None:
    done = imagesmith("console", "-var", "a=b", stdin="{{user `a` | upper}}\n{{nope}}\n")
    assert done.stdout == "B\n"
    assert done.returncode == 1
    assert "| {{nope}}" in done.stderr


def test_a_person_can_go_on_after_faults_and_interrupts(tmp_path: Path) -> None:
    (tmp_path / "t.pkr.hcl").write_text(TEMPLATE)
    environ = {**os.environ, "IMAGESMITH_STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, "-m", "imagesmith", "console", "t.pkr.hcl"]
    with Terminal(command, cwd=tmp_path, env=environ) as terminal:
        terminal.wait_for(r"> $")
        terminal.enter("upper(\n")
        terminal.wait_for(r"\n\. $")
        terminal.enter("var.na\t)\n")
        terminal.wait_for(r"\nWEB\n> $")
        terminal.enter("1 +\n")
        terminal.wait_for(r"Error: .*\n(.*\n)*> $")
        terminal.enter("half a li")
        terminal.wait_for(r"^half a li$")
        # Python's readline loop sees a signal only while it waits for a key, not just after it has shown one.
        terminal.settle()
        terminal.enter("\x03")
        terminal.wait_for(r"\n> $")
        terminal.enter('"very-secret-token"\n')
        terminal.wait_for(r"\n<sensitive>\n> $")
        terminal.enter("6 * 7\n")
        terminal.wait_for(r"\n42\n> $")
        terminal.enter("\x04")
        assert terminal.wait() == 0
    history = (tmp_path / "state" / "console_history").read_text()
    assert "6 * 7" in history
    assert "secret" not in history
