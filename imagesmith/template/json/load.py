"""From a JSON template to a plan."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from imagesmith import redact
from imagesmith.errors import Diagnostic, Location, TemplateError
from imagesmith.options import Given
from imagesmith.plan import (
    Plan,
    PlannedBlock,
    PlannedBuild,
    PlannedPostProcessor,
    PlannedProvisioner,
    PlannedVariable,
    TemplateRequest,
)
from imagesmith.template.files import read_text
from imagesmith.template.json import variables, versions
from imagesmith.template.json.reader import Node, read
from imagesmith.template.json.selection import NamedBuilder, selected, unknown_builders
from imagesmith.template.json.shape import Builder, PostProcessor, Provisioner, Shape, shape
from imagesmith.template.remote_values import RemoteValues
from imagesmith.template.rendering import Interpolation, TemplateConfiguration

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def load(request: TemplateRequest) -> Plan:
    """Plan what a JSON template asks for. Raises `UsageError` and `TemplateError`."""
    environ = os.environ if request.environ is None else request.environ
    found = shape(_document(request.path))
    redact.register_names(*(name for name, _ in found.sensitive))
    if (wanted := found.min_packer_version) and (problem := versions.problem(*wanted)):
        raise TemplateError([problem])
    if request.syntax_only:
        return Plan(path=request.path, language="json", builds=(), description=found.description)
    values, warnings = variables.gather(found, request)
    started, unset = datetime.now(UTC), [v.name for v in found.variables if v.name not in values]
    remote = RemoteValues(offline=request.syntax_only)
    user = variables.resolve(
        values,
        unset=unset,
        sensitive=[name for name, _ in found.sensitive],
        started=started,
        template_path=request.path,
        environ=environ,
        remote=remote,
    )
    secrets = (*_secrets(found, user, warnings), *remote.secrets)
    builds = _Planning(request, found, user, started, environ).builds(warnings)
    return Plan(
        path=request.path,
        language="json",
        builds=tuple(builds),
        variables=tuple(_variables(found, user, unset)),
        description=found.description,
        secrets=secrets,
        warnings=tuple(warnings),
    )


def outline(request: TemplateRequest) -> Plan:
    """The parts of a JSON template as they are written. Raises `UsageError` and `TemplateError`."""
    found = shape(_document(request.path), may_be_empty=True)
    _, warnings = variables.gather(found, replace(request, tolerant=True))
    sensitive = {name for name, _ in found.sensitive}
    declared = [
        PlannedVariable(v.name, None, v.default, required=v.default is None, sensitive=v.name in sensitive)
        for v in found.variables
    ]
    block = PlannedBlock(
        sources=tuple((builder.type, builder.name) for builder in found.builders),
        provisioners=tuple(provisioner.type for provisioner in found.provisioners),
        post_processors=tuple(tuple(step.type for step in chain) for chain in found.post_processors),
    )
    return Plan(
        path=request.path,
        language="json",
        builds=(),
        variables=tuple(declared),
        blocks=(block,),
        description=found.description,
        secrets=tuple(v.default for v in found.variables if v.name in sensitive and v.default),
        warnings=tuple(warnings),
    )


def _document(path: str) -> Node:
    file = "<stdin>" if path == "-" else path
    try:
        return read(read_text(path), file)
    except TemplateError as error:
        if not path.endswith((".hcl", ".tf")):
            raise
        hint = "A template in HCL2 is named *.pkr.hcl; anything else is taken for JSON"
        raise TemplateError([*error.diagnostics, Diagnostic("the file looks like HCL2", hint=hint)]) from None


def _secrets(found: Shape, user: Mapping[str, str], warnings: list[Diagnostic]) -> tuple[str, ...]:
    """The values of sensitive variables, masked from here on."""
    for name, location in found.sensitive:
        if name not in user:
            text = f'the sensitive variable "{name}" does not exist'
            warnings.append(Diagnostic(text, location=location, severity="warning"))
    secrets = tuple(user[name] for name, _ in found.sensitive if user.get(name))
    redact.register(*secrets)
    return secrets


def _variables(found: Shape, user: Mapping[str, str], unset: Sequence[str]) -> list[PlannedVariable]:
    sensitive = {name for name, _ in found.sensitive}
    return [
        PlannedVariable(
            name=variable.name,
            value=None if variable.name in unset else user[variable.name],
            default=variable.default,
            required=variable.default is None,
            sensitive=variable.name in sensitive,
        )
        for variable in found.variables
    ]


@dataclass(slots=True)
class _Planning:
    """Makes the builds of one template."""

    request: TemplateRequest
    found: Shape
    user: Mapping[str, str]
    started: datetime
    environ: Mapping[str, str]

    def builds(self, warnings: list[Diagnostic]) -> list[PlannedBuild]:
        problems = list(unknown_builders(self.found))
        named: list[NamedBuilder] = []
        for builder in self.found.builders:
            try:
                named.append(NamedBuilder(builder, self.name(builder)))
            except TemplateError as error:
                problems += error.diagnostics
        problems += _repeated(named)
        if problems:
            raise TemplateError(problems)
        left, more = selected(named, self.found, self.request.only, self.request.exclude)
        warnings += more
        return [self.build(builder) for builder in sorted(left, key=lambda b: b.full_name)]

    def name(self, builder: Builder) -> str:
        what = f'the name of the builder "{builder.type}"'
        rendering = self.interpolation("", "", build_variables=False)
        return str(rendering.at_load(builder.name, runtime=None, location=builder.location, what=what))

    def interpolation(self, name: str, kind: str, *, build_variables: bool) -> Interpolation:
        return Interpolation(
            language="json",
            build_name=name,
            build_type=kind,
            template_path=self.request.path,
            user=self.user,
            started=self.started,
            build_variables=build_variables,
        )

    def build(self, named: NamedBuilder) -> PlannedBuild:
        builder, name = named.builder, named.name
        at_source = self.interpolation(name, builder.type, build_variables=False)
        later = self.interpolation(name, builder.type, build_variables=True)
        provisioners = [p for p in self.found.provisioners if p.selection.allows(builder.name)]
        cleanup = self.found.error_cleanup
        return PlannedBuild(
            name=named.full_name,
            type=builder.type,
            source=self.configuration(f'builder "{builder.type}"', builder.entries, builder.location, at_source),
            render=later.at_run,
            short_name=name,
            provisioners=tuple(self.provisioner(p, builder, later) for p in provisioners),
            error_cleanup=self.provisioner(cleanup, builder, later)
            if cleanup and cleanup.selection.allows(builder.name)
            else None,
            post_processors=tuple(self.chains(builder, later)),
        )

    def configuration(
        self, owner: str, entries: list[Given], location: Location, interpolation: Interpolation
    ) -> TemplateConfiguration:
        return TemplateConfiguration(location, lambda _: entries, interpolation, owner, self.environ)

    def provisioner(self, block: Provisioner, builder: Builder, interpolation: Interpolation) -> PlannedProvisioner:
        entries = block.entries
        if builder.name in block.override:
            changed = {entry.name: entry for entry in block.override[builder.name][1]}
            entries = [entry for entry in entries if entry.name not in changed] + list(changed.values())
        return PlannedProvisioner(
            type=block.type,
            configuration=self.configuration(f'provisioner "{block.type}"', entries, block.location, interpolation),
            pause_before_s=block.pause_before_s,
            timeout_s=block.timeout_s,
            max_retries=_retries(block, interpolation),
        )

    def chains(self, builder: Builder, interpolation: Interpolation) -> list[tuple[PlannedPostProcessor, ...]]:
        chains = []
        for chain in self.found.post_processors:
            steps: list[PlannedPostProcessor] = []
            for step in chain:
                if step.name in self.request.exclude:
                    break
                if step.selection.allows(builder.name):
                    steps.append(self.post_processor(step, interpolation))
            if steps:
                chains.append(tuple(steps))
        return chains

    def post_processor(self, step: PostProcessor, interpolation: Interpolation) -> PlannedPostProcessor:
        owner = f'post-processor "{step.type}"'
        return PlannedPostProcessor(
            type=step.type,
            configuration=self.configuration(owner, step.entries, step.location, interpolation),
            name=step.name,
            keep_input_artifact=step.keep_input_artifact,
        )


def _repeated(named: Sequence[NamedBuilder]) -> list[Diagnostic]:
    seen: dict[str, NamedBuilder] = {}
    problems = []
    for builder in named:
        written = builder.builder.name
        if written in seen:
            line = seen[written].builder.location.line
            text = f'two builders have the name "{written}"'
            hint = f'The other one is at line {line}; give one of them another "name"'
            problems.append(Diagnostic(text, hint=hint, location=builder.builder.location))
        seen.setdefault(written, builder)
    return problems


def _retries(block: Provisioner, interpolation: Interpolation) -> int:
    if not block.max_retries:
        return 0
    what = f'"max_retries" of the provisioner "{block.type}"'
    text = str(interpolation.at_load(block.max_retries, runtime=None, location=block.location, what=what))
    if not _INTEGER.fullmatch(text):
        raise TemplateError([Diagnostic(f"{what} must be a whole number", location=block.location)])
    return max(0, int(text))
