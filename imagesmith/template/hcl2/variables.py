"""``variable`` and ``variables``: what a template declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from imagesmith.errors import Location
from imagesmith.redact import MASK
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.bodies import is_identifier, refuse_unknown
from imagesmith.template.hcl2.conversion import NotConvertible, convert
from imagesmith.template.hcl2.cty import (
    BOOL,
    DYNAMIC,
    NUMBER,
    STRING,
    ListOf,
    MapOf,
    ObjectOf,
    SetOf,
    Type,
    Value,
    friendly,
    from_plain,
    object_of,
    to_plain,
    wholly_known,
)
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.printing import printed
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.references import references
from imagesmith.template.hcl2.scope import Scope, Surroundings
from imagesmith.template.hcl2.source import failure
from imagesmith.template.hcl2.type_constraints import type_of

_ARGUMENTS = ("type", "default", "description", "sensitive")


@dataclass(frozen=True, slots=True)
class Validation:
    """One ``validation`` block."""

    condition: nodes.Expression
    message: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """One variable as it is declared; ``default`` is None where it has none."""

    name: str
    type: Type
    default: Value | None = field(repr=False)
    location: Location
    description: str = ""
    sensitive: bool = False
    validations: tuple[Validation, ...] = ()


def declared(blocks: Sequence[nodes.Block], surroundings: Surroundings, problems: Problems) -> dict[str, Declaration]:
    """The variables of all ``variable`` and ``variables`` blocks by name."""
    found: dict[str, Declaration] = {}
    scope = Scope({}, surroundings, "env")
    for block in blocks:
        for variable in _of_block(block, scope, problems):
            if not is_identifier(variable.name):
                hint = "Begin with a letter or underscore, and use only letters, digits, underscores and dashes"
                problems.add(f'"{variable.name}" can\'t be the name of a variable', "", hint, variable.location)
            elif variable.name in found:
                title = f'The variable "{variable.name}" is declared twice'
                problems.add(title, f"The first one is at {found[variable.name].location}", "", variable.location)
            else:
                found[variable.name] = variable
    return found


def _of_block(block: nodes.Block, scope: Scope, problems: Problems) -> list[Declaration]:
    if block.type == "variable":
        return [_variable(block, scope, problems)]
    refuse_unknown(block.body, "The variables block", block.body.arguments, (), problems)
    found = []
    for argument in block.body.arguments.values():
        default = _default(argument, None, scope, problems)
        found.append(Declaration(argument.name, _implied(default), default, argument.location))
    return found


def _variable(block: nodes.Block, scope: Scope, problems: Problems) -> Declaration:
    refuse_unknown(block.body, "A variable block", _ARGUMENTS, ("validation",), problems)
    arguments = block.body.arguments
    kind = None
    if "type" in arguments:
        with problems.collecting():
            kind = type_of(arguments["type"].expression)
    default = _default(arguments["default"], kind, scope, problems) if "default" in arguments else None
    name = block.labels[0].name
    return Declaration(
        name=name,
        type=kind if kind is not None else _implied(default),
        default=default,
        location=block.location,
        description=_description(arguments.get("description"), scope, problems),
        sensitive=(truth := _constant(arguments.get("sensitive"), BOOL, scope, problems)) is not None
        and truth.raw is True,
        validations=tuple(_validations(block, name, problems)),
    )


def example(kind: Type) -> str:
    """What a value of this type looks like, for somebody who has written another."""
    match kind:
        case ListOf() | SetOf():
            return 'Write a list, such as ["a", "b"]'
        case MapOf() | ObjectOf():
            return 'Write an object, such as { name = "value" }'
        case _:
            return "Write a number, such as 20" if kind == NUMBER else "Write true or false" if kind == BOOL else ""


def _implied(default: Value | None) -> Type:
    """The type of a variable that declares none: its default's, unless that is empty."""
    if default is None or default.raw in ((), {}, None):
        return DYNAMIC
    return default.type


