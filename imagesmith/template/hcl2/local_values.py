"""``locals`` and ``local``: which there are; `evaluation` gives them their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.bodies import refuse_unknown
from imagesmith.template.hcl2.problems import Problems


@dataclass(frozen=True, slots=True)
class LocalValue:
    """One local as it is written."""

    name: str
    expression: nodes.Expression
    argument: nodes.Node
    sensitive: bool = False


def declared(blocks: Sequence[nodes.Block], problems: Problems) -> dict[str, LocalValue]:
    """The locals of all ``locals`` and ``local`` blocks by name."""
    found: dict[str, LocalValue] = {}
    for block in blocks:
        for local in _of_block(block, problems):
            if local.name in found:
                first = found[local.name].argument.location
                title = f'The local "{local.name}" is declared twice'
                problems.add(title, f"The first one is at {first}", "", local.argument.location)
                continue
            found[local.name] = local
    return found


def _of_block(block: nodes.Block, problems: Problems) -> list[LocalValue]:
    if block.type == "locals":
        refuse_unknown(block.body, "The locals block", block.body.arguments, (), problems)
        return [LocalValue(a.name, a.expression, a) for a in block.body.arguments.values()]
    refuse_unknown(block.body, "A local block", ("expression", "sensitive"), (), problems)
    name = block.labels[0].name
    argument = block.body.arguments.get("expression")
    if argument is None:
        problems.add(f'The local "{name}" needs the argument "expression"', location=block.location)
        return []
    return [LocalValue(name, argument.expression, block, literal_truth(block.body, "sensitive", problems))]


def literal_truth(body: nodes.Body, name: str, problems: Problems) -> bool:
    """An argument that must be written as true or false; False where it isn't given."""
    argument = body.arguments.get(name)
    if argument is None:
        return False
    node = argument.expression
    raw = node.value.raw if isinstance(node, nodes.Literal) else None
    if not isinstance(raw, bool):
        problems.add(f'"{name}" must be true or false', location=node.location)
    return raw is True
