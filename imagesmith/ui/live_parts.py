"""What the live view is made of: the lines that scroll by, the picture below them, the summary at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.text import Text

from imagesmith import events
from imagesmith.errors import Cancelled
from imagesmith.ui.excerpt import excerpt_of_text
from imagesmith.ui.record import Build, Record, Step
from imagesmith.ui.words import kind_in_words, listing, plural, short_duration

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BAR, _SHORTEST_BAR = 24, 6
_TIME = 9
_NARROWEST, _WIDEST = 16, 30
_NAME_COLOURS = ("cyan", "magenta", "blue", "yellow", "green")
_KEPT_FREE = 10
"""Lines of the terminal that are left to the output scrolling by."""


def column(record: Record) -> int:
    """How wide the column with the steps' names is."""
    names = [len(step.name) for build in list(record.builds.values()) for step in list(build.steps)]
    return min(_WIDEST, max([_NARROWEST, *names]))


def scrolled(event: events.Event, *, names: tuple[str, ...], width: int, debug: bool) -> Text | None:
    """The line for an event that is worth keeping in the scroll-back; several builds are told apart by their names."""
    if isinstance(event, events.Output):
        text = event.line.rstrip().rpartition("\r")[2]
        return _line(event.build, text, "yellow" if event.stream == "stderr" else "", names) if text else None
    if isinstance(event, events.Message):
        if event.level == "debug" and not debug:
            return None
        style = {"warning": "yellow", "error": "red", "debug": "dim"}.get(event.level, "dim")
        mark = "! " if event.level in ("warning", "error") else "· "
        room = max(40, width - 4 - (max(map(len, names)) + 2 if len(names) > 1 else 0))
        lines = [part for line in event.text.splitlines() for part in textwrap.wrap(line, room) or [""]]
        return _line(event.build, "\n".join(lines), style, names, mark)
    if isinstance(event, events.ResourceLeft):
        return _line(
            event.build,
            f"could not delete {kind_in_words(event.kind)} {event.id}: {event.error}",
            "red",
            names,
            mark="✗ ",
        )
    return None


def _line(build: str, text: str, style: str, names: tuple[str, ...], mark: str = "  ") -> Text:
    line = Text()
    for part in text.splitlines() or [""]:
        if line.plain:
            line.append("\n")
            mark = "  "
        if len(names) > 1:
            line.append(f" {build:<{max(map(len, names))}} ", _name_style(build, names))
        line.append(f" {mark}", style)
        line.append(part, style)
    return line


def _name_style(build: str, names: tuple[str, ...]) -> str:
    return _NAME_COLOURS[names.index(build) % len(_NAME_COLOURS)] if build in names else ""


def picture(record: Record, now: float, width: int, height: int) -> list[Text]:
    """The state of every build in at most ``height`` lines, the less detailed the less room there is."""
    builds = list(record.builds.values())
    room, names = max(6, height - _KEPT_FREE), column(record)
    for detail in (2, 1, 0):
        lines = [line for build in builds for line in _build(build, now, width, detail, names)]
        if len(lines) + 2 <= room:
            break
    else:
        lines = [*lines[: room - 3], Text(f"   and {len(lines) - room + 3} more", "dim")]
    return [Text(""), *lines, _footer(record, width)]


def _build(build: Build, now: float, width: int, detail: int, names: int) -> Iterator[Text]:
    """The build's name and time, then its steps: all of them, only the running ones, or none."""
    if build.finished or build.failed:
        yield _ended(build, width)
        return
    yield _row(Text.assemble(" ", (build.name, "bold")), short_duration(now - build.started), width)
    steps = list(build.steps)
    if detail == 2:
        for step in steps:
            yield step_row(step, now, width, names)
    elif detail == 1:
        done = [step for step in steps if step.state != "running"]
        if done:
            seconds = sum(step.seconds for step in done)
            text = Text.assemble(("   ✓ ", "green"), (f"{plural(len(done), 'step')} done", "dim"))
            yield _row(text, short_duration(seconds), width)
        for step in build.running:
            yield step_row(step, now, width, names)
    if build.waiting and not build.running:
        yield Text(f"   {build.waiting.what}: {build.waiting.state}", "dim", no_wrap=True, overflow="ellipsis")


def _ended(build: Build, width: int) -> Text:
    mark, style = ("✓", "green") if build.finished else ("✗", "red")
    end = build.finished or build.failed
    seconds = end.seconds if end else 0.0
    return _row(Text.assemble((f" {mark} ", style), (build.name, "bold")), short_duration(seconds), width)


def step_row(step: Step, now: float, width: int, names: int) -> Text:
    """One step: its mark, its name, its result or what it waits for, its time. ``names`` is the column's width."""
    name = step.name if len(step.name) <= names else step.name[: names - 1] + "…"
    if step.state == "running":
        frame = _SPINNER[int(now * 8) % len(_SPINNER)]
        text = Text.assemble((f"   {frame} ", "cyan"), (f"{name:<{names}} ", "bold"))
        _append_waiting(text, step, width)
        return _row(text, short_duration(max(0.0, now - step.started)), width)
    mark, style = ("✓", "green") if step.state == "done" else ("✗", "red")
    text = Text.assemble((f"   {mark} ", style), f"{name:<{names}} ", (step.result, "dim"))
    return _row(text, short_duration(step.seconds), width)


