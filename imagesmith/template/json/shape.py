"""The parts of a JSON template, checked for their shape but not rendered."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from imagesmith import coercion
from imagesmith.errors import Diagnostic, Location, TemplateError
from imagesmith.options import Duration, Given
from imagesmith.template.json.reader import Member, Node
from imagesmith.template.rendering import Block

T = TypeVar("T")
_USER = re.compile(r"""\buser\s+[`"]([^`"]+)[`"]""")

ROOT_KEYS = (
    "min_packer_version",
    "description",
    "variables",
    "sensitive-variables",
    "builders",
    "provisioners",
    "error-cleanup-provisioner",
    "post-processors",
    "push",
)


@dataclass(slots=True)
class Variable:
    """A user variable; ``default`` None makes it a required one."""

    name: str
    default: str | None
    location: Location


@dataclass(slots=True)
class Selection:
    """``only`` and ``except`` of a block: raw builder names."""

    only: list[tuple[str, Location]] = field(default_factory=list)
    exclude: list[tuple[str, Location]] = field(default_factory=list)

    def allows(self, name: str) -> bool:
        """Whether the block takes part in the build of the builder with this raw name."""
        if self.only:
            return any(only == name for only, _ in self.only)
        return all(excluded != name for excluded, _ in self.exclude)


@dataclass(slots=True)
class Builder:
    """``name`` is as written, or the type where it is not given."""

    type: str
    name: str
    named: bool
    entries: list[Given]
    location: Location


@dataclass(slots=True)
class Provisioner:
    """``max_retries`` may still be template text."""

    type: str
    entries: list[Given]
    location: Location
    selection: Selection
    override: dict[str, tuple[Location, list[Given]]]
    pause_before_s: float = 0.0
    timeout_s: float = 0.0
    max_retries: str = ""


@dataclass(slots=True)
class PostProcessor:
    """One step of a chain."""

    type: str
    name: str
    entries: list[Given]
    location: Location
    selection: Selection
    keep_input_artifact: bool | None = None


@dataclass(slots=True)
class Shape:
    """A whole template."""

    location: Location
    min_packer_version: tuple[str, Location] | None = None
    description: str = ""
    variables: list[Variable] = field(default_factory=list)
    sensitive: list[tuple[str, Location]] = field(default_factory=list)
    builders: list[Builder] = field(default_factory=list)
    provisioners: list[Provisioner] = field(default_factory=list)
    error_cleanup: Provisioner | None = None
    post_processors: list[list[PostProcessor]] = field(default_factory=list)
    asked_for: frozenset[str] = frozenset()
    """The names that any text asks ``user`` for, declared or not: Packer takes values for all of them."""


def shape(document: Node, *, may_be_empty: bool = False) -> Shape:
    """Sort a document into its parts. Raises `TemplateError` with everything that is wrong with their shape.

    With ``may_be_empty`` no builder is fine.
    """
    reading = _Reading()
    found = reading.root(document)
    if not found.builders and not reading.problems and not may_be_empty:
        reading.wrong("the template has no builder", found.location, 'Add one to "builders"')
    if reading.problems:
        raise TemplateError(reading.problems)
    found.asked_for = frozenset(_asked_for(document))
    return found


def _asked_for(node: Node) -> Iterator[str]:
    if isinstance(node.value, dict):
        for key, member in node.value.items():
            yield from _USER.findall(key)
            yield from _asked_for(member.node)
    elif isinstance(node.value, list):
        for item in node.value:
            yield from _asked_for(item)
    elif isinstance(node.value, str):
        yield from _USER.findall(node.value)


def plain(node: Node) -> object:
    """The value as plain data; objects become `Block`, which remembers where each key stands."""
    if isinstance(node.value, dict):
        return Block([Given(key, plain(member.node), member.location) for key, member in node.value.items()])
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


class _Reading:
    def __init__(self) -> None:
        self.problems: list[Diagnostic] = []

    def wrong(self, summary: str, location: Location, hint: str = "") -> None:
        self.problems.append(Diagnostic(summary, hint=hint, location=location))

    def root(self, document: Node) -> Shape:
        found = Shape(document.location)
        members = self.object(document, "a template")
        known: dict[str, Member] = {}
        for key, member in members.items():
            if key.startswith("_"):
                self.comment(key, member)
            elif key.lower() not in ROOT_KEYS:
                close = difflib.get_close_matches(key.lower(), ROOT_KEYS, n=1)
                hint = f'Did you mean "{close[0]}"?' if close else f"Known are {', '.join(ROOT_KEYS)}"
                self.wrong(f'unknown top-level key "{key}"', member.location, hint)
            elif key.lower() in known:
                self.wrong(f'the key "{key}" is given twice', member.location)
            else:
                known[key.lower()] = member
        self.parts(found, {key: member for key, member in known.items() if member.node.value is not None})
        return found

    def comment(self, key: str, member: Member) -> None:
        if not isinstance(member.node.value, str):
            self.wrong(f'the comment "{key}" must be a string', member.location)

    def parts(self, found: Shape, known: dict[str, Member]) -> None:
        if (member := known.get("min_packer_version")) is not None and member.node.value != "":
            found.min_packer_version = (self.string(member.node, '"min_packer_version"'), member.location)
        if (member := known.get("description")) is not None:
            found.description = self.string(member.node, '"description"')
        if (member := known.get("variables")) is not None:
            found.variables = self.variables(member.node)
        if (member := known.get("sensitive-variables")) is not None:
            found.sensitive = self.sensitive(member.node)
        found.builders = self.each(known.get("builders"), "builder", self.builder)
        found.provisioners = self.each(known.get("provisioners"), "provisioner", self.provisioner)
        if (member := known.get("error-cleanup-provisioner")) is not None:
            found.error_cleanup = self.provisioner(member.node, "error-cleanup-provisioner")
        if (member := known.get("push")) is not None:
            self.object(member.node, '"push"')
        found.post_processors = self.each(known.get("post-processors"), "post-processor", self.chain)

    # plain values

    def object(self, node: Node, what: str) -> dict[str, Member]:
        if isinstance(node.value, dict):
            return node.value
        self.wrong(f"{what} must be an object", node.location)
        return {}

    def map(self, node: Node, what: str) -> dict[str, Member]:
        """An object; nothing and an empty list are empty ones."""
        return {} if node.value is None or node.value == [] else self.object(node, what)

    def string(self, node: Node, what: str) -> str:
        if isinstance(node.value, str):
            return node.value
        self.wrong(f"{what} must be a string", node.location)
        return ""

    def weak_string(self, node: Node, what: str) -> str:
        """A string, a number or a boolean; "" for null."""
        try:
            return str(coercion.coerce(node.value, str) or "")
        except coercion.Refused:
            self.wrong(f"{what} must be a string", node.location)
            return ""

    def strings(self, node: Node, what: str) -> list[tuple[str, Location]]:
        """A list of strings; one string stands for a list of one."""
        if node.value is None:
            return []
        items = node.value if isinstance(node.value, list) else [node]
        return [(self.weak_string(item, f"an entry of {what}"), item.location) for item in items]

    def duration(self, node: Node, what: str) -> float:
        try:
            return float(coercion.coerce(node.value, Duration) or 0.0)
        except coercion.Refused as refused:
            self.wrong(f"{what} must be a duration", node.location, str(refused))
            return 0.0

    def each(self, member: Member | None, noun: str, read: Callable[[Node, str], T | None]) -> list[T]:
        if member is None:
            return []
        if not isinstance(member.node.value, list):
            self.wrong(f'"{noun}s" must be a list', member.node.location)
            return []
        found = [read(node, f"{noun} {number}") for number, node in enumerate(member.node.value, 1)]
        return [item for item in found if item is not None]

    # blocks

    def variables(self, node: Node) -> list[Variable]:
        found = []
        for name, member in self.object(node, '"variables"').items():
            value = member.node.value
            if value is not None and not isinstance(value, str):
                hint = "Put it in double quotes" if isinstance(value, bool | int | float) else ""
                self.wrong(f'the variable "{name}" must be a string or null', member.node.location, hint)
                continue
            found.append(Variable(name, value, member.location))
        return found

    def sensitive(self, node: Node) -> list[tuple[str, Location]]:
        if not isinstance(node.value, list):
            self.wrong('"sensitive-variables" must be a list of strings', node.location)
            return []
        return [(self.string(item, 'an entry of "sensitive-variables"'), item.location) for item in node.value]

    def builder(self, node: Node, what: str) -> Builder | None:
        members = dict(self.object(node, what))
        kind = self.type(members, node, what)
        name = members.pop("name", None)
        raw = "" if name is None else self.weak_string(name.node, f"the name of {what}")
        named = name is not None and raw != ""
        return Builder(kind, raw or kind, named, _entries(members), node.location) if kind else None

    def type(self, members: dict[str, Member], node: Node, what: str) -> str:
        member = members.pop("type", None)
        if member is None and not isinstance(node.value, dict):
            return ""
        if member is None:
            self.wrong(f'{what} has no "type"', node.location)
            return ""
        return self.string(member.node, f"the type of {what}")

    def selection(self, members: dict[str, Member], what: str) -> Selection:
        only, exclude = members.pop("only", None), members.pop("except", None)
        found = Selection(
            [] if only is None else self.strings(only.node, f'"only" of {what}'),
            [] if exclude is None else self.strings(exclude.node, f'"except" of {what}'),
        )
        if exclude is not None and found.only and found.exclude:
            self.wrong(f'{what} has both "only" and "except"', exclude.location, "Keep one of them")
        return found

    def provisioner(self, node: Node, what: str) -> Provisioner | None:
        members = dict(self.object(node, what))
        kind = self.type(members, node, what)
        if not kind:
            return None
        found = Provisioner(kind, [], node.location, self.selection(members, what), {})
        if (member := members.pop("override", None)) is not None:
            for name, part in self.map(member.node, f'"override" of {what}').items():
                members_of = dict(self.map(part.node, f'the override "{name}"'))
                members_of.pop("type", None)
                found.override[name] = (part.location, _entries(members_of))
        if (member := members.pop("pause_before", None)) is not None:
            found.pause_before_s = self.duration(member.node, f'"pause_before" of {what}')
        if (member := members.pop("timeout", None)) is not None:
            found.timeout_s = self.duration(member.node, f'"timeout" of {what}')
        if (member := members.pop("max_retries", None)) is not None:
            found.max_retries = self.weak_string(member.node, f'"max_retries" of {what}')
        found.entries = _entries(members)
        return found

    def chain(self, node: Node, what: str) -> list[PostProcessor]:
        steps = node.value if isinstance(node.value, list) else [node]
        found = [self.post_processor(step, f"{what}.{n}") for n, step in enumerate(steps, 1)]
        return [step for step in found if step is not None]

    def post_processor(self, node: Node, what: str) -> PostProcessor | None:
        if isinstance(node.value, str):
            return PostProcessor(node.value, node.value, [], node.location, Selection())
        if isinstance(node.value, list):
            self.wrong(f"{what} must be a string or an object", node.location, "A sequence can't hold a sequence")
            return None
        members = dict(self.object(node, what))
        kind = self.type(members, node, what)
        if not kind:
            return None
        selection, name, keep = self.selection(members, what), members.pop("name", None), None
        if (member := members.pop("keep_input_artifact", None)) is not None:
            keep = member.node.value if isinstance(member.node.value, bool) else None
            if member.node.value is not None and keep is None:
                self.wrong(f'"keep_input_artifact" of {what} must be true or false', member.node.location)
        title = kind if name is None else self.string(name.node, f"the name of {what}") or kind
        return PostProcessor(kind, title, _entries(members), node.location, selection, keep)


def _entries(members: dict[str, Member]) -> list[Given]:
    return [Given(key, plain(member.node), member.location) for key, member in members.items()]
