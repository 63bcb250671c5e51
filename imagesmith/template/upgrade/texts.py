"""From the text of a JSON template, with its Go template actions, to pieces of an HCL2 expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal as OneOf

from imagesmith.errors import Diagnostic, Location
from imagesmith.template.gotemplate.errors import GoTemplateError
from imagesmith.template.gotemplate.nodes import (
    Branch,
    Constant,
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
from imagesmith.template.gotemplate.render import parse
from imagesmith.template.upgrade.calls import Value, call, constant, member
from imagesmith.template.upgrade.gotext import nodes_text, template_text
from imagesmith.template.upgrade.names import NamedVariable, Unique, identifier
from imagesmith.template.upgrade.pieces import Code, Directive, Literal, Piece, quoted

_FIELD = re.compile(r"\{\{\s?\.")
_TRIM = re.compile(r"\{\{-\s|\s-\}\}\Z")
_NOT_IN_HCL2 = frozenset({"user", "env", "build", "template_dir", "build_name", "build_type"})
_PASSWORD = ("WinRMPassword",)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands.

    The text of an option is rendered by the Go engine after HCL2 is through with it; a value (of a local, a name) is
    not; the default of a variable may hold nothing but text and ``env``. ``build_name`` and ``build_type`` are None
    where they are not known.
    """

    kind: OneOf["option", "value", "default"]
    build_name: Value | None = None
    build_type: Value | None = None
    build_variables: bool = False


DEFAULT, VALUE = Place("default"), Place("value")


class NoLike(Exception):
    """HCL2 has nothing that means the same; the text says what."""


@dataclass(slots=True)
class Texts:
    """Converts texts. It notes which helpers the template needs: ``environment``, ``undeclared``, ``timestamp``."""

    names: dict[str, NamedVariable]
    unique: Unique
    problems: list[Diagnostic] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    undeclared: dict[str, NamedVariable] = field(default_factory=dict)
    timestamp: str = ""
    secrets: list[str] = field(default_factory=list, repr=False)

    def pieces(self, text: str, place: Place, location: Location | None, what: str) -> list[Piece]:
        """The text in pieces; what has no like in HCL2 stays as it is and is noted as a problem."""
        if "{{" not in text:
            return [Literal(text)]
        try:
            template = parse(text)
            return _Converting(self, place).template(template)
        except GoTemplateError as error:
            self.problem(f"{what}: {error.message}", error.hint or "The text is copied as it is", location)
        except NoLike as reason:
            hint = "The text is copied as it is; write what it means by hand"
            self.problem(f"{what}: {reason}", hint, location)
        return [Literal(text)]

    def fits(self, text: str, place: Place) -> bool:
        """Whether the text can be converted for this place."""
        if "{{" not in text:
            return True
        try:
            _Converting(self, place).template(parse(text))
        except (GoTemplateError, NoLike):
            return False
        return True

    def problem(self, summary: str, hint: str, location: Location | None, *, warning: bool = False) -> None:
        """Note something that a person has to look at."""
        severity: OneOf["warning", "error"] = "warning" if warning else "error"
        found = Diagnostic(summary, "", hint, location, severity)
        if found not in self.problems:
            self.problems.append(found)

    def variable(self, name: str) -> NamedVariable:
        """The variable of this name; one that is used but not declared gets declared."""
        found = self.names.get(name) or self.undeclared.get(name)
        if found is None:
            found = self.undeclared[name] = NamedVariable(self.unique(identifier(name)), empty=True)
        return found

    def may_be_empty(self, pieces: Sequence[Piece]) -> bool:
        """Whether this is a lone variable that is "" unless a value is given."""
        empty = {v.reference for v in (*self.names.values(), *self.undeclared.values()) if v.empty}
        return len(pieces) == 1 and isinstance(pieces[0], Code) and pieces[0].hcl in empty

    def environment_variable(self, name: str) -> str:
        """The HCL2 variable that hands on a variable of the environment, for places where ``env`` is not allowed."""
        if name not in self.environment:
            self.environment[name] = self.unique(identifier(f"env_{name}"))
        return f"var.{self.environment[name]}"

    def seconds(self) -> str:
        """The local that holds the time of the run's start."""
        self.timestamp = self.timestamp or self.unique("timestamp")
        return f"local.{self.timestamp}"


