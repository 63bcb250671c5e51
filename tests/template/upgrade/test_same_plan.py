"""A JSON template and the HCL2 that it is upgraded to ask for the same builds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from imagesmith.options import Given, Options, option, table
from imagesmith.plan import Configuration, Plan, PlannedBuild, PlannedPostProcessor, PlannedProvisioner, TemplateRequest
from imagesmith.plugin import Kind
from imagesmith.template import load
from imagesmith.template.upgrade import upgrade
from imagesmith.template.upgrade.values import options_of

from .templates import CASES, Case

RUNTIME = {"ID": "i-1", "Host": "10.0.0.1", "Port": 22, "WinRMPassword": "pa`ss"}
DATA = {
    "Vars": "A='1' ",
    "Path": "/tmp/x.sh",
    "Script": "/tmp/y.sh",
    "Name": "vm",
    "HTTPIP": "10.0.2.2",
    "HTTPPort": 80,
}
ATTEMPTS = 3


def plans(case: Case, folder: Path) -> tuple[Plan, Plan]:
    source = folder / "t.json"
    source.write_text(json.dumps(case.template, indent=2), encoding="utf-8")
    upgraded = upgrade(source.read_text(encoding="utf-8"), str(source))
    assert [problem for problem in upgraded.problems if problem.severity == "error"] == []
    target = folder / "t.json.pkr.hcl"
    target.write_text(upgraded.text, encoding="utf-8")
    requests = (TemplateRequest(str(path), variables=case.variables, environ=case.environ) for path in (source, target))
    first, second = (load(request) for request in requests)
    return first, second


def plain(value: object) -> Any:
    """Blocks as plain maps."""
    if isinstance(value, list) and value and all(isinstance(item, Given) for item in value):
        return {item.name: plain(item.value) for item in value}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def table_of(value: object) -> Any:
    """The type of an option of a plugin that is not there, told by its value."""
    items: list[Any] = value if isinstance(value, list) else [value]
    if items and all(isinstance(item, Mapping) for item in items):
        scalars = all(not isinstance(inner, Mapping | list) for item in items for inner in item.values())
        if isinstance(value, Mapping) and scalars:
            return Mapping[str, object]
        nested = made_up({key: inner for item in items for key, inner in item.items()})
        return Sequence[nested] if isinstance(value, list) else nested  # type: ignore[valid-type]
    return object


def made_up(values: Mapping[str, object]) -> type[Options]:
    annotations = {name: table_of(value) for name, value in values.items()}
    fields = {name: option(default=None, doc="An option.") for name in values}
    return type("MadeUp", (Options,), {"__annotations__": annotations, **fields})


def told(options: Options, build: PlannedBuild) -> Any:
    """Everything that the options hold, secrets too; what a plugin renders at run time is rendered."""
    found = {}
    for name, record in table(type(options)).items():
        value = getattr(options, record.attribute)
        found[name] = everything(value, build, late=record.rendered == "run")
    return found


def everything(value: object, build: PlannedBuild, *, late: bool) -> Any:
    if isinstance(value, Options):
        return told(value, build)
    if isinstance(value, Mapping):
        return {key: everything(item, build, late=late) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [everything(item, build, late=late) for item in value]
    return build.render(value, DATA, RUNTIME) if late and isinstance(value, str) else value


def decoded(kind: Kind, name: str, *sides: tuple[PlannedBuild, Configuration]) -> list[Any]:
    """The options of both sides as decoded right before they are used."""
    options = options_of(kind, name) or made_up(plain(sides[0][1].given()))  # type: ignore[attr-defined]
    return [told(configuration.decode(options, RUNTIME), build) for build, configuration in sides]


def steps(build: PlannedBuild) -> list[PlannedProvisioner]:
    return [*build.provisioners, *([build.error_cleanup] if build.error_cleanup else [])]


def pairs(first: Plan, second: Plan, case: Case) -> list[tuple[PlannedBuild, PlannedBuild]]:
    """The builds by the name that JSON gives them; HCL2 always puts the type before it."""
    by_name = {build.name: build for build in second.builds}
    assert len(by_name) == len(second.builds) == len(first.builds) == len(case.template.get("builders", [1]))
    return [(build, by_name[f"{build.type}.{build.short_name}"]) for build in first.builds]


def compare(case: Case, folder: Path) -> list[tuple[Any, ...]]:
    """What differs between the two plans."""
    first, second = plans(case, folder)
    found: list[tuple[Any, ...]] = []
    for one, other in pairs(first, second, case):
        found.append(("source", *decoded("builders", one.type, (one, one.source), (other, other.source))))
        found.append(("steps", [shape(step) for step in steps(one)], [shape(step) for step in steps(other)]))
        for a, b in zip(steps(one), steps(other), strict=False):
            found.append((a.type, *decoded("provisioners", a.type, (one, a.configuration), (other, b.configuration))))
        found.append(("chains", chains(one), chains(other)))
        for left, right in zip(chained(one), chained(other), strict=False):
            sides = (one, left.configuration), (other, right.configuration)
            found.append((left.type, *decoded("post_processors", left.type, *sides)))
    return [difference for difference in found if difference[1] != difference[2]]


def chained(build: PlannedBuild) -> list[PlannedPostProcessor]:
    return [step for chain in build.post_processors for step in chain]


def chains(build: PlannedBuild) -> list[Any]:
    return [
        [(step.type, step.name or step.type, step.keep_input_artifact) for step in chain]
        for chain in build.post_processors
    ]


def shape(step: PlannedProvisioner) -> tuple[Any, ...]:
    return step.type, step.pause_before_s, step.timeout_s, step.max_retries


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_upgraded_template_asks_for_the_same(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in case.files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("---\n", encoding="utf-8")
    different = compare(case, tmp_path)
    for _ in range(ATTEMPTS):  # The two plans are loaded one after the other: a second may begin between them.
        different = different and compare(case, tmp_path)
    assert different == []


def test_there_are_enough_templates() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40
