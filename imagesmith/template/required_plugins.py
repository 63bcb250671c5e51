"""What a template's ``required_plugins`` ask for, and which built-in parts answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagesmith.errors import Diagnostic, Location, UsageError
from imagesmith.plugin import NOT_YET, Kind, names
from imagesmith.template import language_of

if TYPE_CHECKING:
    from imagesmith.template.hcl2 import nodes

NOUNS: dict[Kind, str] = {
    "builders": "builder",
    "provisioners": "provisioner",
    "post_processors": "post-processor",
    "communicators": "communicator",
}
_PARTS: tuple[Kind, ...] = ("builders", "provisioners", "post_processors")


@dataclass(frozen=True, slots=True)
class RequiredPlugin:
    """One entry of ``required_plugins``; ``parts`` are the components here that do its work: (kind, name)."""

    name: str
    source: str
    version: str
    location: Location
    parts: tuple[tuple[Kind, str], ...]

    def told(self) -> str:
        """What is asked for and what answers, in one line."""
        wanted = f"{self.name} ({self.source} {self.version})"
        parts = ", ".join(f"{NOUNS[kind]} {name}" for kind, name in self.parts)
        return f"{wanted} is built in: {parts}"


def required(path: str, language: str = "") -> list[RequiredPlugin]:
    """The plugins that an HCL2 template requires; nothing else of it is evaluated.

    Raises `UsageError` for a JSON template, which can't require plugins, and `TemplateError` with every plugin that
    has no built-in part, a bad source or a bad version, and with the faults that keep the files from being read.
    """
    if language_of(path, language) != "hcl2":
        hint = "JSON templates need no init: the plugins are built in. HCL2 templates are named *.pkr.hcl or *.pkr.json"
        raise UsageError(f"{path} is a JSON template, and only HCL2 templates can require plugins", hint=hint)
    from imagesmith.template.hcl2 import module, requirements
    from imagesmith.template.hcl2.problems import Problems, bounded

    problems = Problems()
    found: list[RequiredPlugin] = []
    with bounded():
        blocks = module.read(path, problems).blocks["packer"]
        problems.finish()
        requirements.check(blocks, problems)
        told = {problem.location for problem in problems.errors}
        for argument in (a for block in blocks for inner in block.body.blocks for a in inner.body.arguments.values()):
            with problems.collecting():
                found += _plugin(argument)
        problems.extend(_missing(plugin) for plugin in found if not plugin.parts and plugin.location not in told)
    problems.finish()
    return found


def _plugin(argument: nodes.Argument) -> Iterator[RequiredPlugin]:
    """One entry; nothing where it is so wrong that `requirements.check` has said all there is to say."""
    from imagesmith.template.hcl2.evaluator import evaluate
    from imagesmith.template.hcl2.scope import Scope, Surroundings

    value = evaluate(argument.expression, Scope({}, Surroundings(), "none"))
    if isinstance(value.raw, Mapping):
        texts = {name: str(part.raw) for name, part in value.raw.items()}
        source, version = texts.get("source", ""), texts.get("version", "")
        yield RequiredPlugin(argument.name, source, version, argument.expression.location, parts_of_source(source))


def parts_of_source(source: str) -> tuple[tuple[Kind, str], ...]:
    """The components that do the work of the plugin with this source, such as ``github.com/hashicorp/alicloud``."""
    component = source.rpartition("/")[2]
    return tuple((kind, name) for kind in _PARTS for name in names(kind) if belongs(name, component))


def belongs(name: str, component: str) -> bool:
    """Whether a component with this name is one of the plugin's, as ``amazon-ebs`` is of ``amazon``."""
    return name == component or name.startswith(component + "-")


def _missing(plugin: RequiredPlugin) -> Diagnostic:
    component = plugin.source.rpartition("/")[2]
    hints = list(_later(component))
    hint = hints[0] if hints else "imagesmith runs without Packer's plugins; 'plugins installed' lists what is built in"
    return Diagnostic(
        f'The plugin "{plugin.name}" ({plugin.source}) is not built in', hint=hint, location=plugin.location
    )


def _later(component: str) -> Iterator[str]:
    for kind in _PARTS:
        yield from (hint for name, hint in NOT_YET[kind].items() if belongs(name, component))


def installed() -> Sequence[tuple[Kind, str, str]]:
    """Every component that can be used: its kind, its name, and the distribution and version that brings it."""
    from importlib.metadata import entry_points

    from imagesmith.plugin import BUILT_IN
    from imagesmith.version import __version__

    found: list[tuple[Kind, str, str]] = []
    for kind in NOUNS:
        found.extend((kind, name, f"imagesmith {__version__}") for name in BUILT_IN[kind])
        for point in entry_points(group=f"imagesmith.{kind}"):
            if point.name not in BUILT_IN[kind]:
                origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
                found.append((kind, point.name, origin))
    return sorted(found, key=lambda one: (list(NOUNS).index(one[0]), one[1]))
