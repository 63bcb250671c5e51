"""HCL2 templates (``*.pkr.hcl``, ``*.pkr.json``, folders of them): from text to one `imagesmith.plan.Plan`.

The way: files -> syntax trees (`module`, `parser`, `json_syntax`) -> variables and their values (`variables`,
`assignments`) -> locals and data sources (`local_values`, `data_values`, `evaluation`) -> builds (`builds`, `steps`).
Expressions become values in `evaluator`; values and types are those of `cty`; `functions` has one module for each
family.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from imagesmith import redact
from imagesmith.plan import Plan, PlannedVariable, TemplateRequest
from imagesmith.template.hcl2 import (
    assignments,
    builds,
    contexts,
    data_values,
    local_values,
    module,
    nodes,
    registry,
    requirements,
    variables,
)
from imagesmith.template.hcl2.cty import Value, walk
from imagesmith.template.hcl2.evaluation import Evaluation
from imagesmith.template.hcl2.problems import Problems, bounded
from imagesmith.template.hcl2.scope import Scope, Surroundings
from imagesmith.template.remote_values import RemoteValues

__all__ = ["Evaluated", "evaluated", "load"]


def load(request: TemplateRequest) -> Plan:
    """Read an HCL2 template and plan what it asks for.

    Raises `imagesmith.errors.UsageError` for what is wrong with the request, and `imagesmith.errors.TemplateError`
    with everything that is wrong with the template, phase by phase.
    """
    with bounded():
        return _load(request)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A template whose variables, data sources and locals have their values; ``scope`` is what expressions can see.

    Problems found so far are in the `Problems` that was given. With ``request.syntax_only`` only variables have values.
    """

    read: module.Module
    surroundings: Surroundings
    scope: Scope
    sources: Mapping[tuple[str, str], nodes.Block]
    variables: tuple[PlannedVariable, ...]
    locals: tuple[PlannedVariable, ...]
    secrets: tuple[str, ...]
    foreign_plugins: Mapping[str, str]


def evaluated(request: TemplateRequest, problems: Problems) -> Evaluated:
    """Read the files, evaluate variables, read data sources and evaluate locals; raises as `load` does.

    For `load` and for the console.
    """
    read = module.read(request.path, problems)
    problems.finish()
    surroundings = _surroundings(request, read.root)
    foreign = _check_blocks(read, problems)
    declared = variables.declared([*read.blocks["variable"], *read.blocks["variables"]], surroundings, problems)
    redact.register_names(*(name for name, declaration in declared.items() if declaration.sensitive))
    locals_ = local_values.declared([*read.blocks["locals"], *read.blocks["local"]], problems)
    data = data_values.declared(read.blocks["data"], problems)
    sources = builds.declared_sources(read.blocks["source"], problems)
    problems.finish()
    values = assignments.resolved(declared, request, read.variable_files, surroundings, problems)
    redact.register(*_secrets(declared, values, {}, {}))
    scope, results = contexts.base(surroundings, values), dict[str, Value]()
    if not request.syntax_only:
        reader = data_values.DataReader(request, surroundings.started, surroundings.environ, foreign, problems)
        work = Evaluation(locals_, data, scope, reader, problems)
        work.run(sequential=request.sequential)
        scope, results = work.complete_scope, work.local_results
    secrets = (*_secrets(declared, values, locals_, results), *_from_stores(results, surroundings.remote))
    redact.register(*secrets)
    return Evaluated(
        read=read,
        surroundings=surroundings,
        scope=scope,
        sources=sources,
        variables=tuple(_planned_variables(declared, values)),
        locals=tuple(_planned_locals(locals_, results, surroundings.remote)),
        secrets=secrets,
        foreign_plugins=foreign,
    )


def _surroundings(request: TemplateRequest, root: str) -> Surroundings:
    environ = os.environ if request.environ is None else request.environ
    return Surroundings(root=root, environ=environ, remote=RemoteValues(offline=request.syntax_only))


def _load(request: TemplateRequest) -> Plan:
    problems = Problems()
    found = evaluated(request, problems)
    environ = os.environ if request.environ is None else request.environ
    planned, blocks = [], []
    if not request.syntax_only:
        started = found.surroundings.started
        foreign = found.foreign_plugins
        wanted = requirements.wanted_versions(found.read.blocks["packer"])
        planner = builds.BuildPlanner(request, found.scope, found.sources, started, problems, environ, foreign, wanted)
        planned = planner.plan(found.read.blocks["build"])
        blocks = planner.blocks
    problems.finish()
    return Plan(
        path=request.path,
        language="hcl2",
        builds=tuple(planned),
        variables=found.variables,
        locals=found.locals,
        blocks=tuple(blocks),
        secrets=found.secrets,
        warnings=tuple(problems.warnings),
        foreign_plugins=found.foreign_plugins,
    )


def _check_blocks(read: module.Module, problems: Problems) -> Mapping[str, str]:
    """What can be said of the blocks before anything is evaluated; the wanted version comes first of all.

    Returns the required plugins that imagesmith does not have.
    """
    foreign = requirements.check(read.blocks["packer"], problems)
    problems.finish()
    registry.check(read.blocks["hcp_packer_registry"], read.blocks["build"], problems)
    for block in read.blocks["communicator"]:
        problems.warn('The block "communicator" has no effect', location=block.location)
    return foreign


def _planned_variables(
    declared: Mapping[str, variables.Declaration], values: Mapping[str, Value]
) -> Iterator[PlannedVariable]:
    for name, declaration in declared.items():
        yield PlannedVariable(
            name=name,
            value=variables.shown(values[name]),
            default=variables.shown(declaration.default),
            required=declaration.default is None,
            sensitive=declaration.sensitive,
            description=declaration.description,
            show=partial(variables.display, values[name], sensitive=declaration.sensitive),
        )


def _planned_locals(
    found: Mapping[str, local_values.LocalValue], values: Mapping[str, Value], remote: RemoteValues
) -> Iterator[PlannedVariable]:
    for name, local in found.items():
        if name in values:
            sensitive = local.sensitive or remote.holds(_texts(values[name]))
            value, show = variables.shown(values[name]), partial(variables.display, values[name], sensitive=sensitive)
            yield PlannedVariable(name=name, value=value, sensitive=sensitive, show=show)


def _from_stores(local_results: Mapping[str, Value], remote: RemoteValues) -> Iterator[str]:
    """What secret stores gave, and what locals cut out of it."""
    yield from remote.secrets
    yield from remote.pieces(text for value in local_results.values() for text in _texts(value))


def _texts(value: Value) -> Iterator[str]:
    return (inner.raw for inner in walk(value) if isinstance(inner.raw, str))


def _secrets(
    declared: Mapping[str, variables.Declaration],
    values: Mapping[str, Value],
    locals_: Mapping[str, local_values.LocalValue],
    local_results: Mapping[str, Value],
) -> Iterator[str]:
    """Every string inside a sensitive variable (its default too) or local."""
    hidden = [local_results[name] for name, local in locals_.items() if local.sensitive and name in local_results]
    for name, declaration in declared.items():
        if declaration.sensitive:
            hidden += [values[name], *([declaration.default] if declaration.default is not None else [])]
    yield from dict.fromkeys(text for value in hidden for text in _texts(value) if text)
