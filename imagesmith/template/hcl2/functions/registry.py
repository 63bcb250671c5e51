"""How a function is declared, found and called.

    @function("upper(string)", STRING)
    def upper(text: str) -> str:
        '''The text in upper case.'''
        return text.upper()

Parameters of a simple type arrive as plain str, bool or numbers; all others as a `Value`. A parameter that may be null,
unknown or repeated says so with `Parameter`. A plain result becomes a value of its own type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from imagesmith.template.hcl2 import numeric
from imagesmith.template.hcl2.conversion import NotConvertible, convert
from imagesmith.template.hcl2.cty import DYNAMIC, Primitive, Type, Value, boolean, number, string, unknown, wholly_known
from imagesmith.template.hcl2.nodes import Expression
from imagesmith.template.hcl2.scope import Scope, Surroundings


class FunctionProblem(ValueError):
    """The call can't be answered; ``argument`` is the position of the argument at fault, ``hint`` says what to do."""

    def __init__(self, text: str, argument: int | None = None, *, hint: str = "") -> None:
        super().__init__(text)
        self.argument = argument
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; ``null`` when it may be null, ``inside`` when what is inside of it needn't be known."""

    type: Type = DYNAMIC
    null: bool = False
    inside: bool = False


Implementation = TypeVar("Implementation", bound=Callable[..., Any])
Evaluate = Callable[[Expression, Scope], Value]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language. ``lazy`` functions get expressions instead of values."""

    name: str
    usage: str
    implementation: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    rest: Parameter | None
    optional: int
    returns: Type
    surroundings: bool
    lazy: bool
    doc: str

    def call(self, arguments: Sequence[Value], surroundings: Surroundings) -> Value:
        """The result for these arguments. Raises `FunctionProblem`."""
        self.check_count(len(arguments))
        prepared: list[Any] = []
        undecided = False
        for position, argument in enumerate(arguments):
            parameter = self._parameter(position)
            value = _argument(argument, parameter, position)
            undecided = undecided or not (value.known if parameter.inside else wholly_known(value))
            prepared.append(value.raw if isinstance(parameter.type, Primitive) and parameter.type != DYNAMIC else value)
        if undecided:
            return unknown(self.returns)
        if self.surroundings:
            prepared.insert(0, surroundings)
        try:
            return _result(self.implementation(*prepared))
        except NotConvertible as problem:
            raise FunctionProblem(str(problem)) from None
        except numeric.NumberProblem as problem:
            raise FunctionProblem(str(problem)) from None

    def call_lazily(self, arguments: Sequence[Expression], scope: Scope, evaluate: Evaluate, *, expands: bool) -> Value:
        """The result of a function that gets expressions. Raises `FunctionProblem` and `TemplateError`."""
        if expands:
            raise FunctionProblem("arguments can't be expanded with ... here", len(arguments) - 1)
        result: Value = self.implementation(arguments, scope, evaluate)
        return result

    def check_count(self, given: int) -> None:
        """Refuse too few and too many arguments."""
        least, most = len(self.parameters) - self.optional, len(self.parameters)
        if given >= least and (self.rest is not None or given <= most):
            return
        wanted = f"at least {least}" if self.rest is not None else str(most)
        if self.rest is None and least != most:
            wanted = f"{least} to {most}"
        raise FunctionProblem(f"{wanted} argument{'' if wanted.endswith('1') else 's'} wanted, {given} given")

    def _parameter(self, position: int) -> Parameter:
        if position < len(self.parameters):
            return self.parameters[position]
        return self.rest or Parameter()


REGISTRY: dict[str, Function] = {}
"""Every function by its name; filled when the families' modules are imported."""


def function(
    usage: str,
    *parameters: Type | Parameter,
    rest: Type | Parameter | None = None,
    optional: int = 0,
    returns: Type = DYNAMIC,
    surroundings: bool = False,
    lazy: bool = False,
) -> Callable[[Implementation], Implementation]:
    """Declare a function of the language; ``usage`` is its name and, for readers, its parameters in parentheses.

    ``rest`` is the type of further arguments, ``optional`` how many of the last parameters may be left out,
    ``returns`` the type of the result while an argument isn't known yet. With ``surroundings`` the implementation gets
    `Surroundings` first.
    """

    def declare(implementation: Implementation) -> Implementation:
        name = usage.partition("(")[0]
        doc = (implementation.__doc__ or "").strip()
        wanted, repeated = tuple(map(_as_parameter, parameters)), None if rest is None else _as_parameter(rest)
        REGISTRY[name] = Function(
            name, usage, implementation, wanted, repeated, optional, returns, surroundings, lazy, doc
        )
        return implementation

    return declare


def _as_parameter(given: Type | Parameter) -> Parameter:
    return given if isinstance(given, Parameter) else Parameter(given)


def _argument(value: Value, parameter: Parameter, position: int) -> Value:
    if value.is_null and not parameter.null:
        raise FunctionProblem("a value is wanted, not null", position)
    try:
        return convert(value, parameter.type)
    except NotConvertible as problem:
        raise FunctionProblem(str(problem), position) from None


def _result(given: Any) -> Value:
    if isinstance(given, Value):
        return given
    if isinstance(given, bool):
        return boolean(given)
    if isinstance(given, str):
        return string(given)
    if isinstance(given, int | Fraction | float):
        return number(given)
    raise TypeError(f"a function returned a {type(given).__name__}")
