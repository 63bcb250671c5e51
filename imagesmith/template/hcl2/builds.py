"""``source`` and ``build`` blocks: which builds there are, and what each is made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from imagesmith.errors import Location, UsageError
from imagesmith.options import Given
from imagesmith.plan import PlannedBlock, PlannedBuild, TemplateRequest
from imagesmith.template.hcl2 import contexts, nodes, requirements
from imagesmith.template.hcl2.bodies import (
    Instance,
    given,
    instances,
    is_identifier,
    refuse_unknown,
    text_value,
    value_of,
)
from imagesmith.template.hcl2.cty import STRING, ListOf
from imagesmith.template.hcl2.option_values import as_declared
from imagesmith.template.hcl2.problems import Problems, bounded
from imagesmith.template.hcl2.scope import Scope, did_you_mean
from imagesmith.template.hcl2.selection import idle, selected
from imagesmith.template.hcl2.source import failure
from imagesmith.template.hcl2.steps import Steps, Target, full_name_of
from imagesmith.template.rendering import Interpolation, TemplateConfiguration

_ARGUMENTS = ("name", "description", "sources")
_BLOCKS = (
    "source",
    "provisioner",
    "error-cleanup-provisioner",
    "post-processor",
    "post-processors",
    "dynamic",
    "hcp_packer_registry",
    "from",
)


@dataclass(frozen=True, slots=True)
class _Reference:
    """One source that a build uses, perhaps with a block of its own that adds to it."""

    source: nodes.Block
    overlay: Instance | None
    renamed: str

    @property
    def type(self) -> str:
        """The builder's type."""
        return self.source.labels[0].name

    @property
    def own_name(self) -> str:
        """The name in the source block itself."""
        return self.source.labels[1].name

    @property
    def name(self) -> str:
        """The name in this build."""
        return self.renamed or self.own_name


