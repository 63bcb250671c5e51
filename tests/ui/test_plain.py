"""Plain lines and machine-readable records: what each event becomes."""

from __future__ import annotations

import io
import json
import threading
import time
from pathlib import Path

import pytest

from imagesmith import events, redact, ui
from imagesmith.events import Event
from imagesmith.ui.json_lines import JsonLines
from imagesmith.ui.machine_readable import MachineReadable
from imagesmith.ui.plain import Plain
from tests.ui.story import NAME, OTHER, START, image_build, stamped, told

WHOLE = """\
==> web: source image: ubuntu_22_04_x64_20G_alibase_20240322.vhd (0.2 s)
==> web: login ...
==> web: network ...
==> web: public address ...
    web: created key pair imagesmith-20261121-aa01
    web: login: imagesmith-20261121-aa01 (0.1 s)
    web: created VPC vpc-bp1q7e
    web: created EIP eip-bp1uw4
    web: public address: eip-bp1uw4 (0.3 s)
    web: created vSwitch vsw-bp1x0c
    web: created security group sg-bp1mm2
==> web: Warning: port 22 is open to 0.0.0.0/0 while the build runs
    web: network: vpc-bp1q7e (0.6 s)
==> web: instance ...
    web: created instance i-bp1k3v
    web: instance: i-bp1k3v (0.3 s)
==> web: address ...
    web: instance i-bp1k3v: Starting
    web: address: 127.83.1.9 (8.1 s)
==> web: connect: 127.83.1.9 (0.4 s)
==> web: provision: shell ...
    web: Setting up nginx-part-1 (1.18.0-6) ...
    web: Setting up nginx-part-2 (1.18.0-6) ...
    web: Setting up nginx-part-3 (1.18.0-6) ...
    web: Setting up nginx-part-4 (1.18.0-6) ...
    web: Setting up nginx-part-5 (1.18.0-6) ...
==> web: debconf: delaying package configuration
    web: provision: shell done (2.1 s)
==> web: stop (5.0 s)
==> web: image ...
    web: created image m-bp1fzz
    web: image m-bp1fzz: Creating 0 %
    web: image m-bp1fzz: Creating 37 %
    web: image m-bp1fzz: Creating 60 %
    web: image m-bp1fzz: Creating 88 %
    web: image: m-bp1fzz (11 s)
==> web: teardown ...
    web: deleted instance i-bp1k3v
    web: deleted EIP eip-bp1uw4
    web: deleted security group sg-bp1mm2
    web: deleted vSwitch vsw-bp1x0c
    web: deleted VPC vpc-bp1q7e
    web: deleted key pair imagesmith-20261121-aa01
    web: teardown: 6 deleted (3.0 s)
==> web: publish: cn-beijing:m-bp1fzz (0.2 s)
==> web: image m-bp1fzz in cn-beijing, tagged role=web, team=platform, core
Build 'web' finished after 31 seconds 400 milliseconds.

==> Wait completed after 31 seconds 500 milliseconds

==> Builds finished. The artifacts of successful builds are:
--> web: Alicloud images were created:

cn-beijing: m-bp1fzz

==> Nothing left behind: 6 temporary resources deleted (instance, EIP, security group, vSwitch, VPC, key pair).
"""


def plain(*run: Event, **wishes: bool) -> str:
    stream = io.StringIO()
    surface = Plain(stream, **wishes)
    for event in run:
        surface(event)
    surface.close()
    return stream.getvalue()


def test_a_whole_build_reads_like_this() -> None:
    assert plain(*stamped(told(image_build("web")))) == WHOLE


def test_a_failed_build_ends_with_its_error_and_what_became_of_its_things() -> None:
    text = plain(*stamped(told(image_build("web", fail=True), exit_code=1)))
    error = "the script exited with status 100, allowed are 0 (look at the script's output above)"
    assert text.endswith(f"""\
Build 'web' errored after 14 seconds 200 milliseconds: {error}

==> Wait completed after 31 seconds 500 milliseconds

==> Some builds didn't complete successfully and had errors:
--> web: {error}

==> Builds finished but no artifacts were created.

==> Nothing left behind: 6 temporary resources deleted (instance, EIP, security group, vSwitch, VPC, key pair).
""")


