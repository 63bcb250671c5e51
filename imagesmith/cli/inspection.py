"""A plan as ``inspect`` shows it. The layout is what Debian's packer 1.6.6 was seen to print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from imagesmith.plan import Plan, PlannedBuild, PlannedVariable
from imagesmith.redact import MASK

Told = str | tuple[str, ...]
"""A piece of text for people, or the type and fields of a record for scripts."""


def of_json(plan: Plan) -> Iterator[Told]:
    """A legacy JSON template."""
    yield "Packer Inspect: JSON mode"
    if plan.description:
        yield "Description:\n"
        yield f"{plan.description}\n"
    yield from _json_variables(plan.variables)
    yield "Builders:\n"
    builders = sorted((build.short_name or build.name, build.type) for build in plan.builds)
    width = max((len(name) for name, _ in builders), default=0)
    for name, kind in builders:
        yield ("template-builder", name, kind)
        yield f"  {name:<{width}}{f' ({kind})' if name != kind else ''}"
    if not plan.builds:
        yield "  <No builders>"
    yield ""
    yield "Provisioners:\n"
    for kind in _longest(_provisioners(build) for build in plan.builds) or ["<No provisioners>"]:
        if not kind.startswith("<"):
            yield ("template-provisioner", kind)
        yield f"  {kind}"
    yield "\nNames of builds are shown as they are with the variables given here."


def _json_variables(variables: Sequence[PlannedVariable]) -> Iterator[Told]:
    if not variables:
        yield "Variables:\n"
        yield "  <No variables>"
        yield ""
        return
    ordered = sorted(variables, key=lambda one: one.name)
    if required := [one for one in ordered if one.required]:
        yield "Required variables:\n"
        for one in required:
            yield ("template-variable", one.name, "", "1")
            yield f"  {one.name}"
        yield ""
    if optional := [one for one in ordered if not one.required]:
        yield "Optional variables and their defaults:\n"
        width = max(len(one.name) for one in optional)
        for one in optional:
            default = MASK if one.sensitive else _text(one.default)
            yield ("template-variable", one.name, default, "0")
            yield f"  {one.name:<{width}} = {default}"
        yield ""


def of_hcl2(plan: Plan) -> Iterator[Told]:
    """An HCL2 template."""
    yield "Packer Inspect: HCL2 mode\n"
    lines = ["> input-variables:", ""]
    lines += [f"var.{one.name}: {_quoted(one)}" for one in sorted(plan.variables, key=lambda one: one.name)]
    lines += ["", "> local-variables:", ""]
    lines += [f"local.{one.name}: {_quoted(one)}" for one in sorted(plan.locals, key=lambda one: one.name)]
    yield "\n".join(lines) + "\n"
    lines = ["> builds:", ""]
    for index, (name, builds) in enumerate(_blocks(plan.builds)):
        lines += [f"  > {name or f'<unnamed build {index}>'}:", ""]
        if plan.description:
            lines += [f"  > Description: {plan.description}", ""]
        lines += _sections(builds)
    yield "\n".join(lines)


def _sections(builds: Sequence[PlannedBuild]) -> Iterator[str]:
    yield from ("    sources:", "")
    for build in builds:
        block = f"{build.block_name}." if build.block_name else ""
        yield from (f"      {build.name.removeprefix(block)}", "")
    yield from ("    provisioners:", "")
    for kind in _longest(_provisioners(build) for build in builds) or ["<no provisioner>"]:
        yield f"      {kind}"
    yield from ("", "    post-processors:", "")
    chains = max((build.post_processors for build in builds), key=len, default=())
    for number, chain in enumerate(chains):
        yield f"      {number}:"
        for one in chain:
            yield f"        {one.type}"
        yield ""
    if not chains:
        yield from ("      <no post-processor>", "")


def _blocks(builds: Iterable[PlannedBuild]) -> list[tuple[str, list[PlannedBuild]]]:
    blocks: dict[str, list[PlannedBuild]] = {}
    for build in builds:
        blocks.setdefault(build.block_name, []).append(build)
    return list(blocks.items())


def _provisioners(build: PlannedBuild) -> list[str]:
    return [one.type for one in build.provisioners]


def _longest(lists: Iterable[list[str]]) -> list[str]:
    """What the block has; ``only`` and ``except`` make some builds' lists shorter."""
    return max(lists, key=len, default=[])


def _quoted(variable: PlannedVariable) -> str:
    if variable.sensitive:
        shown = MASK
    elif variable.value is None and variable.required:
        shown = "<unknown>"
    else:
        shown = _text(variable.value)
    return json.dumps(shown, ensure_ascii=False)


def _text(value: object, indent: str = "") -> str:
    """A value as HCL writes it; a string at the top is bare."""
    return value if isinstance(value, str) and not indent else _literal(value, indent)


def _literal(value: object, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(value, Mapping):
        rows = [f"{deeper}{json.dumps(str(k), ensure_ascii=False)} = {_literal(v, deeper)}" for k, v in value.items()]
        return "\n".join(["{", *rows, indent + "}"])
    if isinstance(value, list | tuple):
        return "\n".join(["[", *(f"{deeper}{_literal(item, deeper)}," for item in value), indent + "]"])
    if value is None or isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
