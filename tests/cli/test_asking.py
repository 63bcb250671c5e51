"""Questions, on a real terminal and without one."""

from __future__ import annotations

from tests.cli.command_line import BUILD, CommandLine, script
from tests.cli.terminal import Terminal

BREAKPOINT = {"type": "breakpoint", "note": "look around"}


def on_terminal(imagesmith: CommandLine, *words: str) -> Terminal:
    return Terminal(imagesmith.arguments(*words), cwd=imagesmith.folder, env=imagesmith.environ())


def test_a_breakpoint_waits_for_enter(imagesmith: CommandLine) -> None:
    with on_terminal(imagesmith, "build", imagesmith.template(BREAKPOINT)) as terminal:
        terminal.wait_for("Press Enter to continue")
        assert terminal.process.poll() is None
        terminal.enter("\n")
        assert terminal.wait() == 0
    assert "nothing left behind" in terminal.text


def test_ctrl_c_ends_a_question(imagesmith: CommandLine) -> None:
    with on_terminal(imagesmith, "build", "--log-format=text", imagesmith.template(BREAKPOINT)) as terminal:
        terminal.wait_for("Press Enter to continue")
        terminal.enter("\x03")
        assert terminal.wait() == 130
    assert "Cancelling build after receiving interrupt" in terminal.text
    assert imagesmith.cloud() == []


def test_a_breakpoint_without_a_terminal_is_an_error(imagesmith: CommandLine) -> None:
    done = imagesmith("build", imagesmith.template(BREAKPOINT))
    assert done.returncode == 1
    assert "needs a terminal" in done.stdout


def test_a_failed_step_can_be_retried_then_aborted(imagesmith: CommandLine) -> None:
    template = imagesmith.template(script("echo again >> tries; exit 1"))
    with on_terminal(imagesmith, "build", "-on-error=ask", template) as terminal:
        terminal.wait_for(r"\[r\] retry step: ")
        terminal.enter("r\n")
        terminal.wait_for(r"\[r] retry step: ")
        terminal.enter("a\n")
        assert terminal.wait() == 1
    assert (imagesmith.folder / "tries").read_text() == "again\nagain\n"
    assert imagesmith.cloud() == ["eip", "instance", "key", "subnet", "vpc"]


def test_without_a_terminal_ask_means_clean_up(imagesmith: CommandLine) -> None:
    done = imagesmith("build", "-on-error=ask", imagesmith.template(script("exit 1")), stdin="a\n")
    assert done.returncode == 1
    assert imagesmith.cloud() == []


def test_debug_pauses_after_each_step(imagesmith: CommandLine) -> None:
    with on_terminal(imagesmith, "build", "-debug", imagesmith.template()) as terminal:
        for step in ("source image", "login", "network", "public address", "instance", "address", "stop"):
            terminal.wait_for(f'after run of step "{step}"')
            terminal.enter("\n")
        terminal.wait_for('after run of step "image"')
        terminal.enter("\x03")
        assert terminal.wait() == 130
    assert BUILD in terminal.text
