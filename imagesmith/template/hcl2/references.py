"""Which names an expression refers to."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.template.hcl2 import nodes


def references(expression: nodes.Expression) -> Iterator[tuple[str, str, nodes.Expression]]:
    """Each ``root.name`` in the expression, without names it binds itself; the name is "" where only a root stands."""
    pending: list[tuple[nodes.Expression, frozenset[str]]] = [(expression, frozenset())]
    while pending:
        node, bound = pending.pop()
        if isinstance(node, nodes.Variable):
            if node.name not in bound:
                yield node.name, "", node
            continue
        if isinstance(node, nodes.Access) and isinstance(node.subject, nodes.Variable):
            if node.subject.name not in bound:
                yield node.subject.name, _first_step(node), node
            pending += [(child, bound) for child in node.children() if child is not node.subject]
            continue
        if isinstance(node, nodes.For | nodes.TemplateFor):
            inner = bound | {node.key_name, node.value_name}
            pending += [(child, bound if child is node.collection else inner) for child in node.children()]
            continue
        pending += [(child, bound) for child in node.children() if not isinstance(child, nodes.Literal)]


def _first_step(node: nodes.Access) -> str:
    step = node.steps[0]
    if isinstance(step, nodes.Attribute):
        return step.name
    key = step.key
    return key.value.raw if isinstance(key, nodes.Literal) and isinstance(key.value.raw, str) else ""
