"""Go template text written anew from its parsed form, with some calls replaced by HCL2 expressions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from imagesmith.template.gotemplate.nodes import (
    Constant,
    Dot,
    Fields,
    Include,
    Jump,
    Name,
    Node,
    Operand,
    Output,
    Pipe,
    Template,
    Text,
    Variable,
)
from imagesmith.template.upgrade.pieces import Code, Literal, Piece

Replace = Callable[[list[Operand]], str | None]
"""Gives the HCL2 expression (a string) that stands for a command, or None to leave the command as it is."""


def template_text(template: Template, replace: Replace) -> list[Piece]:
    """A whole template, its definitions first."""
    pieces: list[Piece] = []
    for name, body in template.defined.items():
        pieces += [Literal(f"{{{{define {_string(name)}}}}}"), *nodes_text(body, replace), Literal("{{end}}")]
    return [*pieces, *nodes_text(template.body, replace)]


def nodes_text(nodes: Sequence[Node], replace: Replace) -> list[Piece]:
    """These nodes."""
    return [piece for node in nodes for piece in _node(node, replace)]


def _node(node: Node, replace: Replace) -> list[Piece]:
    if isinstance(node, Text):
        return [Literal(node.text)]
    if isinstance(node, Output):
        return _action("", node.pipe, replace)
    if isinstance(node, Jump):
        return [Literal(f"{{{{{node.keyword}}}}}")]
    if isinstance(node, Include):
        return _action(f"template {_string(node.name)} ", node.pipe, replace)
    otherwise = [Literal("{{else}}"), *nodes_text(node.otherwise, replace)] if node.otherwise else []
    return [
        *_action(f"{node.keyword} ", node.pipe, replace),
        *nodes_text(node.body, replace),
        *otherwise,
        Literal("{{end}}"),
    ]


def _action(keyword: str, pipe: Pipe | None, replace: Replace) -> list[Piece]:
    return [Literal("{{" + keyword), *(_pipe(pipe, replace) if pipe else []), Literal("}}")]


def _pipe(pipe: Pipe, replace: Replace) -> list[Piece]:
    assigned = ", ".join(pipe.variables) + (" := " if pipe.declares else " = ") if pipe.variables else ""
    pieces: list[Piece] = [Literal(assigned)]
    for number, command in enumerate(pipe.commands):
        pieces += [Literal(" | ")] if number else []
        pieces += _command(command, replace)
    return pieces


def _command(command: list[Operand], replace: Replace) -> list[Piece]:
    code = replace(command)
    if code is not None:
        return [Code(f"jsonencode({code})")]
    pieces: list[Piece] = []
    for number, operand in enumerate(command):
        pieces += [Literal(" ")] if number else []
        pieces += _operand(operand, replace)
    return pieces


def _operand(operand: Operand, replace: Replace) -> list[Piece]:
    if isinstance(operand, Constant):
        return [Literal(_constant(operand.value))]
    if isinstance(operand, Dot):
        return [Literal(".")]
    if isinstance(operand, Fields):
        before = [] if operand.of is None else _operand(operand.of, replace)
        return [*before, Literal("." + ".".join(operand.names))]
    if isinstance(operand, Variable):
        return [Literal(operand.name)]
    if isinstance(operand, Name):
        code = replace([operand])
        return [Literal(operand.name) if code is None else Code(f"jsonencode({code})")]
    return [Literal("("), *_pipe(operand, replace), Literal(")")]


def _constant(value: object) -> str:
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _string(value) if isinstance(value, str) else repr(value)


def _string(text: str) -> str:
    return f"`{text}`" if "`" not in text and text.isprintable() else json.dumps(text, ensure_ascii=False)
