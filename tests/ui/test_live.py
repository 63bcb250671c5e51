"""The live view, on a real terminal."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console

from imagesmith import events, ui
from imagesmith.ui import live_parts
from imagesmith.ui.record import Record
from tests.cli.terminal import Terminal
from tests.ui.story import NAME, OTHER, START, THIRD, image_build, stamped, told

STORY = [sys.executable, str(Path(__file__).parent / "story.py"), "--speed"]


def test_a_build_is_drawn_while_it_runs_and_summed_up_at_the_end() -> None:
    with Terminal([*STORY, "0.1"]) as terminal:
        terminal.wait_for(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] address +instance i-bp1k3v  Starting +\d\.\d s")
        terminal.wait_for(r"in the cloud for now: key pair, VPC, EIP, vSwitch, security group, instance")
        terminal.wait_for(r"✓ address +127\.83\.1\.9 +8\.1 s")
        terminal.wait_for(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] image +m-bp1fzz  Creating  \d\d %  ━+─+ ")
        terminal.wait_for(r"tearing down: \d of \d deleted, still there: ")
        assert terminal.wait() == 0
    end = terminal.text[terminal.text.rindex(f" ✓ {NAME}") :]
    assert [line.rstrip() for line in end.splitlines()][1:] == [
        "   ✓ source image     ubuntu_22_04_x64_20G_alibase_20240322.vhd                               0.2 s",
        "   ✓ login            imagesmith-20261121-aa01                                                0.1 s",
        "   ✓ network          vpc-bp1q7e                                                              0.6 s",
        "   ✓ public address   eip-bp1uw4                                                              0.3 s",
        "   ✓ instance         i-bp1k3v                                                                0.3 s",
        "   ✓ address          127.83.1.9                                                              8.1 s",
        "   ✓ connect          127.83.1.9                                                              0.4 s",
        "   ✓ provision: shell                                                                         2.1 s",
        "   ✓ stop                                                                                     5.0 s",
        "   ✓ image            m-bp1fzz                                                                 11 s",
        "   ✓ teardown         6 deleted                                                               3.0 s",
        "   ✓ publish          cn-beijing:m-bp1fzz                                                     0.2 s",
        "",
        "     image            m-bp1fzz  in cn-beijing",
        "     tags             role = web",
        "                      team = platform, core",
        "",
        "     cleaned up       instance, EIP, security group, vSwitch, VPC, key pair",
        " ✓ nothing left behind",
    ]


def test_the_terminal_is_left_as_it_was_found() -> None:
    with Terminal([*STORY, "0.03", "--fail"]) as terminal:
        assert terminal.wait() == 0
    assert terminal.raw.count("\x1b[?25l") == terminal.raw.count("\x1b[?25h") > 0
    assert "Error: the script exited with status 100" in terminal.text


def test_without_colours_nothing_is_coloured() -> None:
    with Terminal([*STORY, "0.03"], env={**os.environ, "NO_COLOR": "1"}) as terminal:
        terminal.wait_for("✓ source image")
        terminal.wait()
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", terminal.raw)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"PYTHONIOENCODING": "latin-1"}])
def test_a_terminal_that_can_not_be_drawn_on_gets_plain_lines(environment: dict[str, str]) -> None:
    with Terminal([*STORY, "0.03"], env={**os.environ, **environment}) as terminal:
        assert terminal.wait() == 0
    assert f"==> {NAME}: image ..." in terminal.text
    assert "\x1b[?25l" not in terminal.raw


def record_of(*names: str, until: float) -> Record:
    record = Record()
    for event in stamped(told(*(image_build(name) for name in names))):
        if event.at - START > until:
            break
        record.take(event)
    return record


@pytest.mark.parametrize("height", [6, 10, 16, 24, 30, 50])
@pytest.mark.parametrize("until", [0.0, 5.0, 20.0, 60.0, 1e9])
def test_the_picture_always_fits(height: int, until: float) -> None:
    record = record_of(NAME, OTHER, THIRD, until=until)
    for width in (40, 80, 100, 200):
        lines = live_parts.picture(record, START + until, width, height)
        assert len(lines) <= max(6, height - 8)
        assert all(line.cell_len < width for line in lines)


def test_with_little_room_only_running_steps_are_shown() -> None:
    record = record_of(NAME, until=14.0)
    shown = "\n".join(line.plain for line in live_parts.picture(record, START + 14, 100, 16))
    assert re.search(r"✓ \d+ steps done", shown)
    assert "source image" not in shown


def test_of_several_builds_each_line_says_whose_it_is() -> None:
    output = events.Output(build=OTHER, stream="stdout", line="hello")
    line = live_parts.scrolled(output, names=(NAME, OTHER), width=100, debug=False)
    assert line is not None
    assert line.plain == f" {OTHER:<{len(NAME)}}    hello"


def test_a_long_warning_is_wrapped_below_its_beginning() -> None:
    warning = events.Message(build=NAME, text="word " * 30, level="warning")
    line = live_parts.scrolled(warning, names=(NAME,), width=100, debug=False)
    assert line is not None
    first, second = line.plain.splitlines()
    assert len(first) < 100
    assert (first[:7], second[:7]) == (" ! word", "   word")


def test_the_summary_of_several_builds_is_short() -> None:
    record = record_of(NAME, OTHER, THIRD, until=1e9)
    assert record.finished
    stream = io.StringIO()
    Console(file=stream, width=100).print(live_parts.summary(record, record.finished, 100))
    text = stream.getvalue()
    assert len(text.splitlines()) < 40
    assert text.count(" steps ") == 3
    assert text.count("nothing left behind") == 1


def test_leftovers_are_in_the_summary_with_the_command_that_deletes_them() -> None:
    record = Record()
    run = [
        events.RunStarted(run="run-1", builds=("web",)),
        events.ResourceCreated(build="web", kind="VPC", id="vpc-1"),
        events.ResourceLeft(build="web", kind="VPC", id="vpc-1", error="in use"),
        events.BuildFinished(build="web", seconds=1.0),
    ]
    for event in run:
        record.take(event)
    text = live_parts.summary(record, events.RunFinished(seconds=1.0, exit_code=4), 100).plain
    assert "left behind      VPC vpc-1  in use" in text
    assert "to delete it     imagesmith cleanup run-1" in text
    assert "nothing left" not in text


class Teletype(io.StringIO):
    """A terminal that is only written to."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("wishes", "kind"),
    [
        (ui.Wishes(), "Live"),
        (ui.Wishes(format="text"), "Plain"),
        (ui.Wishes(timestamps=True), "Plain"),
        (ui.Wishes(live=False), "Plain"),
        (ui.Wishes(format="json"), "JsonLines"),
        (ui.Wishes(format="machine-readable"), "MachineReadable"),
    ],
)
def test_the_surface_fits_the_wishes(wishes: ui.Wishes, kind: str) -> None:
    surface = ui.open_surface(wishes, Teletype(), {"TERM": "xterm"})
    assert type(surface).__name__ == kind
    assert type(ui.open_surface(ui.Wishes(), io.StringIO(), {"TERM": "xterm"})).__name__ == "Plain"


@pytest.mark.parametrize(
    ("asked", "environment", "coloured"),
    [
        (None, {}, True),
        (None, {"NO_COLOR": "1"}, False),
        (None, {"PACKER_NO_COLOR": "yes"}, False),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, True),
    ],
)
def test_colours_are_wanted_or_not(asked: bool | None, environment: dict[str, str], coloured: bool) -> None:
    assert ui.wants_colour(asked, Teletype(), {"TERM": "xterm", **environment}) is coloured
    assert ui.wants_colour(None, io.StringIO(), {"TERM": "xterm"}) is False