def test_an_error_with_a_place_shows_the_line(tmp_path: Path) -> None:
    template = tmp_path / "t.pkr.hcl"
    template.write_text('build {\n  provisioner "shell" {\n  }\n}\n')
    failed = events.BuildFailed(build="web", seconds=1.0, error=f"{template}:2:15: the script failed", hint="read it")
    text = plain(failed, events.RunFinished(seconds=1.0, exit_code=1))
    assert '    2 | provisioner "shell" {\n' in text
    assert "      |             ^\n" in text
    assert "    read it\n" in text


def test_leftovers_and_kept_things_are_listed_with_the_command_that_deletes_them() -> None:
    text = plain(
        events.RunStarted(run="run-1"),
        events.ResourceCreated(build="web", kind="VPC", id="vpc-1"),
        events.ResourceCreated(build="web", kind="EIP", id="eip-1"),
        events.ResourceLeft(build="web", kind="VPC", id="vpc-1", error="it is in use"),
        events.ResourceKept(build="web", kind="EIP", id="eip-1", reason="abort"),
        events.BuildFailed(build="web", seconds=1.0, error="no"),
        events.RunFinished(seconds=1.0, exit_code=4),
    )
    assert "\n==> Kept on purpose:\n--> web: EIP eip-1 (-on-error=abort)\n" in text
    assert "\n==> Left behind, because it could not be deleted:\n--> web: VPC vpc-1: it is in use\n" in text
    assert text.endswith("\n==> 'imagesmith cleanup run-1' deletes it.\n")
    assert "Nothing left behind" not in text


def test_an_image_kept_after_a_failure_is_named() -> None:
    text = plain(
        events.ResourceCreated(build="web", kind="image", id="m-1"),
        events.ResourceKept(build="web", kind="image", id="m-1", reason="result"),
        events.BuildFailed(build="web", seconds=1.0, error="publishing failed", kind="PostProcessError"),
        events.RunFinished(seconds=1.0, exit_code=3),
    )
    assert "\n==> Kept on purpose:\n--> web: image m-1\n" in text


def test_a_cancelled_run_says_so_and_lists_no_errors() -> None:
    text = plain(
        events.BuildFailed(build="web", seconds=1.0, error="cancelled: received interrupt", kind="Cancelled"),
        events.RunFinished(seconds=1.0, exit_code=130),
    )
    assert "\nCleanly cancelled builds after being interrupted.\n" in text
    assert "Some builds didn't complete" not in text


def test_output_loses_trailing_blanks_empty_lines_and_overwritten_progress() -> None:
    lines = ["  indented  ", "", "10 %\r20 %\r30 %", "\r"]
    output = [events.Output(build="web", stream="stdout", line=line) for line in lines]
    assert plain(*output) == "    web:   indented\n    web: 30 %\n"


def test_each_line_of_a_message_is_prefixed_and_debug_is_for_debugging() -> None:
    message = events.Message(build="web", text="one\ntwo")
    detail = events.Message(build="web", text="detail", level="debug")
    assert plain(message, detail) == "==> web: one\n==> web: two\n"
    assert "detail" in plain(detail, debug=True)


def test_colours_are_per_build_and_errors_are_red() -> None:
    run = [
        events.Message(build=NAME, text="a"),
        events.Message(build=OTHER, text="b"),
        events.Message(build=NAME, text="c", level="error"),
        events.Output(build=NAME, stream="stdout", line="d"),
    ]
    assert plain(*run, colour=True).splitlines() == [
        f"\x1b[1;32m==> {NAME}: a\x1b[0m",
        f"\x1b[1;36m==> {OTHER}: b\x1b[0m",
        f"\x1b[1;31m==> {NAME}: c\x1b[0m",
        f"\x1b[0;32m    {NAME}: d\x1b[0m",
    ]