@dataclass(slots=True)
class _Converting:
    texts: Texts
    place: Place
    tainted: bool = False

    def template(self, template: Template) -> list[Piece]:
        if self.place.kind == "option" and (template.defined or _has_variables(template.body)):
            return template_text(template, self.replacement)
        if template.defined:
            raise NoLike("a template definition has no like in HCL2")
        return self.nodes(template.body)

    def nodes(self, nodes: Sequence[Node]) -> list[Piece]:
        return [piece for node in nodes for piece in self.node(node)]

    def node(self, node: Node) -> list[Piece]:
        if isinstance(node, Text):
            return [Literal(node.text)]
        if isinstance(node, Output):
            return self.output(node)
        if isinstance(node, Branch) and node.keyword == "if" and self.place.kind != "default":
            test = self.condition(node.pipe)
            if test is not None:
                otherwise = [Directive("%{ else }"), *self.nodes(node.otherwise)] if node.otherwise else []
                opening = Directive(f"%{{ if {test} }}")
                return [opening, *self.nodes(node.body), *otherwise, Directive("%{ endif }")]
        if self.place.kind != "option":
            raise NoLike(f"there is no like in HCL2 for {_describe(node)}")
        return nodes_text([node], self.replacement)

    def output(self, node: Output) -> list[Piece]:
        source = _TRIM.sub(lambda found: found[0].strip(" \t\r\n").replace("-", ""), node.source)
        if self.place.kind != "option" and _FIELD.match(node.source):
            return [Literal(source)]
        self.tainted = False
        value = self.password(node.pipe) or self.pipe(node.pipe)
        if value is not None:
            return self.value(value)
        if self.place.kind != "option":
            text = self.constant_text(node.pipe)
            if text is not None:
                return [Literal(text)]
            raise NoLike(f"there is no like in HCL2 for {_describe(node)}")
        if _names(node.pipe).isdisjoint(_NOT_IN_HCL2):
            return [Literal(source)]
        return nodes_text([node], self.replacement)

    def value(self, value: Value) -> list[Piece]:
        if isinstance(value.constant, str):
            return [Literal(value.constant)]
        if self.tainted and self.place.kind == "option":
            return [Code(f'replace({value.hcl}, "{{{{", "{{{{`{{{{`}}}}")')]
        return [Code(value.hcl)]

    def constant_text(self, pipe: Pipe) -> str | None:
        """The text of ``{{`…`}}``."""
        if pipe.variables or len(pipe.commands) != 1 or len(pipe.commands[0]) != 1:
            return None
        operand = pipe.commands[0][0]
        return operand.value if isinstance(operand, Constant) and isinstance(operand.value, str) else None

    def password(self, pipe: Pipe) -> Value | None:
        """``{{ .WinRMPassword }}`` is ``build.WinRMPassword``."""
        operand = pipe.commands[0][0]
        plain = len(pipe.commands) == 1 and not pipe.variables and self.place.build_variables
        if plain and isinstance(operand, Fields) and operand.of is None and operand.names == _PASSWORD:
            return Value("build.WinRMPassword")
        return None

    # expressions

    def pipe(self, pipe: Pipe) -> Value | None:
        if pipe.variables:
            return None
        value: Value | None = None
        for command in pipe.commands:
            first = command[0]
            if not isinstance(first, Name):
                value = self.operand(first)
            else:
                given = [self.operand(operand) for operand in command[1:]] + ([value] if value else [])
                arguments = [argument for argument in given if argument is not None]
                value = self.call(first.name, arguments) if len(arguments) == len(given) else None
            if value is None:
                return None
        return value

    def operand(self, operand: Operand) -> Value | None:
        if isinstance(operand, Constant):
            return constant(operand.value)
        if isinstance(operand, Name):
            return self.call(operand.name, [])
        return self.pipe(operand) if isinstance(operand, Pipe) else None

    def call(self, name: str, arguments: Sequence[Value]) -> Value | None:
        texts = [argument.constant for argument in arguments]
        if name == "sed":
            raise NoLike("sed does nothing any more; use replace")
        special = _SPECIAL.get(name)
        if self.place.kind == "default" and name != "env":
            return None
        if special is not None:
            return special(self, [text for text in texts if isinstance(text, str)])
        return call(name, arguments)

    def condition(self, pipe: Pipe) -> str | None:
        """What makes an ``if`` true: everything but an empty text, zero and false."""
        command = pipe.commands[0]
        first = command[0]
        if len(pipe.commands) == 1 and isinstance(first, Name) and first.name in ("and", "or", "not"):
            tests = [self.condition(_as_pipe(operand)) for operand in command[1:]]
            known = [test for test in tests if test is not None]
            if not tests or len(known) < len(tests):
                return None
            if first.name == "not":
                return f"!({known[0]})"
            return (" && " if first.name == "and" else " || ").join(f"({test})" for test in known)
        value = self.pipe(pipe)
        if value is None:
            return None
        return {"string": f'{value.hcl} != ""', "number": f"{value.hcl} != 0", "bool": value.hcl}[value.kind]

    def replacement(self, command: list[Operand]) -> str | None:
        """The expression for a call that the Go engine can't make in HCL2."""
        if not isinstance(command[0], Name) or command[0].name not in _NOT_IN_HCL2:
            return None
        value = self.pipe(Pipe([command], (), declares=False, at=0))
        if value is None:
            raise NoLike(f"the function {command[0].name} can't be used like this in HCL2")
        return value.hcl

    # functions that depend on the place

    def user(self, texts: list[str]) -> Value | None:
        if len(texts) != 1:
            return None
        variable = self.texts.variable(texts[0])
        self.tainted = self.tainted or variable.holds_template
        return Value(variable.reference)

    def env(self, texts: list[str]) -> Value | None:
        if self.place.kind == "option" or len(texts) != 1:
            raise NoLike("the environment can be read in variables only")
        if self.place.kind == "default":
            return Value(f"env({quoted(texts[0])})")
        return Value(self.texts.environment_variable(texts[0]))

    def build(self, texts: list[str]) -> Value | None:
        if not self.place.build_variables or len(texts) != 1:
            raise NoLike("values of the running build are there for provisioners and post-processors only")
        return Value(member("build", texts[0]))

    def build_name(self, _: list[str]) -> Value | None:
        return self.known(self.place.build_name, "build_name")

    def build_type(self, _: list[str]) -> Value | None:
        return self.known(self.place.build_type, "build_type")

    def known(self, value: Value | None, name: str) -> Value:
        if value is None:
            raise NoLike(f"{name} is not known here")
        return value

    def seconds(self, _: list[str]) -> Value | None:
        return Value(self.texts.seconds())

    def template_dir(self, _: list[str]) -> Value | None:
        return Value("abspath(path.root)")

    def pwd(self, _: list[str]) -> Value | None:
        return Value("path.cwd")

    def packer_version(self, _: list[str]) -> Value | None:
        return Value("packer.version")


