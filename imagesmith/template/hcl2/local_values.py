"""``locals`` and ``local``: evaluated in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.bodies import refuse_unknown
from imagesmith.template.hcl2.cty import ANYTHING, Value, object_of
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.references import references
from imagesmith.template.hcl2.scope import Scope


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
        refuse_unknown(block.body, "The locals block", list(block.body.arguments), (), problems)
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


def evaluated(found: Mapping[str, LocalValue], scope: Scope, problems: Problems) -> dict[str, Value]:
    """The value of each local. One that fails is noted once; whatever needs it gets an unknown value."""
    values = dict.fromkeys(found, ANYTHING)
    for local in _in_order(found, problems):
        visible = {name: values[name] for name in _visible(local, found)}
        with problems.collecting():
            values[local.name] = evaluate(local.expression, scope.with_variables({"local": object_of(visible)}))
    return values


def _visible(local: LocalValue, found: Mapping[str, LocalValue]) -> Sequence[str]:
    """The locals that it refers to; all of them where it refers to one that doesn't exist, so that it can be told."""
    wanted = {name for root, name, _ in references(local.expression) if root == "local"}
    if wanted <= found.keys():
        return [name for name in found if name in wanted]
    return [name for name in found if name != local.name]


def _in_order(found: Mapping[str, LocalValue], problems: Problems) -> list[LocalValue]:
    """Each local after those that it needs; circles are noted and left out."""
    needs = {name: _needs(local, found) for name, local in found.items()}
    done: dict[str, bool] = {}
    order: list[LocalValue] = []
    for name in found:
        path = [name]
        while path:
            current = path[-1]
            if done.get(current):
                path.pop()
                continue
            done.setdefault(current, False)
            waiting = [need for need in needs[current] if not done.get(need)]
            circle = next((need for need in waiting if need in path), None)
            if circle is not None:
                _note_circle([*path[path.index(circle) :], circle], found, problems)
                for stuck in path:
                    done[stuck] = True
                path.clear()
            elif waiting:
                path.append(waiting[0])
            else:
                done[current] = True
                order.append(found[current])
                path.pop()
    return order


def _needs(local: LocalValue, found: Mapping[str, LocalValue]) -> list[str]:
    wanted: dict[str, None] = {}
    for root, name, _ in references(local.expression):
        if root != "local":
            continue
        if name in found:
            wanted[name] = None
        elif not name:
            wanted.update(dict.fromkeys(other for other in found if other != local.name))
    return list(wanted)


def _note_circle(names: Sequence[str], found: Mapping[str, LocalValue], problems: Problems) -> None:
    circle = " -> ".join(f"local.{name}" for name in names)
    place = found[names[0]].argument.location
    problems.add("Locals need each other in a circle", circle, "Take one of the references out", place)