def _default(argument: nodes.Argument, kind: Type | None, scope: Scope, problems: Problems) -> Value | None:
    with problems.collecting():
        value = evaluate(argument.expression, scope)
        try:
            return convert(value, kind) if kind is not None else value
        except NotConvertible as problem:
            wanted = friendly(kind) if kind is not None else ""
            title = f"The default can't become the variable's type, {wanted}"
            hint = example(kind) if kind is not None else ""
            raise failure(title, str(problem), hint, argument.expression.location) from None
    return None


def _description(argument: nodes.Argument | None, scope: Scope, problems: Problems) -> str:
    value = _constant(argument, STRING, scope, problems)
    return str(value.raw) if value is not None else ""


def _constant(argument: nodes.Argument | None, wanted: Type, scope: Scope, problems: Problems) -> Value | None:
    """An argument that can use neither variables nor functions, as this type; None where it isn't given or is bad."""
    if argument is None:
        return None
    with problems.collecting():
        value = evaluate(argument.expression, Scope({}, scope.surroundings, "none"))
        try:
            converted = convert(value, wanted)
        except NotConvertible as problem:
            place = argument.expression.location
            kind = "true or false" if wanted == BOOL else "a plain string"
            raise failure(f'"{argument.name}" must be {kind}', str(problem), location=place) from None
        if not converted.is_null and converted.known:
            return converted
        problems.add(f'"{argument.name}" can\'t be null', location=argument.expression.location)
    return None


def _validations(block: nodes.Block, name: str, problems: Problems) -> list[Validation]:
    found = []
    for inner in block.body.blocks:
        if inner.type != "validation":
            continue
        refuse_unknown(inner.body, "A validation block", ("condition", "error_message"), (), problems)
        missing = [wanted for wanted in ("condition", "error_message") if wanted not in inner.body.arguments]
        for wanted in missing:
            problems.add(f'A validation needs the argument "{wanted}"', location=inner.location)
        if missing:
            continue
        condition = inner.body.arguments["condition"].expression
        message = _message(inner.body.arguments["error_message"].expression, problems)
        if message and _refers_only_to_itself(condition, name, problems):
            found.append(Validation(condition, message))
    return found


def _message(node: nodes.Expression, problems: Problems) -> str:
    text = node.value.raw if isinstance(node, nodes.Literal) else None
    if not isinstance(text, str):
        problems.add("An error message must be a plain string", location=node.location)
        return ""
    stripped = text.strip()
    if not stripped or stripped[0].islower() or stripped[-1] not in ".?!":
        hint = 'Write a full sentence, such as "The size must be 20 or more."'
        problems.add("An error message begins with a capital letter and ends with a full stop", "", hint, node.location)
        return ""
    return stripped


def _refers_only_to_itself(condition: nodes.Expression, name: str, problems: Problems) -> bool:
    found = list(references(condition))
    for root, attribute, node in found:
        if (root, attribute) != ("var", name):
            hint = f"Only var.{name} can be used here"
            problems.add(f'The condition refers to "{node.text}"', "", hint, node.location)
            return False
    if not found:
        problems.add(f"The condition must refer to var.{name}", location=condition.location)
    return bool(found)


def validate(
    declaration: Declaration, value: Value, origin: str, surroundings: Surroundings, problems: Problems
) -> None:
    """Note which of the variable's own conditions its value doesn't meet."""
    scope = Scope({"var": object_of({declaration.name: value})}, surroundings)
    for validation in declaration.validations:
        with problems.collecting():
            result = evaluate(validation.condition, scope)
            try:
                met = convert(result, BOOL)
            except NotConvertible as problem:
                place = validation.condition.location
                raise failure("The condition must be true or false", str(problem), location=place) from None
            if met.known and met.raw is not True:
                title = f'The value of the variable "{declaration.name}" from {origin} is not allowed'
                problems.add(title, validation.message, "", declaration.location)


def display(value: Value, *, sensitive: bool) -> str:
    """The value as people see it; every part of a sensitive one is masked."""
    if sensitive and wholly_known(value):
        return printed(from_plain(_without_parts(to_plain(value))))
    return printed(value)


def _without_parts(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_parts(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_parts(item) for item in value]
    return value if value is None else MASK


def shown(value: Value | None) -> object:
    """The value as plain data; None while it is unset."""
    return None if value is None or not value.known else to_plain(value)