_SPECIAL: Mapping[str, Callable[[_Converting, list[str]], Value | None]] = {
    "user": _Converting.user,
    "env": _Converting.env,
    "build": _Converting.build,
    "build_name": _Converting.build_name,
    "build_type": _Converting.build_type,
    "timestamp": _Converting.seconds,
    "template_dir": _Converting.template_dir,
    "pwd": _Converting.pwd,
    "packer_version": _Converting.packer_version,
}


def _as_pipe(operand: Operand) -> Pipe:
    return operand if isinstance(operand, Pipe) else Pipe([[operand]], (), declares=False, at=operand.at)


def _names(pipe: Pipe) -> set[str]:
    """The functions that a pipeline calls."""
    found: set[str] = set()
    for operand in (operand for command in pipe.commands for operand in command):
        if isinstance(operand, Name):
            found.add(operand.name)
        elif isinstance(operand, Pipe):
            found |= _names(operand)
        elif isinstance(operand, Fields) and isinstance(operand.of, Pipe):
            found |= _names(operand.of)
    return found


def _has_variables(nodes: Sequence[Node]) -> bool:
    """Whether a Go variable, which several actions share, is used or set."""
    for node in nodes:
        if isinstance(node, Include | Jump):
            return True
        if isinstance(node, Branch) and (_has_variables(node.body) or _has_variables(node.otherwise)):
            return True
        if not isinstance(node, Text) and _pipe_has_variables(node.pipe):
            return True
    return False


def _pipe_has_variables(pipe: Pipe | None) -> bool:
    if pipe is None:
        return False
    operands = [operand for command in pipe.commands for operand in command]
    inner = [operand.of if isinstance(operand, Fields) else operand for operand in operands]
    if pipe.variables or any(isinstance(operand, Variable) for operand in inner):
        return True
    return any(_pipe_has_variables(operand) for operand in inner if isinstance(operand, Pipe))


def _describe(node: Node) -> str:
    if isinstance(node, Output):
        return node.source if len(node.source) <= 60 else f"{node.source[:57]}…"
    return f"{{{{{node.keyword}}}}}" if isinstance(node, Branch | Jump) else "this text"