@dataclass(slots=True)
class BuildPlanner:
    """Plans the builds of a template. ``scope`` is what can be used everywhere."""

    request: TemplateRequest
    scope: Scope
    sources: Mapping[tuple[str, str], nodes.Block]
    started: dt.datetime
    problems: Problems
    environ: Mapping[str, str]
    foreign_plugins: Mapping[str, str] = field(default_factory=dict)
    plugin_versions: Mapping[str, str] = field(default_factory=dict)
    blocks: list[PlannedBlock] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _post_processors: list[str] = field(default_factory=list)

    def plan(self, blocks: Sequence[nodes.Block]) -> list[PlannedBuild]:
        """The builds that are to run, in order. Raises `UsageError` if -only and -except leave none."""
        found = [build for block in blocks for build in self._builds(block)]
        if self.problems.errors:
            return found
        if self._names and not found:
            hint = f"check -only and -except; builds are {', '.join(self._names)}"
            raise UsageError("no build is left to run", hint=hint)
        for flag, patterns, names in (
            ("-only", self.request.only, self._names),
            ("-except", self.request.exclude, [*self._names, *self._post_processors]),
        ):
            for pattern in idle(patterns, names):
                hint = f"Builds are {', '.join(self._names)}"
                self.problems.warn(f'{flag} "{pattern}" matches nothing', "", hint)
        return found

    def _builds(self, block: nodes.Block) -> Iterator[PlannedBuild]:
        refuse_unknown(block.body, "A build block", _ARGUMENTS, _BLOCKS, self.problems)
        name = text_value(block.body, "name", self.scope, self.problems)
        found = list(instances(block.body, self.scope, self.problems))
        references = list(self._references(block, found))
        steps = Steps.sorted_from(found, self.problems)
        self.blocks.append(
            PlannedBlock(
                name=name,
                description=text_value(block.body, "description", self.scope, self.problems),
                sources=tuple((reference.type, reference.own_name) for reference in references),
                provisioners=tuple(map(full_name_of, steps.provisioners)),
                post_processors=tuple(tuple(map(full_name_of, chain)) for chain in steps.chains),
            )
        )
        for reference in references:
            full_name = ".".join(part for part in (name, reference.type, reference.name) if part)
            self._names.append(full_name)
            self._post_processors += steps.post_processor_names
            if selected(full_name, self.request.only, self.request.exclude):
                yield self._planned(reference, name, full_name, steps)

    def _references(self, block: nodes.Block, found: Sequence[Instance]) -> Iterator[_Reference]:
        argument = block.body.arguments.get("sources")
        listed = value_of(block.body, "sources", ListOf(STRING), self.scope, self.problems)
        overlays = [instance for instance in found if instance.block.type == "source"]
        undecided = self.request.data_sources != "read" and any(_makes_sources(inner) for inner in block.body.blocks)
        if not overlays and not undecided and (argument is None or (listed is not None and not listed.raw)):
            hint = 'Write sources = ["source.TYPE.NAME"]'
            self.problems.add("A build needs at least one source", "", hint, block.location)
        items = argument.expression.items if argument and isinstance(argument.expression, nodes.TupleItems) else []
        for position, item in enumerate(listed.raw if listed is not None else ()):
            place = items[position].location if position < len(items) else block.location
            with self.problems.collecting():
                yield _Reference(self._source(str(item.raw), place), None, "")
        for overlay in overlays:
            with self.problems.collecting():
                yield self._overlaid(overlay)

    def _overlaid(self, overlay: Instance) -> _Reference:
        place = overlay.block.location
        if len(overlay.labels) != 1:
            hint = 'Write source "source.TYPE.NAME" { … }'
            raise failure("A source block in a build has one label", hint=hint, location=place)
        source = self._source(overlay.labels[0], place)
        for name, argument in overlay.block.body.arguments.items():
            if name in source.body.arguments:
                detail = f"The first one is at {source.body.arguments[name].location}"
                raise failure(f'The argument "{name}" is given twice', detail, location=argument.location)
        return _Reference(source, overlay, text_value(overlay.block.body, "name", overlay.scope, self.problems))

    def _source(self, reference: str, place: Location) -> nodes.Block:
        """The source block that is meant; what stands before the type (``source.``, ``sources.``) is passed over."""
        parts = reference.split(".")
        if len(parts) > 2:
            parts = parts[1:]
        if len(parts) < 2 or not all(map(is_identifier, [*parts[0].split(":"), parts[1]])):
            hint = 'Write "source.TYPE.NAME"'
            raise failure(f'"{reference}" is not the name of a source', hint=hint, location=place)
        found = self.sources.get((parts[0], parts[1]))
        if found is None:
            known = [f"source.{kind}.{name}" for kind, name in self.sources]
            hint = did_you_mean(f"source.{parts[0]}.{parts[1]}", known)
            hint = hint or (f"Declared are {', '.join(known)}" if known else "Declare it with a source block")
            raise failure(f'There is no source "{parts[0]}.{parts[1]}"', hint=hint, location=place)
        return found

    def _planned(self, reference: _Reference, block_name: str, full_name: str, steps: Steps) -> PlannedBuild:
        interpolation = Interpolation(
            language="hcl2",
            build_name=reference.own_name,
            build_type=reference.type,
            template_path=self.request.path,
            started=self.started,
        )
        target = Target(
            block_name=block_name,
            type=reference.type,
            name=reference.name,
            own_name=reference.own_name,
            interpolation=interpolation,
            exclude=tuple(self.request.exclude),
            environ=self.environ,
            foreign_plugins=self.foreign_plugins,
        )
        return PlannedBuild(
            name=full_name,
            type=reference.type,
            source=self._source_configuration(reference, interpolation),
            render=interpolation.at_run,
            short_name=reference.own_name,
            block_name=block_name,
            provisioners=tuple(steps.planned_provisioners(target, self.problems)),
            error_cleanup=steps.planned_error_cleanup(target, self.problems),
            post_processors=tuple(steps.planned_post_processors(target, self.problems)),
        )

    def _source_configuration(self, reference: _Reference, interpolation: Interpolation) -> TemplateConfiguration:
        names = {"source": contexts.source(reference.type, reference.name)}
        version = requirements.version_for(reference.type, self.plugin_versions)

        def evaluate(_: Mapping[str, object] | None) -> list[Given]:
            problems = Problems()
            with bounded():
                options = given(reference.source.body, self.scope.with_variables(names), problems)
                if reference.overlay is not None:
                    inner = reference.overlay.scope.with_defaults(names)
                    more = given(reference.overlay.block.body, inner, problems, without=("name",))
                    options = _joined(options, more)
            problems.finish()
            if version and not any(option.name == "plugin_version" for option in options):
                options = [*options, Given("plugin_version", version, reference.source.location)]
            return options

        owner = f'builder "{reference.type}"'
        place = reference.source.location
        return TemplateConfiguration(place, evaluate, interpolation, owner, self.environ, as_declared)


def _makes_sources(block: nodes.Block) -> bool:
    """Whether it is a dynamic block for sources: how many there are may depend on what isn't read."""
    return block.type == "dynamic" and [label.name for label in block.labels] == ["source"]


def _joined(first: Sequence[Given], second: Sequence[Given]) -> list[Given]:
    """The options of both; blocks of one type become one list."""
    joined = {option.name: option for option in first}
    for option in second:
        earlier = joined.get(option.name)
        if earlier is None:
            joined[option.name] = option
        else:
            both = [*_bodies(earlier.value), *_bodies(option.value)]
            joined[option.name] = Given(option.name, both, earlier.location)
    return list(joined.values())


def _bodies(value: object) -> list[object]:
    """One block or several as a list of blocks."""
    if isinstance(value, list) and not all(isinstance(item, Given) for item in value):
        return list(value)
    return [value]


def declared_sources(blocks: Sequence[nodes.Block], problems: Problems) -> dict[tuple[str, str], nodes.Block]:
    """The source blocks by type and name."""
    found: dict[tuple[str, str], nodes.Block] = {}
    for block in blocks:
        key = (block.labels[0].name, block.labels[1].name)
        if key in found:
            title = f'The source "{key[0]}.{key[1]}" is declared twice'
            problems.add(title, f"The first one is at {found[key].location}", "", block.location)
            continue
        found[key] = block
    return found