def test_timestamps_are_those_of_the_events() -> None:
    message = events.Message(build="web", text="a\nb", at=START)
    assert plain(message, timestamps=True) == ("2026-11-21T16:55:10Z: ==> web: a\n2026-11-21T16:55:10Z: ==> web: b\n")


def test_long_silence_is_broken_by_a_heartbeat_that_says_what_is_waited_for() -> None:
    before = threading.active_count()
    stream = io.StringIO()
    surface = Plain(stream, silence_s=0.2)
    surface(events.BuildStarted(build="web", builder_type="x"))
    surface(events.StepStarted(build="web", step="image", at=time.time() - 90))
    surface(events.Waiting(build="web", what="snapshot s-1", state="progressing", percent=40.0))
    deadline = time.monotonic() + 5
    while "still at it" not in stream.getvalue() and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    surface.close()
    assert "    web: image: still at it after 1 m 30 s, progressing 40 %\n" in stream.getvalue()
    assert threading.active_count() == before


def test_a_slow_step_is_announced_though_nothing_else_happens() -> None:
    stream = io.StringIO()
    surface = Plain(stream)
    surface(events.BuildStarted(build="web", builder_type="x"))
    surface(events.StepStarted(build="web", step="image"))
    assert stream.getvalue() == ""
    deadline = time.monotonic() + 5
    while not stream.getvalue() and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    surface.close()
    assert stream.getvalue() == "==> web: image ...\n"


def test_events_wait_while_a_question_is_asked() -> None:
    stream = io.StringIO()
    surface = Plain(stream)
    with surface.paused():
        surface(events.Message(build="web", text="later"))
        assert stream.getvalue() == ""
    assert stream.getvalue() == "==> web: later\n"


class Gone(io.StringIO):
    """A terminal that hung up."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("kind", [Plain, MachineReadable, JsonLines])
def test_an_output_that_has_gone_stops_nothing(kind: type[Plain | MachineReadable | JsonLines]) -> None:
    surface: ui.Surface = kind(Gone())
    for event in stamped(told(image_build())):
        surface(event)
    surface.notice("still here")
    surface.close()
    assert surface.record.finished


def test_machine_readable_records_are_packers() -> None:
    stream = io.StringIO()
    surface = MachineReadable(stream)
    artifact = events.ArtifactReady(
        build="web", builder_id="alibaba.alicloud", id="cn-beijing:m-1", description="one, two\nthree", files=("a,b",)
    )
    for event in (artifact, events.RunFinished(seconds=2.0)):
        surface(event)
    records = [line.partition(",")[2] for line in stream.getvalue().splitlines()]
    assert records == [
        r",ui,say,\n==> Wait completed after 2 seconds",
        r",ui,say,\n==> Builds finished. The artifacts of successful builds are:",
        "web,artifact-count,1",
        "web,artifact,0,builder-id,alibaba.alicloud",
        "web,artifact,0,id,cn-beijing:m-1",
        r"web,artifact,0,string,one%!(PACKER_COMMA) two\nthree",
        "web,artifact,0,files-count,1",
        "web,artifact,0,file,0,a%!(PACKER_COMMA)b",
        "web,artifact,0,end",
        r",ui,say,--> web: one%!(PACKER_COMMA) two\nthree",
    ]


def test_json_lines_are_the_events_as_they_are() -> None:
    stream = io.StringIO()
    surface = JsonLines(stream)
    run = list(stamped(told(image_build())))
    for event in run:
        surface(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == [type(event).__name__ for event in run]
    assert all(line["at"] == event.at and line["build"] == event.build for line, event in zip(lines, run, strict=True))


def test_secrets_are_masked_by_every_surface() -> None:
    redact.register("tell-nobody")
    message = events.Message(build="web", text="it is tell-nobody")
    for kind in (Plain, MachineReadable, JsonLines):
        stream = io.StringIO()
        surface: ui.Surface = kind(stream)
        surface(message)
        surface.notice("and tell-nobody")
        assert "tell-nobody" not in stream.getvalue()
        assert stream.getvalue().count("<sensitive>") == 2
