"""A run told as events: what every rendering is tested with. As a script it is played on the terminal.

python tests/ui/story.py [--many] [--fail] [--speed SECONDS]
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

from imagesmith import events

START = 1_795_280_110.0
NAME, OTHER, THIRD = "quickstart.alicloud-ecs.web", "quickstart.alicloud-ecs.db", "quickstart.alicloud-ecs.cache"


def image_build(name: str = NAME, *, fail: bool = False) -> Iterator[tuple[float, events.Event]]:
    """One build; each event with the seconds since the one before."""

    def now(event: events.Event, after: float = 0.0) -> tuple[float, events.Event]:
        return after, event

    def step(step: str, seconds: float, result: str = "") -> Iterator[tuple[float, events.Event]]:
        yield now(events.StepStarted(build=name, step=step))
        yield now(events.StepFinished(build=name, step=step, seconds=seconds, result=result), seconds)

    def created(kind: str, identity: str, after: float = 0.1) -> tuple[float, events.Event]:
        return now(events.ResourceCreated(build=name, kind=kind, id=identity, name=f"imagesmith-{kind}"), after)

    yield now(events.BuildStarted(build=name, builder_type="alicloud-ecs"))
    yield from step("source image", 0.2, "ubuntu_22_04_x64_20G_alibase_20240322.vhd")
    yield now(events.StepStarted(build=name, step="login"))
    yield now(events.StepStarted(build=name, step="network"))
    yield now(events.StepStarted(build=name, step="public address"))
    yield created("key-pair", "imagesmith-20261121-aa01")
    yield now(events.StepFinished(build=name, step="login", seconds=0.1, result="imagesmith-20261121-aa01"))
    yield created("vpc", "vpc-bp1q7e")
    yield created("eip", "eip-bp1uw4")
    yield now(events.StepFinished(build=name, step="public address", seconds=0.3, result="eip-bp1uw4"))
    yield created("vswitch", "vsw-bp1x0c")
    yield created("security-group", "sg-bp1mm2")
    yield now(events.Message(build=name, text="port 22 is open to 0.0.0.0/0 while the build runs", level="warning"))
    yield now(events.StepFinished(build=name, step="network", seconds=0.6, result="vpc-bp1q7e"), 0.1)
    yield now(events.StepStarted(build=name, step="instance"))
    yield created("instance", "i-bp1k3v")
    yield now(events.StepFinished(build=name, step="instance", seconds=0.3, result="i-bp1k3v"), 0.2)
    yield now(events.StepStarted(build=name, step="address"))
    for number in range(4):
        waiting = events.Waiting(build=name, what="instance i-bp1k3v", state="Starting", seconds=number * 2.0)
        yield now(waiting, 2.0)
    yield now(events.StepFinished(build=name, step="address", seconds=8.1, result="127.83.1.9"), 0.1)
    yield from step("connect", 0.4, "127.83.1.9")
    yield now(events.StepStarted(build=name, step="provision: shell"))
    for number in range(1, 6):
        line = f"Setting up nginx-part-{number} (1.18.0-6) ..."
        yield now(events.Output(build=name, stream="stdout", line=line), 0.4)
    yield now(events.Output(build=name, stream="stderr", line="debconf: delaying package configuration"), 0.1)
    if fail:
        yield from _failure(name)
        return
    yield now(events.StepFinished(build=name, step="provision: shell", seconds=2.1), 0.0)
    yield from step("stop", 5.0)
    yield now(events.StepStarted(build=name, step="image"))
    yield created("image", "m-bp1fzz")
    for percent in (0, 12, 37, 60, 88):
        waiting = events.Waiting(
            build=name, what="image m-bp1fzz", state="Creating", percent=float(percent), seconds=percent / 3
        )
        yield now(waiting, 2.0)
    yield now(events.ResourceKept(build=name, kind="image", id="m-bp1fzz", reason="result"), 0.5)
    yield now(events.StepFinished(build=name, step="image", seconds=10.6, result="m-bp1fzz"))
    yield from _teardown(name)
    yield from step("publish", 0.2, "cn-beijing:m-bp1fzz")
    artifact = events.ArtifactReady(
        build=name,
        builder_id="alibaba.alicloud",
        id="cn-beijing:m-bp1fzz",
        description="Alicloud images were created:\n\ncn-beijing: m-bp1fzz",
        images={"cn-beijing": "m-bp1fzz"},
        tags={"role": "web", "team": "platform, core"},
    )
    yield now(artifact)
    yield now(events.BuildFinished(build=name, seconds=31.4, steps={"image": 10.6}))


def _teardown(name: str) -> Iterator[tuple[float, events.Event]]:
    yield 0.0, events.StepStarted(build=name, step="teardown")
    doomed = {
        "instance": "i-bp1k3v",
        "eip": "eip-bp1uw4",
        "security-group": "sg-bp1mm2",
        "vswitch": "vsw-bp1x0c",
        "vpc": "vpc-bp1q7e",
        "key-pair": "imagesmith-20261121-aa01",
    }
    for kind, identity in doomed.items():
        yield 0.5, events.ResourceDeleted(build=name, kind=kind, id=identity)
    yield 0.0, events.StepFinished(build=name, step="teardown", seconds=3.0, result="6 deleted")


def _failure(name: str) -> Iterator[tuple[float, events.Event]]:
    text = "the script exited with status 100, allowed are 0"
    yield 0.0, events.StepFailed(build=name, step="provision: shell", seconds=2.1, error=text)
    yield from _teardown(name)
    hint = "look at the script's output above"
    error = f"{text} ({hint})"
    yield 0.0, events.BuildFailed(build=name, seconds=14.2, error=error, hint=hint, kind="ProvisionError")


def told(*builds: Iterator[tuple[float, events.Event]], exit_code: int = 0) -> Iterator[tuple[float, events.Event]]:
    """A whole run of one or more builds, interleaved."""
    names = (NAME, OTHER, THIRD)[: len(builds)]
    yield 0.0, events.RunStarted(run="20261121-190000-ab12cd", template="quickstart.pkr.hcl", builds=names)
    waiting = list(builds)
    while waiting:
        for build in list(waiting):
            following = next(build, None)
            if following is None:
                waiting.remove(build)
            else:
                yield following
    yield 0.0, events.RunFinished(seconds=31.5, exit_code=exit_code)


def stamped(run: Iterator[tuple[float, events.Event]]) -> Iterator[events.Event]:
    """The events with times as if they had been waited for."""
    import dataclasses

    at = START
    for after, event in run:
        at += after
        yield dataclasses.replace(event, at=at)


def main() -> None:
    from imagesmith import ui

    many, fail = "--many" in sys.argv, "--fail" in sys.argv
    speed = float(sys.argv[sys.argv.index("--speed") + 1]) if "--speed" in sys.argv else 1.0
    names = [NAME, OTHER, THIRD] if many else [NAME]
    surface = ui.open_surface(ui.Wishes())
    pause = threading.Event()
    runs = [image_build(name, fail=fail and name == NAME) for name in names]
    for after, event in told(*runs, exit_code=1 if fail else 0):
        pause.wait(after * speed)
        surface(type(event)(**{k: v for k, v in vars(event).items() if k != "at"}))
    surface.close()


if __name__ == "__main__":
    main()
