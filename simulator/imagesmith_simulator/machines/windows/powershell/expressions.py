"""Parsing expressions."""

from __future__ import annotations

import re
from abc import abstractmethod

from imagesmith_simulator.machines.windows.powershell import nodes
from imagesmith_simulator.machines.windows.powershell.scanner import Scanner

_COMPARISONS = [
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "like",
    "notlike",
    "match",
    "notmatch",
    "replace",
    "contains",
    "notcontains",
    "in",
    "notin",
    "is",
    "isnot",
    "as",
    "split",
    "join",
]
_CASED = (
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "like",
    "notlike",
    "match",
    "notmatch",
    "replace",
    "contains",
    "notcontains",
    "split",
)
_COMPARISONS += [prefix + word for word in _CASED for prefix in "ci"]
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("-and", "-or", "-xor"),
    ("-band", "-bor", "-bxor", "-shl", "-shr"),
    tuple(f"-{word}" for word in _COMPARISONS),
    ("+", "-"),
    ("*", "/", "%"),
    ("-f",),
)
_TYPE = re.compile(r"\[\s*([A-Za-z_][\w.]*)((?:\[\s*,*\s*\]|\[[\w.,\s\[\]]+\])?)\s*\]")
_NAME = re.compile(r"[A-Za-z_]\w*")
_UNARY = ("-not", "-bnot", "-split", "-join", "!", "++", "--", "-", "+")


class ExpressionParser(Scanner):
    """Expressions, from the loosest operators to the tightest."""

    def expression(self, *, comma: bool = True) -> nodes.Node:
        """Parse an expression; without ``comma`` it ends at one."""
        return self._binary(0, comma)

    def _binary(self, level: int, comma: bool) -> nodes.Node:
        if level == len(_LEVELS):
            return self._range(comma)
        left = self._binary(level + 1, comma)
        while operator := self._operator(_LEVELS[level]):
            line = self.line
            self.skip(lines=True)
            left = nodes.Binary(line, operator, left, self._binary(level + 1, comma))
        return left

    def _operator(self, options: tuple[str, ...]) -> str:
        start = self.at
        self.skip()
        if self.char == "-" and re.match(r"-[A-Za-z]", self.text[self.at :]):
            return self.word(*options) or self._back(start)
        for option in options:
            if self.peek(option) and not self.peek(option + "=", option * 2) and not option.startswith("-f"):
                if option == "-" and re.match(r"-[A-Za-z]", self.text[self.at :]):
                    continue
                return self.take(option)
        return self._back(start)

    def _back(self, start: int) -> str:
        self.at = start
        return ""

    def _range(self, comma: bool) -> nodes.Node:
        left = self._array(comma)
        self_start = self.at
        self.skip()
        if self.take(".."):
            line = self.line
            self.skip(lines=True)
            return nodes.Binary(line, "..", left, self._array(comma))
        self.at = self_start
        return left

    def _array(self, comma: bool) -> nodes.Node:
        line = self.line
        if comma and self.peek(","):
            self.take(",")
            self.skip(lines=True)
            return nodes.ArrayOf(line, [self._unary()])
        items = [self._unary()]
        while comma:
            start = self.at
            self.skip()
            if not self.take(","):
                self.at = start
                break
            self.skip(lines=True)
            items.append(self._unary())
        return items[0] if len(items) == 1 else nodes.ArrayOf(line, items)

    def _unary(self) -> nodes.Node:
        self.skip()
        line = self.line
        number = self.number() if self.char.isdigit() or re.match(r"-?\.?\d", self.text[self.at :]) else None
        if number is not None:
            return self._postfix(nodes.Const(line, number))
        operator = self.word("-not", "-bnot", "-split", "-join") or self.take("++", "--", "!", "+", "-")
        if operator:
            self.skip()
            if operator in ("++", "--"):
                return nodes.Step(line, self._unary(), 1 if operator == "++" else -1, before=True)
            return nodes.Unary(line, operator, self._unary())
        if self.char == "[":
            return self._type_or_cast()
        return self._postfix(self._primary())

    def _type_or_cast(self) -> nodes.Node:
        line = self.line
        found = self.match(_TYPE)
        if not found:
            raise self.error("Missing type name after '['.")
        named = nodes.TypeName(line, found.group(1), found.group(2).strip("[] ,") == "" and bool(found.group(2)))
        if self.peek("::", "."):
            return self._postfix(named)
        start = self.at
        self.skip()
        if (
            self.char
            and (self.char in "$@([\"'{-+!,\u2018\u201c" or self.char.isdigit())
            and not re.match(r"-[A-Za-z]", self.text[self.at :])
        ):
            return nodes.Cast(line, named, self._unary())
        self.at = start
        return named

    def _primary(self) -> nodes.Node:
        line = self.line
        if found := self.string():
            return found
        if found := self.variable():
            return found
        for opening, kind in (("@(", "@"), ("$(", "$"), ("(", "")):
            if self.take(opening):
                return nodes.Statements(line, kind, self.statements_until(")"))
        if self.take("@{"):
            return self._hash(line)
        if self.take("{"):
            return nodes.ScriptBlockOf(line, self.block_until("}"))
        raise self.unexpected()

    def _hash(self, line: int) -> nodes.HashOf:
        pairs: list[tuple[nodes.Node, nodes.Node]] = []
        while True:
            self.skip(lines=True)
            while self.take(";"):
                self.skip(lines=True)
            if self.take("}"):
                return nodes.HashOf(line, pairs)
            found = self.match(_NAME)
            key = nodes.Const(self.line, found.group(0)) if found else self._unary()
            self.expect("=")
            self.skip(lines=True)
            pairs.append((key, self.statement_value()))

    def _postfix(self, node: nodes.Node) -> nodes.Node:
        while True:
            line = self.line
            if self.take("::"):
                node = self._member(node, line, static=True)
            elif self.char == "." and re.match(r"\.[A-Za-z_$('\"]", self.text[self.at :]):
                self.at += 1
                node = self._member(node, line, static=False)
            elif self.char == "[":
                self.at += 1
                self.skip(lines=True)
                index = self.expression()
                self.expect("]")
                node = nodes.Index(line, node, index)
            elif self.peek("++", "--") and isinstance(node, nodes.Variable | nodes.Member | nodes.Index):
                node = nodes.Step(line, node, 1 if self.take("++", "--") == "++" else -1, before=False)
            else:
                return node

    def _member(self, target: nodes.Node, line: int, *, static: bool) -> nodes.Node:
        found = self.match(_NAME)
        name = nodes.Const(line, found.group(0)) if found else self._primary()
        if not self.take("("):
            return nodes.Member(line, target, name, static)
        arguments: list[nodes.Node] = []
        self.skip(lines=True)
        while not self.take(")"):
            arguments.append(self.expression(comma=False))
            self.skip(lines=True)
            if not self.take(",") and not self.peek(")"):
                raise self.error("Missing ')' in method call.")
            self.skip(lines=True)
        return nodes.Call(line, target, name, arguments, static)

    @abstractmethod
    def block_until(self, closing: str) -> nodes.Block:
        """Parse a script block's inside."""

    @abstractmethod
    def statement_value(self) -> nodes.Node:
        """Parse what may stand after ``=``."""
