"""What the variables and builders of a JSON template are called in HCL2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from imagesmith.template.json.shape import Builder
from imagesmith.template.upgrade.pieces import is_identifier

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_OUTSIDE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(slots=True)
class Unique:
    """Gives every name once."""

    taken: set[str] = field(default_factory=set)

    def __call__(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.taken:
            name, number = f"{wanted}_{number}", number + 1
        self.taken.add(name)
        return name


@dataclass(slots=True)
class NamedVariable:
    """A user variable: ``computed`` ones have a local that is used in their place.

    ``empty`` ones are "" unless a value is given, ``holds_template`` ones have Go template text in their value.
    """

    identifier: str
    computed: bool = False
    empty: bool = False
    holds_template: bool = False

    @property
    def reference(self) -> str:
        """How expressions refer to its value."""
        return f"{'local' if self.computed else 'var'}.{self.identifier}"


def identifier(name: str) -> str:
    """The name itself if HCL2 can have it, or else one that is close."""
    if is_identifier(name):
        return name
    plain = _OUTSIDE.sub("_", name).strip("-") or "unnamed"
    return plain if is_identifier(plain) else f"variable_{plain}"


@dataclass(frozen=True, slots=True)
class NamedBuilder:
    """A builder and the label of its source; ``renamed`` ones get their JSON name in the build block."""

    builder: Builder
    label: str
    renamed: bool


def named_builders(builders: Sequence[Builder]) -> list[NamedBuilder]:
    """Sources are called what JSON calls the builds, so that scripts and files see the same name."""
    unique = Unique({builder.name for builder in builders if _LABEL.fullmatch(builder.name)})
    found = []
    for builder in builders:
        if _LABEL.fullmatch(builder.name):
            found.append(NamedBuilder(builder, builder.name, renamed=False))
            continue
        plain = "" if "{{" in builder.name else _OUTSIDE.sub("_", builder.name).strip("_-")
        label = plain if _LABEL.fullmatch(plain) else f"image_{plain}".rstrip("_")
        found.append(NamedBuilder(builder, unique(label), renamed=True))
    return found
