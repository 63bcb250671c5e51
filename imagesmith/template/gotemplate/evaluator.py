"""Runs a parsed template. Steps, depth and output are counted and bounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from imagesmith.template.gotemplate.errors import Failure
from imagesmith.template.gotemplate.nodes import (
    Branch,
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
from imagesmith.template.gotemplate.values import NO_VALUE, kind, show, truth

MAX_STEPS = 100_000
MAX_OUTPUT = 8 << 20
MAX_WORK = 256 << 20
MAX_DEPTH = 80
_FIELD = re.compile(r"\{\{\s?\.")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language: its parameters' types (`object` for any) and that of further ones."""

    call: Callable[..., object]
    parameters: tuple[type, ...] = ()
    rest: type | None = None


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Evaluation:
    """One rendering of one template. Raises `Failure`."""

    def __init__(self, template: Template, functions: Mapping[str, Function], *, keep_fields: bool = False) -> None:
        self.template, self.functions, self.keep_fields = template, functions, keep_fields
        self.pieces: list[str] = []
        self.variables: list[tuple[str, object]] = []
        self.steps = self.size = self.work = self.depth = 0

    def run(self, data: object) -> str:
        self.variables = [("$", data)]
        self._nodes(self.template.body, data)
        return "".join(self.pieces)

    def _nodes(self, nodes: Sequence[Node], dot: object) -> None:
        self.depth += 1
        for node in nodes:
            self._step(node.at)
            if isinstance(node, Text):
                self._write(node.text, node.at)
            elif isinstance(node, Output):
                self._output(node, dot)
            elif isinstance(node, Branch):
                self._branch(node, dot)
            elif isinstance(node, Include):
                self._include(node, dot)
            elif isinstance(node, Jump):
                raise _Break if node.keyword == "break" else _Continue
        self.depth -= 1

    def _output(self, node: Output, dot: object) -> None:
        if self.keep_fields and _FIELD.match(node.source):
            self._write(node.source, node.at)
            return
        value = self._pipe(node.pipe, dot)
        if not node.pipe.variables:
            self._write(NO_VALUE if value is None else show(value), node.at)

    def _step(self, at: int) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS or self.depth > MAX_DEPTH:
            raise Failure("the template does too much work", at, "Does a template include itself?")

    def _write(self, text: str, at: int) -> None:
        self.size += len(text)
        if self.size > MAX_OUTPUT:
            raise Failure(f"the result is larger than {MAX_OUTPUT >> 20} MiB", at)
        self.pieces.append(text)

    # control

    def _branch(self, node: Branch, dot: object) -> None:
        scope, depth = len(self.variables), self.depth
        if node.keyword == "range":
            self._range(node, dot)
        else:
            value = self._pipe(node.pipe, dot)
            inner = value if node.keyword == "with" and truth(value) else dot
            self._nodes(node.body if truth(value) else node.otherwise, inner)
        del self.variables[scope:]
        self.depth = depth

    def _range(self, node: Branch, dot: object) -> None:
        names, scope, depth = node.pipe.variables, len(self.variables), self.depth
        value = self._commands(node.pipe, dot)
        if isinstance(value, Mapping):
            items: list[tuple[object, object]] = sorted(value.items())
        elif isinstance(value, list | tuple):
            items = list(enumerate(value))
        elif value is None:
            items = []
        else:
            raise Failure(f"range can't go through {kind(value)}", node.pipe.at)
        for pair in items:
            given = list(zip(names, pair if len(names) > 1 else pair[1:], strict=False))
            if node.pipe.declares:
                self.variables += given
            else:
                for name, item in given:
                    self._assign(name, item)
            try:
                self._nodes(node.body, pair[1])
            except _Continue:
                pass
            except _Break:
                return
            finally:
                del self.variables[scope:]
                self.depth = depth
        if not items:
            self._nodes(node.otherwise, dot)

    def _include(self, node: Include, dot: object) -> None:
        body = self.template.defined.get(node.name)
        if body is None:
            raise Failure(f'there is no template "{node.name}"', node.at)
        data = None if node.pipe is None else self._pipe(node.pipe, dot)
        outer, self.variables = self.variables, [("$", data)]
        self._nodes(body, data)
        self.variables = outer

    # values

    def _pipe(self, pipe: Pipe, dot: object) -> object:
        value = self._commands(pipe, dot)
        for name in pipe.variables:
            if pipe.declares:
                self.variables.append((name, value))
            else:
                self._assign(name, value)
        return value

    def _assign(self, name: str, value: object) -> None:
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                self.variables[index] = (name, value)
                return

    def _commands(self, pipe: Pipe, dot: object) -> object:
        last: list[object] = []
        for command in pipe.commands:
            self._step(pipe.at)
            first = command[0]
            if isinstance(first, Name):
                last = [self._call(first, command[1:], dot, last)]
            elif last:
                raise Failure("only a function can stand after a |", first.at)
            else:
                last = [self._operand(first, dot)]
        return last[-1]

    def _operand(self, operand: Operand, dot: object) -> object:
        if isinstance(operand, Constant):
            return operand.value
        if isinstance(operand, Dot):
            return dot
        if isinstance(operand, Fields):
            value = dot if operand.of is None else self._operand(operand.of, dot)
            for name in operand.names:
                value = _field(value, name, operand.at)
            return value
        if isinstance(operand, Variable):
            return next(value for name, value in reversed(self.variables) if name == operand.name)
        if isinstance(operand, Name):
            return self._call(operand, [], dot, [])
        return self._pipe(operand, dot)

    def _call(self, name: Name, operands: Sequence[Operand], dot: object, last: Sequence[object]) -> object:
        if name.name in ("and", "or"):
            return self._choose(name, operands, dot, last)
        function = self.functions[name.name]
        values = _arguments(name, function, [self._operand(operand, dot) for operand in operands] + list(last))
        self._spend(values, name.at)
        try:
            result = function.call(*values)
        except Failure as failure:
            at = name.at if failure.at is None else failure.at
            raise Failure(f"{name.name}: {failure.message}", at, failure.hint) from None
        self._spend([result], name.at)
        return result

    def _spend(self, values: Sequence[object], at: int) -> None:
        """Count the text that functions take and give."""
        self.work += sum(len(value) for value in values if isinstance(value, str))
        if self.work > MAX_WORK:
            raise Failure("the template does too much work", at, "Does a text grow again and again?")

    def _choose(self, name: Name, operands: Sequence[Operand], dot: object, last: Sequence[object]) -> object:
        """``and`` and ``or`` look at no more arguments than they need."""
        if not operands and not last:
            raise Failure(f"{name.name} needs at least one argument", name.at)
        value: object = None
        for operand in operands:
            value = self._operand(operand, dot)
            if truth(value) == (name.name == "or"):
                return value
        return last[0] if last else value


def _field(value: object, name: str, at: int) -> object:
    """A missing key is nil, and so is what is taken of it."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return value.get(name)
    raise Failure(f"{kind(value)} has no field .{name}", at)


def _arguments(name: Name, function: Function, values: list[object]) -> list[object]:
    """The values as the function wants them, or `Failure` for a wrong number or type."""
    least = len(function.parameters)
    if len(values) < least or (function.rest is None and len(values) > least):
        wanted = str(least) if function.rest is None else f"at least {least}"
        plural = "" if least == 1 else "s"
        raise Failure(f"{name.name} takes {wanted} argument{plural}, not {len(values)}", name.at)
    types = [*function.parameters, *[function.rest or object] * (len(values) - least)]
    return [_argument(name, number, *pair) for number, pair in enumerate(zip(values, types, strict=True), 1)]


def _argument(name: Name, number: int, value: object, wanted: type) -> object:
    if wanted is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if wanted in (str, int) and type(value) is not wanted:
        text = "a string" if wanted is str else "a whole number"
        raise Failure(f"argument {number} of {name.name} must be {text}, not {kind(value)}", name.at)
    return value