def _append_waiting(text: Text, step: Step, width: int) -> None:
    """What the step waits for, with a bar where the cloud tells how far it is and there is room for one."""
    waiting = step.waiting
    if waiting is None:
        return
    text.append(waiting.what.removeprefix(f"{step.name} "), "dim")
    text.append(f"  {waiting.state}", "cyan")
    if waiting.percent is None:
        return
    text.append(f" {waiting.percent:3.0f} %  ", "cyan")
    size = min(_BAR, width - _TIME - 3 - text.cell_len)
    if size >= _SHORTEST_BAR:
        filled = round(size * min(100.0, max(0.0, waiting.percent)) / 100)
        text.append("━" * filled, "cyan")
        text.append("─" * (size - filled), "bright_black")


def _row(left: Text, right: str, width: int) -> Text:
    """Text on the left, cut where it must be; a time on the right."""
    left.truncate(max(10, width - _TIME - 2), overflow="ellipsis")
    gap = max(1, width - 1 - left.cell_len - len(right))
    left.append(" " * gap)
    left.append(right, "dim")
    left.no_wrap = True
    return left


def _footer(record: Record, width: int) -> Text:
    owned, deleted = record.owned, record.deleted
    if not owned:
        return Text("")
    names = listing(kind for kind, _ in owned)
    if deleted:
        text = f" tearing down: {len(deleted)} of {len(deleted) + len(owned)} deleted, still there: {names}"
    else:
        text = f" in the cloud for now: {names}"
    line = Text(text, "dim", no_wrap=True)
    line.truncate(width - 1, overflow="ellipsis")
    return line


def summary(record: Record, event: events.RunFinished, width: int) -> Text:
    """What stays on the screen: the steps with their times, what was made, what was cleaned up."""
    out, names = Text(), column(record)
    for build in record.builds.values():
        for line in _outcome(build, width, names, brief=len(record.builds) > 1):
            out.append("\n").append_text(line)
        out.append("\n")
    for line in _ending(record, event, names):
        out.append("\n").append_text(line)
    return out


def _outcome(build: Build, width: int, names: int, *, brief: bool) -> Iterator[Text]:
    yield _ended(build, width)
    if brief and build.finished:
        yield from _brief_steps(build, width, names)
    else:
        end = build.finished or build.failed
        for step in build.steps:
            yield step_row(step, end.at if end else 0.0, width, names)
    yield from _results(build, names)
    failed = build.failed
    if failed and failed.kind != Cancelled.__name__:
        yield Text("")
        yield from _failure(failed)


def _brief_steps(build: Build, width: int, names: int) -> Iterator[Text]:
    """The steps with their times in running text, for when several builds share a screen."""
    words = " · ".join(f"{step.name} {short_duration(step.seconds)}".replace(" ", "\xa0") for step in build.steps)
    label, _ = _label("", names)
    for index, line in enumerate(textwrap.wrap(words, max(20, width - len(label) - 1))):
        yield Text.assemble(_label("" if index else "steps", names), line.replace("\xa0", " "))


def _results(build: Build, names: int) -> Iterator[Text]:
    for artifact in build.artifacts:
        yield Text("")
        for region, image in artifact.images.items():
            yield Text.assemble(_label("image", names), (image, "bold green"), (f"  in {region}", "dim"))
        if not artifact.images:
            yield Text.assemble(_label("artifact", names), (artifact.description or artifact.id, "green"))
        for index, (key, value) in enumerate(artifact.tags.items()):
            yield Text.assemble(_label("" if index else "tags", names), f"{key} = {value}")
        for index, file in enumerate(artifact.files):
            yield Text.assemble(_label("" if index else "files", names), file)


def _label(name: str, names: int, style: str = "dim") -> tuple[str, str]:
    """A word in the column of the steps' names."""
    return f"     {name:<{names}} ", style


def _failure(failed: events.BuildFailed) -> Iterator[Text]:
    message = failed.error.removesuffix(f" ({failed.hint})") if failed.hint else failed.error
    for number, line in enumerate(message.splitlines() or [""]):
        yield Text.assemble(("" if number else "   Error: ", "bold red"), "          " if number else "", line)
    for line in excerpt_of_text(failed.error):
        yield Text(f"        {line}", "dim")
    if failed.hint:
        yield Text(f"          {failed.hint}", "yellow")


def _ending(record: Record, event: events.RunFinished, names: int) -> Iterator[Text]:
    kept = list(record.kept())
    for thing in kept:
        reason = " (-on-error=abort)" if thing.reason == "abort" else ""
        yield Text.assemble(_label("kept", names), f"{kind_in_words(thing.kind)} {thing.id}{reason}")
    for left in record.left:
        yield Text.assemble(
            _label("left behind", names, "bold red"),
            f"{kind_in_words(left.kind)} {left.id}",
            (f"  {left.error}", "dim"),
        )
    if record.deleted:
        yield Text.assemble(_label("cleaned up", names), listing(kind for kind, _ in record.deleted))
    if record.left or any(thing.reason == "abort" for thing in kept):
        yield Text.assemble(_label("to delete it", names), (f"imagesmith cleanup {record.run}", "bold"))
        return
    cancelled = "cancelled, " if event.exit_code == Cancelled.exit_code else ""
    yield Text.assemble((" ✓ ", "green"), (f"{cancelled}nothing {'else ' if kept else ''}left behind", "bold"))
