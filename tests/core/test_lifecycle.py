"""A build on a cloud where every call fails once: nothing is left, whatever happens."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imagesmith import Build, RunSettings, events, housekeeping
from imagesmith.errors import (
    BuildTimeout,
    Cancelled,
    LeftoversRemain,
    PostProcessError,
    QuotaExceeded,
    ServiceUnavailable,
)
from imagesmith.interfaces import Intent, Resource
from imagesmith.ledger import Ledger, read_all
from imagesmith.lifecycle import Policy, Run
from imagesmith.runner import run_plan
from imagesmith.waiting import CancelToken
from tests.core.memory_builder import MemoryEcs

FORWARD_CALLS = 8


def holds(store: Path) -> list[str]:
    return sorted(fact["kind"] for fact in json.loads(store.read_text()).values()) if store.exists() else []


def test_a_build_leaves_the_image_and_nothing_else(tmp_path: Path, state_dir: Path) -> None:
    seen: list[events.Event] = []
    artifact = Build(source=MemoryEcs(store=str(tmp_path / "cloud"))).run(on_event=seen.append)
    assert holds(tmp_path / "cloud") == ["image"]
    assert artifact.images.keys() == {"somewhere"}
    assert [run.state for run in housekeeping.list_runs(state_dir)] == ["clean"]
    steps = [event.step for event in seen if isinstance(event, events.StepFinished)]
    assert steps[0] == "source image"
    assert set(steps[1:4]) == {"login", "network", "public address"}
    assert steps[4:] == ["instance", "address", "stop", "image", "publish", "teardown"]


@pytest.mark.parametrize("call", range(FORWARD_CALLS))
@pytest.mark.parametrize("fault", ["refuse", "lose answer", "list late"])
def test_any_failing_call_leaves_nothing(tmp_path: Path, fault: str, call: int) -> None:
    source = MemoryEcs(store=str(tmp_path / "cloud"), fault=fault, fault_at=call)
    outcome = run_plan(Build(source=source).plan(), RunSettings(), lambda _event: None)
    kept = holds(tmp_path / "cloud")
    assert kept in ([], ["image"])
    for error in outcome.errors.values():
        assert isinstance(error, PostProcessError) == ("image" in kept)


@pytest.mark.parametrize("call", range(FORWARD_CALLS + 5))
@pytest.mark.parametrize("fault", ["die before", "die after"])
def test_a_killed_process_is_cleaned_up_by_another(tmp_path: Path, state_dir: Path, fault: str, call: int) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.core.memory_builder import MemoryEcs\n"
        "from imagesmith import Build\n"
        "Build(source=MemoryEcs(store=sys.argv[2], fault=sys.argv[3], fault_at=int(sys.argv[4]))).run()\n"
    )
    root, store = str(Path(__file__).parents[2]), str(tmp_path / "cloud")
    done = subprocess.run([sys.executable, "-c", code, root, store, fault, str(call)], check=False, env=os.environ)
    assert done.returncode == 9
    (summary,) = housekeeping.list_runs(state_dir)
    if summary.state == "dead":
        assert housekeeping.clean(summary.run, dry_run=True).deleted
        healthy = rewrite_without_fault(state_dir)
        assert housekeeping.clean(healthy).exit_code == 0
    assert set(holds(tmp_path / "cloud")) <= {"image"}
    assert housekeeping.list_runs(state_dir)[0].state == "clean"


def test_what_arrives_after_its_caller_has_died_is_cleaned_up_too(tmp_path: Path, state_dir: Path) -> None:
    code = "import sys; from tests.core.memory_builder import MemoryEcs; from imagesmith import Build\n"
    code += "Build(source=MemoryEcs(store=sys.argv[1], fault='die after', fault_at=3)).run()\n"
    root, store = Path(__file__).parents[2], tmp_path / "cloud"
    subprocess.run([sys.executable, "-c", code, str(store)], check=False, env=os.environ, cwd=root)
    there = json.loads(store.read_text())
    late, fact = list(there.items())[-1]
    store.write_text(json.dumps({name: kept for name, kept in there.items() if name != late}))
    arrival = threading.Timer(0.6, lambda: store.write_text(json.dumps({**json.loads(store.read_text()), late: fact})))
    arrival.start()
    assert housekeeping.clean(rewrite_without_fault(state_dir)).exit_code == 0
    arrival.join()
    assert holds(store) == []


def test_a_cleanup_finds_the_second_of_two_but_leaves_the_image_that_was_kept(tmp_path: Path, state_dir: Path) -> None:
    """A create without an answer was repeated, for nobody saw yet that it had made something."""
    store, first = tmp_path / "cloud", Intent("image", "1" * 32, "web")
    store.write_text(json.dumps({one: {"kind": "image", "token": first.token} for one in ("image-lost", "image-good")}))
    with Ledger.create(state_dir, "20260101-000000-000000") as ledger:
        ledger.build("b", MemoryEcs(store=str(store)).builder_type, {"store": str(store)}, simulated=False)
        again = dataclasses.replace(first, attempt=2)
        ledger.intent("b", first)
        ledger.intent("b", again)
        ledger.owned("b", again, "image-good")
        ledger.kept("b", Resource("image", "image-good"))
    assert housekeeping.clean("20260101-000000-000000").exit_code == 0
    assert list(json.loads(store.read_text())) == ["image-good"]


def rewrite_without_fault(state_dir: Path) -> str:
    """The cloud has recovered when the cleanup comes."""
    (path,) = (state_dir / "runs").iterdir()
    path.write_text(path.read_text().replace('"fault":"die', '"fault":"no'))
    return path.stem


def test_a_failing_delete_is_reported_and_stops_nothing_else(tmp_path: Path, state_dir: Path) -> None:
    with pytest.raises(LeftoversRemain) as caught:
        Build(source=MemoryEcs(store=str(tmp_path / "cloud"), undeletable="eip")).run()
    assert [kind for kind, _, _ in caught.value.leftovers] == ["eip"]
    assert caught.value.exit_code == 4
    assert holds(tmp_path / "cloud") == ["eip", "image"]
    assert [run.state for run in housekeeping.list_runs(state_dir)] == ["leftovers"]


def test_abort_keeps_everything_and_cleanup_removes_it(tmp_path: Path, state_dir: Path) -> None:
    source = MemoryEcs(store=str(tmp_path / "cloud"), fault="refuse", fault_at=6)
    with pytest.raises(QuotaExceeded):
        Build(source=source, settings=RunSettings(on_error="abort")).run()
    assert holds(tmp_path / "cloud") == ["eip", "instance", "key", "subnet", "vpc"]
    (record,) = read_all(state_dir)
    path = record.path
    path.write_text(path.read_text().replace('"fault":"refuse"', '"fault":""'))
    assert housekeeping.clean(record.run).exit_code == 0
    assert holds(tmp_path / "cloud") == []


def test_ask_can_retry_a_step_and_undoes_the_failed_attempt(tmp_path: Path) -> None:
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return "r"

    source = MemoryEcs(store=str(tmp_path / "cloud"), fault="refuse", fault_at=5)
    Build(source=source, settings=RunSettings(on_error="ask", ask=ask)).run()
    assert len(prompts) == 1
    assert 'Step "stop" failed' in prompts[0]
    assert holds(tmp_path / "cloud") == ["image"]


def test_debug_pauses_after_every_step_and_before_every_deletion(tmp_path: Path) -> None:
    prompts: list[str] = []

    def press_enter(prompt: str) -> str:
        prompts.append(prompt)
        return ""

    settings = RunSettings(debug=True, ask=press_enter)
    Build(source=MemoryEcs(store=str(tmp_path / "cloud")), settings=settings).run()
    assert sum("after run of step" in prompt for prompt in prompts) == 10
    assert sum("before cleanup of" in prompt for prompt in prompts) == 5


def test_cancelling_tears_down_and_says_cancelled(tmp_path: Path) -> None:
    cancel = CancelToken()

    def stop_at_instance(event: events.Event) -> None:
        if isinstance(event, events.ResourceCreated) and event.kind == "instance":
            cancel.cancel("the user pressed Ctrl-C")

    settings = RunSettings(cancel=cancel)
    with pytest.raises(Cancelled, match="Ctrl-C"):
        Build(source=MemoryEcs(store=str(tmp_path / "cloud")), settings=settings).run(on_event=stop_at_instance)
    assert holds(tmp_path / "cloud") == []


def test_the_whole_build_has_a_timeout(tmp_path: Path) -> None:
    from imagesmith import Sleep

    settings = RunSettings(timeout_s=0.3)
    with pytest.raises(BuildTimeout, match="--timeout"):
        Build(
            source=MemoryEcs(store=str(tmp_path / "cloud")), provisioners=[Sleep(duration=60)], settings=settings
        ).run()
    assert holds(tmp_path / "cloud") == []


def test_the_ledger_holds_no_secret(tmp_path: Path, state_dir: Path) -> None:
    Build(source=MemoryEcs(store=str(tmp_path / "cloud"), access_key="AK,with'odd$signs")).run()
    (record,) = read_all(state_dir)
    text = record.path.read_text()
    assert "odd$signs" not in text
    assert "very secret key" not in text


def test_a_live_run_is_told_from_a_dead_one(tmp_path: Path, state_dir: Path) -> None:
    states: list[str] = []

    def look(event: events.Event) -> None:
        if isinstance(event, events.StepFinished) and event.step == "instance":
            states.extend(run.state for run in housekeeping.list_runs(state_dir))

    Build(source=MemoryEcs(store=str(tmp_path / "cloud"))).run(on_event=look)
    assert states == ["running"]


def test_a_torn_last_line_of_the_ledger_is_passed_over(tmp_path: Path, state_dir: Path) -> None:
    Build(source=MemoryEcs(store=str(tmp_path / "cloud"))).run()
    (record,) = read_all(state_dir)
    record.path.write_text(record.path.read_text() + '{"event": "own')
    assert read_all(state_dir)[0].open == ()


def test_an_event_callback_that_fails_cancels_the_build_and_teardown_goes_on(tmp_path: Path) -> None:
    def fail(event: events.Event) -> None:
        if isinstance(event, events.ResourceCreated) and event.kind == "instance":
            raise ValueError("my own mistake")

    with pytest.raises(Cancelled, match="ValueError: my own mistake"):
        Build(source=MemoryEcs(store=str(tmp_path / "cloud"))).run(on_event=fail)
    assert holds(tmp_path / "cloud") == []


def test_nothing_is_created_without_a_ledger(tmp_path: Path) -> None:
    """A full disk is found before the cloud is asked; what was made before is torn down."""
    code = (
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.core.memory_builder import MemoryEcs\n"
        "from imagesmith import Build, errors\n"
        "import imagesmith.image_build, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))\n"
        "try:\n    Build(source=MemoryEcs(store=sys.argv[2])).run()\n"
        "except errors.LedgerError as error:\n    print(error)\n"
    )
    root, store = str(Path(__file__).parents[2]), str(tmp_path / "cloud")
    for size in (900, 1500, 2500):
        command = [sys.executable, "-c", code, root, store, str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
        assert "can't write the ledger" in done.stdout, done.stdout + done.stderr
        assert holds(tmp_path / "cloud") == []


def test_builds_in_several_threads_do_not_know_each_other(tmp_path: Path, state_dir: Path) -> None:
    def build(number: int) -> str:
        seen: list[str] = []
        folder = str(tmp_path / f"cloud{number}")
        source = MemoryEcs(store=folder, access_key=f"key of thread {number}")
        artifact = Build(source=source, name=f"b{number}").run(on_event=lambda event: seen.append(event.build))
        assert set(seen) == {"", f"b{number}"}
        return artifact.id

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(build, range(8)))
    assert len(set(made)) == 8
    assert [run.state for run in housekeeping.list_runs(state_dir)] == ["clean"] * 8


def test_the_dead_man_timer_is_pushed_back_while_the_build_lives(tmp_path: Path, state_dir: Path) -> None:
    renewed: list[str] = []
    said: list[str] = []

    def renew(machine: str) -> None:
        renewed.append(machine)
        if len(renewed) == 2:
            raise ServiceUnavailable("not now")

    def note(event: events.Event) -> None:
        if isinstance(event, events.Message):
            said.append(event.text)

    with Ledger.create(state_dir, "leased") as ledger:
        policy = Policy(renew_every_s=0.02)
        run = Run(run_id="r", build_name="b", ledger=ledger, on_event=note, cancel=CancelToken(), policy=policy)
        with run.lease(renew, "i-1"):
            run.cancel.wait(0.2)
        count = len(renewed)
        run.cancel.wait(0.1)
    assert count >= 3, "a failed renewal does not end the renewals"
    assert len(renewed) == count, "they end with the build"
    assert said == ["could not push back the instance's auto-release time: not now"]
