"""A plan as ``inspect`` shows it. The layout is what Debian's packer 1.6.6 was seen to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imagesmith import redact
from imagesmith.plan import Plan, PlannedBlock, PlannedVariable
from imagesmith.redact import MASK
from imagesmith.template.gotemplate.printf import quote

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
    (block,) = plan.blocks
    builders = sorted((name, kind) for kind, name in block.sources)
    width = max((len(name) for name, _ in builders), default=0)
    for name, kind in builders:
        yield ("template-builder", name, kind)
        yield f"  {name:<{width}}{f' ({kind})' if name != kind else ''}"
    if not builders:
        yield "  <No builders>"
    yield ""
    yield "Provisioners:\n"
    for kind in block.provisioners:
        yield ("template-provisioner", kind)
        yield f"  {kind}"
    if not block.provisioners:
        yield "  <No provisioners>"
    yield "\nNames are shown as they are written; a build renders what is in double braces."


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
    optional = [one for one in ordered if not one.required]
    yield "Optional variables and their defaults:\n"
    width = max((len(one.name) for one in optional), default=0)
    for one in optional:
        default = MASK if one.sensitive else one.default or ""
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
    for index, block in enumerate(plan.blocks):
        lines += [f"  > {block.name or f'<unnamed build {index}>'}:", ""]
        if block.description:
            lines += [f"  > Description: {block.description}", ""]
        lines += _sections(block)
    yield "\n".join(lines)


def _sections(block: PlannedBlock) -> Iterator[str]:
    yield from ("    sources:", "")
    for kind, name in block.sources:
        yield from (f"      {kind}.{name}", "")
    if not block.sources:
        yield from ("      <no source>", "")
    yield from ("    provisioners:", "")
    for step in block.provisioners or ("<no provisioner>",):
        yield f"      {step}"
    yield from ("", "    post-processors:", "")
    for number, chain in enumerate(block.post_processors):
        yield f"      {number}:"
        for step in chain:
            yield f"        {step}"
        yield ""
    if not block.post_processors:
        yield from ("      <no post-processor>", "")


def _quoted(variable: PlannedVariable) -> str:
    return quote(redact.mask(variable.show()))
