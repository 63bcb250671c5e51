"""The values of expressions, and assignments."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.powershell import conversion, nodes, operators
from imagesmith_simulator.machines.windows.powershell.members import (
    call_member,
    get_index,
    get_member,
    set_index,
    set_member,
)
from imagesmith_simulator.machines.windows.powershell.values import (
    ErrorInfo,
    NamedValues,
    NotSimulated,
    Record,
    ScriptBlock,
    Table,
    failure,
    flat,
    items,
    number,
    text,
    truth,
)

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine
    from imagesmith_simulator.machines.windows.powershell.host import Host
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows

Emit = Callable[[Any], None]
_CONSTANTS = {"true": True, "false": False, "null": None}


class Evaluation(ABC):
    """The part of the engine that knows expressions."""

    windows: Windows
    context: Context
    host: Host
    scopes: list[NamedValues]
    functions: NamedValues
    errors: list[ErrorInfo]
    ok: bool
    native_code: int | None

    @abstractmethod
    def statement(self, node: nodes.Node, emit: Emit) -> None:
        """Run one statement."""

    @abstractmethod
    def block(self, block: nodes.Block, emit: Emit) -> None:
        """Run statements."""

    def evaluate(self, node: nodes.Node) -> Any:
        """The value of an expression, or of a statement what it puts out."""
        evaluator = _EVALUATORS.get(type(node))
        if evaluator:
            return evaluator(self, node)
        if isinstance(node, nodes.Pipeline) and len(node.elements) == 1 and type(node.elements[0]) in _EVALUATORS:
            return self.evaluate(node.elements[0])  # a lone expression is its own value: an array of one stays one
        found: list[Any] = []
        self.statement(node, found.append)
        return flat(found)

    def keep_matches(self, groups: dict[int | str, str]) -> None:
        """Set ``$Matches``."""
        table = Table()
        for key, value in groups.items():
            table[str(key)] = value
        self.scopes[-1]["Matches"] = table

    def lookup(self, name: str, scope: str = "") -> Any:
        """A variable's value; null where it is not set."""
        if scope == "env":
            return next((value for key, value in self.context.env.items() if key.lower() == name.lower()), None)
        if scope in ("script", "global"):
            return self.scopes[0].get(name)
        lowered = name.lower()
        if lowered in _CONSTANTS:
            return _CONSTANTS[lowered]
        for values in reversed(self.scopes):
            if name in values:
                return values[name]
        return self._automatic(lowered)

    def _automatic(self, name: str) -> Any:
        if name == "psitem":
            return self.lookup("_")
        if name == "?":
            return self.ok
        simple: dict[str, Callable[[], Any]] = {
            "lastexitcode": lambda: self.native_code,
            "error": lambda: list(self.errors),
            "pwd": lambda: Record(NamedValues({"Path": self.context.cwd}), text=self.context.cwd),
            "home": lambda: self.lookup("USERPROFILE", "env"),
            "pid": lambda: 4242 + os.getpid() % 1000,
            "pshome": lambda: "C:\\Windows\\System32\\WindowsPowerShell\\v1.0",
            "host": lambda: Record(
                NamedValues({"Name": "ConsoleHost", "UI": Record(NamedValues({"RawUI": Record()}))})
            ),
        }
        return simple[name]() if name in simple else None

    def has_variable(self, name: str) -> bool:
        """Whether a variable is set."""
        return any(name in values for values in self.scopes) or self._automatic(name.lower()) is not None

    def assign(self, node: nodes.Assign) -> Any:
        """Run an assignment; its value."""
        value = self.evaluate(node.value)
        if node.operator:
            value = operators.binary(node.operator, self.evaluate(node.target), value, self.keep_matches)
        self.store(node.target, value)
        return value

    def store(self, target: nodes.Node, value: Any) -> None:
        """Put a value into a variable, property or element."""
        if isinstance(target, nodes.Variable):
            self.assign_variable(target, value)
        elif isinstance(target, nodes.Cast):
            self.store(target.operand, conversion.convert(value, target.type.name, array=target.type.array))
        elif isinstance(target, nodes.Member):
            holder = _static(target.target) if target.static else self.evaluate(target.target)
            set_member(self.engine, holder, text(self.evaluate(target.name)), value)
        elif isinstance(target, nodes.Index):
            set_index(self.evaluate(target.target), self.evaluate(target.index), value)
        elif isinstance(target, nodes.ArrayOf):
            self._unpack(target.items, list(items(value)))
        else:
            raise failure("The assignment expression is not valid.")

    def _unpack(self, targets: list[nodes.Node], values: list[Any]) -> None:
        for number_, target in enumerate(targets[:-1]):
            self.store(target, values[number_] if number_ < len(values) else None)
        self.store(targets[-1], flat(values[len(targets) - 1 :]))

    def assign_variable(self, variable: nodes.Variable, value: Any) -> None:
        """Set a variable of whatever scope."""
        if variable.scope == "env":
            self.set_environment(variable.name, value)
        elif variable.scope in ("script", "global"):
            self.scopes[0][variable.name] = value
        elif variable.scope in ("", "local", "private", "variable"):
            if variable.name.lower() in _CONSTANTS:
                if variable.name.lower() != "null":
                    raise failure(f"Cannot overwrite variable {variable.name} because it is read-only or constant.")
                return
            self.scopes[-1][variable.name] = value
        else:
            raise NotSimulated(f"variables of the drive {variable.scope}:")

    def set_environment(self, name: str, value: Any) -> None:
        """Set an environment variable; null and "" remove it."""
        known = next((key for key in self.context.env if key.lower() == name.lower()), name)
        if value is None or value == "":
            self.context.env.pop(known, None)
        else:
            self.context.env[known] = text(value)

    @property
    def engine(self) -> Engine:
        """Itself, as what it is in the end."""
        return self  # type: ignore[return-value]

    def arguments(self, nodes_: list[nodes.Node]) -> list[Any]:
        """The values of a call's arguments."""
        return [self.evaluate(node) for node in nodes_]


