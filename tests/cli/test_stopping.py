"""Signals: a build that is asked to stop tears down, however often and however it is asked."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, rest, script, until_ready

SLEEP = script("echo ready; exec sleep 60")


@pytest.mark.parametrize(
    ("number", "word"), [(signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminated"), (signal.SIGHUP, "hangup")]
)
def test_a_signal_cancels_tears_down_and_is_exit_code_130(
    imagesmith: CommandLine, number: signal.Signals, word: str
) -> None:
    process = imagesmith.start("build", imagesmith.template(SLEEP))
    until_ready(process)
    begun = time.monotonic()
    process.send_signal(number)
    told = rest(process)
    assert process.wait(timeout=10) == 130
    assert time.monotonic() - begun < 5
    assert f"==> Cancelling build after receiving {word}: tearing down ..." in told
    assert "Cleanly cancelled builds after being interrupted." in told
    assert "==> Nothing left behind: 5 temporary resources deleted" in told
    assert imagesmith.cloud() == []


def test_more_signals_skip_nothing_and_say_what_is_still_there(imagesmith: CommandLine) -> None:
    # The script ignores its end for a second, so that the teardown has not begun when the next signals come.
    process = imagesmith.start("build", imagesmith.template(script("trap '' TERM; echo ready; sleep 1")))
    until_ready(process)
    for _ in range(4):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)  # noqa: TID251  # signals that come together are delivered as one
    told = rest(process)
    assert process.wait(timeout=10) == 130
    assert "5 resources still to delete (" in told
    assert "the teardown is never skipped" in told
    assert imagesmith.cloud() == []


def test_a_hangup_that_the_caller_ignores_stays_ignored(imagesmith: CommandLine) -> None:
    arguments = imagesmith.arguments("build", imagesmith.template(script("echo ready; sleep 1")))
    shell = ["sh", "-c", "trap '' HUP; exec \"$@\"", "nohup", *arguments]
    process = subprocess.Popen(
        shell, cwd=imagesmith.folder, env=imagesmith.environ(), stdout=subprocess.PIPE, text=True
    )
    until_ready(process)
    process.send_signal(signal.SIGHUP)
    told = rest(process)
    assert process.wait(timeout=10) == 0
    assert "Cancelling" not in told


def test_a_reader_that_goes_away_stops_neither_build_nor_teardown(imagesmith: CommandLine) -> None:
    process = imagesmith.start("build", imagesmith.template(script("echo ready; sleep 1; echo more")))
    until_ready(process)
    assert process.stdout
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert imagesmith.cloud() == ["image"]


def test_the_watch_leaves_the_process_as_it_was() -> None:
    program = (
        "import os, signal, sys, threading\n"
        "from imagesmith.cli.signals import watched\n"
        "before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]\n"
        "seen, heard = [], threading.Event()\n"
        "def note(name, count):\n"
        "    seen.append((name, count)); count == 2 and heard.set()\n"
        "descriptors = os.listdir('/proc/self/fd')\n"
        "with watched(note):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    while len(seen) < 1: heard.wait(0.01)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    assert heard.wait(5)\n"
        "after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]\n"
        "assert after == before and signal.set_wakeup_fd(-1) == -1\n"
        "assert os.listdir('/proc/self/fd') == descriptors and threading.active_count() == 1\n"
        "print(seen)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "[('SIGTERM', 1), ('SIGINT', 2)]\n", done.stderr


def test_the_script_is_dead_when_the_build_has_ended(imagesmith: CommandLine) -> None:
    process = imagesmith.start("build", imagesmith.template(script("echo $$ > pid; echo ready; exec sleep 60")))
    until_ready(process)
    process.send_signal(signal.SIGTERM)
    rest(process)
    process.wait(timeout=10)
    status = Path("/proc") / (imagesmith.folder / "pid").read_text().strip() / "status"
    # What nobody has waited for yet is a zombie: dead, but still listed.
    assert not status.exists() or "State:\tZ" in status.read_text()
