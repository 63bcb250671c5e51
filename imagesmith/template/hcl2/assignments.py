"""Where the values of variables come from: defaults, the environment, variable files and -var."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from imagesmith.errors import Location, TemplateError, UsageError
from imagesmith.plan import TemplateRequest
from imagesmith.template.files import read_text
from imagesmith.template.hcl2.conversion import NotConvertible, convert
from imagesmith.template.hcl2.cty import DYNAMIC, NUMBER, STRING, Type, Value, friendly, from_plain, string, unknown
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.nodes import Argument
from imagesmith.template.hcl2.parser import parse_body, parse_expression
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.scope import Scope, Surroundings, did_you_mean
from imagesmith.template.hcl2.source import Source, failure
from imagesmith.template.hcl2.variables import Declaration, example, validate

_PREFIX = "PKR_VAR_"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A value that somebody has given to a variable; ``origin`` in a reader's words."""

    name: str
    value: Value = field(repr=False)
    origin: str
    location: Location | None = None


def resolved(
    declared: Mapping[str, Declaration],
    request: TemplateRequest,
    automatic_files: Sequence[str],
    surroundings: Surroundings,
    problems: Problems,
) -> dict[str, Value]:
    """The final value of each variable, by rising precedence: default, environment, files, -var."""
    chosen: dict[str, Assignment] = {}
    for assignment in _assignments(declared, request, automatic_files, surroundings, problems):
        # Each value must fit, also one that a stronger one replaces.
        chosen[assignment.name] = replace(assignment, value=unknown(declared[assignment.name].type))
        with problems.collecting():
            chosen[assignment.name] = _fitting(declared[assignment.name], assignment)
    # What seems to be missing may stand in a variable file that can't be read.
    unread = {*automatic_files, *request.variable_files} - {assignment.origin for assignment in chosen.values()}
    tolerant = request.tolerant or any(error.location and error.location.file in unread for error in problems.errors)
    values: dict[str, Value] = {}
    for name, declaration in declared.items():
        values[name] = unknown(declaration.type)
        with problems.collecting():
            values[name], origin = _final(declaration, chosen.get(name), tolerant=tolerant)
            if not request.syntax_only:
                validate(declaration, values[name], origin, surroundings, problems)
    return values


def _final(declaration: Declaration, given: Assignment | None, *, tolerant: bool) -> tuple[Value, str]:
    if given is None:
        if declaration.default is not None:
            return declaration.default, "its default"
        if tolerant:
            return unknown(declaration.type), "nowhere"
        hint = f"Give it one with -var '{declaration.name}=…', -var-file or {_PREFIX}{declaration.name}"
        raise failure(f'The variable "{declaration.name}" has no value', hint=hint, location=declaration.location)
    return given.value, given.origin


def _fitting(declaration: Declaration, given: Assignment) -> Assignment:
    """The same as the variable's type."""
    try:
        return replace(given, value=convert(given.value, declaration.type))
    except NotConvertible as problem:
        title = f'The value of the variable "{declaration.name}" from {given.origin} must be a '
        detail = f"{friendly(declaration.type)}: {problem}"
        place = given.location or declaration.location
        raise failure(title + detail, hint=_type_hint(declaration), location=place) from None


def _type_hint(declaration: Declaration) -> str:
    kind = friendly(declaration.type)
    if kind in ("tuple", "object"):
        wanted = "list(string)" if kind == "tuple" else "map(string)"
        return f"Without a type the default's is taken; a type such as {wanted} may be what you want"
    return example(declaration.type)


def _assignments(
    declared: Mapping[str, Declaration],
    request: TemplateRequest,
    automatic_files: Sequence[str],
    surroundings: Surroundings,
    problems: Problems,
) -> Iterator[Assignment]:
    """All that is given, the weakest first."""
    for name, declaration in declared.items():
        if _PREFIX + name in surroundings.environ:
            text = surroundings.environ[_PREFIX + name]
            yield _assigned(text, declaration, _PREFIX + name, problems)
    for path in automatic_files:
        yield from _from_file(path, declared, warn=request.warn_undeclared, problems=problems)
    for path in request.variable_files:
        yield from _from_file(path, declared, warn=request.warn_undeclared, problems=problems)
    for name, given in dict(request.variables).items():
        if name not in declared:
            hint = did_you_mean(name, declared) or f'Declare it: variable "{name}" {{ }}'
            problems.add(f'There is no variable "{name}" to give a value with -var', "", hint)
            continue
        yield _assigned(given, declared[name], "-var", problems)


def _assigned(given: object, declaration: Declaration, origin: str, problems: Problems) -> Assignment:
    """What is given from outside; what is wrong with it is noted here, and the value then counts as unknown."""
    with problems.collecting():
        return Assignment(declaration.name, _argument(given, declaration, origin), origin)
    return Assignment(declaration.name, unknown(declaration.type), origin)


def _argument(given: object, declaration: Declaration, origin: str) -> Value:
    """A -var value: text, or for library users any plain data."""
    if isinstance(given, str):
        return _parsed(given, declaration, origin)
    try:
        return from_plain(given)
    except TypeError as problem:
        raise failure(f'The variable "{declaration.name}": {problem}') from None


def _parsed(text: str, declaration: Declaration, origin: str) -> Value:
    """Text for a string, a number or a variable without a type is taken as it is; for others it is an expression."""
    if _is_literal(declaration.type):
        return string(text)
    # The text may hold a secret, so a fault in it is told without it.
    source = Source(f"<{declaration.name} from {origin}>", text)
    try:
        return evaluate(parse_expression(source), Scope({}, Surroundings(), "none"))
    except TemplateError as problem:
        place = problem.first_location
        where = f" at column {place.column}" if place else ""
        kind = friendly(declaration.type)
        title = f'The value of the variable "{declaration.name}" from {origin} is not a {kind}{where}'
        hint = 'It is read as an expression, such as true, ["a", "b"] or {a = "b"}'
        raise failure(title, hint=hint, location=declaration.location) from None


def _is_literal(kind: Type) -> bool:
    return kind in (STRING, NUMBER, DYNAMIC)


def _from_file(
    path: str, declared: Mapping[str, Declaration], *, warn: bool, problems: Problems
) -> Iterator[Assignment]:
    """The values of a variable file; they can't use variables or functions."""
    with problems.collecting():
        for argument in _file_arguments(path):
            if argument.name not in declared:
                if warn:
                    title = f'There is no variable "{argument.name}" to give a value'
                    problems.warn(title, "", did_you_mean(argument.name, declared), argument.location)
                continue
            value = unknown(declared[argument.name].type)
            with problems.collecting():
                value = evaluate(argument.expression, Scope({}, Surroundings(), "none"))
            yield Assignment(argument.name, value, path, argument.location)


def _file_arguments(path: str) -> Sequence[Argument]:
    if path.endswith(".json"):
        from imagesmith.template.hcl2.json_syntax import parse_json_arguments

        return list(parse_json_arguments(path, read_text(path, "variable file")).values())
    if not path.endswith(".hcl"):
        raise UsageError(
            f"the variable file {path} has no known ending", hint="name it *.pkrvars.hcl or *.pkrvars.json"
        )
    body = parse_body(Source(path, read_text(path, "variable file")))
    if body.blocks:
        block = body.blocks[0]
        hint = "Declare variables in a *.pkr.hcl file; here only name = value is possible"
        raise failure(f'A variable file can\'t hold a block "{block.type}"', hint=hint, location=block.location)
    return list(body.arguments.values())