def _static(node: nodes.Node) -> Any:
    from imagesmith_simulator.machines.windows.powershell.dotnet.registry import find_type

    if isinstance(node, nodes.TypeName):
        return find_type(node.name)
    return None


def _variable(engine: Evaluation, node: nodes.Variable) -> Any:
    return engine.lookup(node.name, node.scope)


def _expandable(engine: Evaluation, node: nodes.Expandable) -> str:
    return "".join(part if isinstance(part, str) else text(engine.evaluate(part)) for part in node.parts)


def _array_of(engine: Evaluation, node: nodes.ArrayOf) -> list[Any]:
    return [engine.evaluate(item) for item in node.items]


def _statements(engine: Evaluation, node: nodes.Statements) -> Any:
    found: list[Any] = []
    only = node.body.statements[0] if len(node.body.statements) == 1 else None
    if node.kind == "" and isinstance(only, nodes.Assign):
        return engine.engine.assign(only)
    if only is not None and isinstance(only, nodes.Pipeline) and len(only.elements) == 1 and node.kind != "@":
        element = only.elements[0]
        if not isinstance(element, nodes.Command):
            return engine.evaluate(element)
    for statement in node.body.statements:
        if isinstance(statement, nodes.Pipeline) and isinstance(statement.elements[0], nodes.Step) and node.kind == "":
            found.append(engine.evaluate(statement.elements[0]))
        else:
            engine.statement(statement, found.append)
    return found if node.kind == "@" else flat(found)


def _hash_of(engine: Evaluation, node: nodes.HashOf) -> Table:
    table = Table()
    for key, value in node.pairs:
        table[text(engine.evaluate(key))] = engine.evaluate(value)
    return table


def _unary(engine: Evaluation, node: nodes.Unary) -> Any:
    return operators.unary(node.operator, engine.evaluate(node.operand))


def _binary(engine: Evaluation, node: nodes.Binary) -> Any:
    left = engine.evaluate(node.left)
    if node.operator == "-and":
        return truth(left) and truth(engine.evaluate(node.right))
    if node.operator == "-or":
        return truth(left) or truth(engine.evaluate(node.right))
    if node.operator in ("-is", "-isnot", "-as") and isinstance(node.right, nodes.TypeName):
        return operators.binary(node.operator, left, node.right.name, engine.keep_matches)
    return operators.binary(node.operator, left, engine.evaluate(node.right), engine.keep_matches)


def _cast(engine: Evaluation, node: nodes.Cast) -> Any:
    from imagesmith_simulator.machines.windows.powershell.dotnet.registry import TYPES, find_type

    value = engine.evaluate(node.operand)
    short = conversion.short_name(node.type.name)
    if not conversion.known(short) and short in TYPES:
        return find_type(short).cast(engine.engine, value)
    return conversion.convert(value, node.type.name, array=node.type.array)


def _type_name(engine: Evaluation, node: nodes.TypeName) -> Any:
    return _static(node)


def _member(engine: Evaluation, node: nodes.Member) -> Any:
    target = engine.evaluate(node.target)
    return get_member(engine.engine, target, text(engine.evaluate(node.name)))


def _call(engine: Evaluation, node: nodes.Call) -> Any:
    if engine.windows.installation.language_mode != "FullLanguage":
        raise failure(
            "Cannot invoke method. Method invocation is supported only on core types in this language mode.",
            identity="MethodInvocationNotSupportedInConstrainedLanguage",
        )
    target = engine.evaluate(node.target)
    return call_member(engine.engine, target, text(engine.evaluate(node.name)), engine.arguments(node.arguments))


def _index(engine: Evaluation, node: nodes.Index) -> Any:
    return get_index(engine.evaluate(node.target), engine.evaluate(node.index))


def _step(engine: Evaluation, node: nodes.Step) -> Any:
    before = number(engine.evaluate(node.target))
    engine.store(node.target, before + node.change)
    return before + node.change if node.before else before


_EVALUATORS: dict[type[nodes.Node], Callable[[Evaluation, Any], Any]] = {
    nodes.Const: lambda engine, node: node.value,
    nodes.Expandable: _expandable,
    nodes.Variable: _variable,
    nodes.ArrayOf: _array_of,
    nodes.Statements: _statements,
    nodes.HashOf: _hash_of,
    nodes.ScriptBlockOf: lambda engine, node: ScriptBlock(node.body),
    nodes.Unary: _unary,
    nodes.Binary: _binary,
    nodes.Cast: _cast,
    nodes.TypeName: _type_name,
    nodes.Member: _member,
    nodes.Call: _call,
    nodes.Index: _index,
    nodes.Step: _step,
    nodes.Assign: lambda engine, node: engine.assign(node),
}
