"""Which builds and post-processors -only and -except leave, and whether a template's own names exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imagesmith.errors import Diagnostic, Location, UsageError
from imagesmith.template.json.shape import Builder, PostProcessor, Provisioner, Shape


@dataclass(frozen=True, slots=True)
class NamedBuilder:
    """A builder with its rendered name."""

    builder: Builder
    name: str

    @property
    def full_name(self) -> str:
        """The name that people see: ``type.name``, or the type alone where no name is given."""
        return f"{self.builder.type}.{self.name}" if self.builder.named else self.name

    def matches(self, patterns: Sequence[str]) -> bool:
        """Whether one of the -only or -except names is this builder's."""
        return self.name in patterns or self.full_name in patterns


def unknown_builders(found: Shape) -> Iterator[Diagnostic]:
    """The names in only, except and override that no builder has. They are compared with names as written.

    Packer does not look at those of the error-cleanup-provisioner.
    """
    names = [builder.name for builder in found.builders]
    for number, provisioner in enumerate(found.provisioners, 1):
        yield from _unknown(_mentioned(provisioner), f"provisioner {number}", names)
    for number, chain in enumerate(found.post_processors, 1):
        for step in chain:
            yield from _unknown(_mentioned(step), f"post-processor {number}", names)


def _mentioned(block: Provisioner | PostProcessor) -> Iterator[tuple[str, str, Location]]:
    for key, entries in (("only", block.selection.only), ("except", block.selection.exclude)):
        for name, location in entries:
            yield key, name, location
    if isinstance(block, Provisioner):
        for name, (location, _) in block.override.items():
            yield "override", name, location


def _unknown(mentioned: Iterator[tuple[str, str, Location]], what: str, names: Sequence[str]) -> Iterator[Diagnostic]:
    for key, name, location in mentioned:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f'Did you mean "{close[0]}"?' if close else f"Builders are {', '.join(names)}"
            yield Diagnostic(f'"{key}" of {what}: there is no builder "{name}"', hint=hint, location=location)


def selected(
    builders: Sequence[NamedBuilder], found: Shape, only: Sequence[str], exclude: Sequence[str]
) -> tuple[list[NamedBuilder], list[Diagnostic]]:
    """The builders that are to run, and warnings about names that match nothing.

    Raises `UsageError` when nothing is left.
    """
    left = [b for b in builders if (not only or b.matches(only)) and not b.matches(exclude)]
    known = [b.name for b in builders]
    if not left:
        raise UsageError("no build is left to run", hint=f"check -only and -except; builds are {', '.join(known)}")
    steps = [step.name for chain in found.post_processors for step in chain]
    warnings = [
        Diagnostic(f'{flag} "{name}" matches nothing', hint=f"Builds are {', '.join(known)}", severity="warning")
        for flag, names, also in (("-only", only, []), ("-except", exclude, steps))
        for name in names
        if name not in also and not any(builder.matches([name]) for builder in builders)
    ]
    return left, warnings
