"""Builds the tree of a template from its tokens."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from itertools import islice
from typing import Literal

from imagesmith.template.gotemplate import literals
from imagesmith.template.gotemplate.errors import Failure
from imagesmith.template.gotemplate.lexer import Token, tokens
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

MAX_DEPTH = 60
MAX_TOKENS = 100_000
MAX_VARIABLES = 500
_CONSTANTS = {"true": True, "false": False, "nil": None}
_KEYWORDS = frozenset(("if", "with", "range", "else", "end", "define", "block", "template", "break", "continue"))


def parse(text: str) -> Template:
    """The tree of a template. Raises `Failure`."""
    return _Parser(text).parse()


def check_names(template: Template, known: Collection[str]) -> None:
    """Raise `Failure` for the first function that does not exist, as Go does while it parses."""
    for name in template.names:
        if name.name not in known:
            close = difflib.get_close_matches(name.name, known, n=1)
            hint = f'Did you mean "{close[0]}"?' if close else ""
            raise Failure(f'there is no template function "{name.name}"', name.at, hint)


def _says_something(body: list[Node]) -> bool:
    """Whether there is more in it than white space; an empty definition may be repeated."""
    return any(not isinstance(node, Text) or node.text.strip() for node in body)


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(islice(tokens(text), MAX_TOKENS + 1))
        if len(self.tokens) > MAX_TOKENS:
            raise Failure(f"the template has more than {MAX_TOKENS} parts", self.tokens[-1].at)
        self.position = 0
        self.template = Template(text)
        self.variables = ["$"]
        self.loops = 0
        self.depth = 0

    def parse(self) -> Template:
        body, ended = self._nodes()
        if ended is not None:
            raise Failure(f"{{{{{ended.text}}}}} has no beginning", ended.at, "Remove it or add the if, with or range")
        self.template.body = body
        return self.template

    # tokens

    def _peek(self) -> Token:
        return self.tokens[self.position]

    def _next(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def _pass_spaces(self) -> Token:
        while self._peek().kind == "space":
            self.position += 1
        return self._peek()

    def _close(self, what: str) -> None:
        token = self._pass_spaces()
        if token.kind != "close":
            raise Failure(f"unexpected {token.text!r} in {what}", token.at)
        self.position += 1

    def _enter(self, at: int) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Failure(f"nested more than {MAX_DEPTH} deep", at)

    # nodes

    def _nodes(self) -> tuple[list[Node], Token | None]:
        """Nodes up to the end of the text (None) or to the ``end`` or ``else`` that stops them."""
        found: list[Node] = []
        while True:
            token = self._next()
            if token.kind == "end":
                return found, None
            if token.kind == "text":
                found.append(Text(token.text, token.at))
                continue
            word = self._pass_spaces()
            if word.kind == "name" and word.text in ("end", "else"):
                self.position += 1
                return found, word
            if word.kind == "name" and word.text in _KEYWORDS:
                self.position += 1
                found += self._keyword(word)
            else:
                pipe = self._pipe("close")
                self._close("an action")
                source = self.template.text[token.at : self.tokens[self.position - 1].at + 2]
                found.append(Output(pipe, source, word.at))

    def _keyword(self, word: Token) -> list[Node]:
        if word.text in ("define", "block"):
            return self._define(word)
        if word.text == "template":
            return [self._include(word)]
        if word.text in ("break", "continue"):
            if not self.loops:
                raise Failure(f"{{{{{word.text}}}}} is allowed inside a range only", word.at)
            self._close(word.text)
            return [Jump("break" if word.text == "break" else "continue", word.at)]
        return [self._branch(word)]

    def _branch(self, word: Token) -> Branch:
        self._enter(word.at)
        scope, is_range = len(self.variables), word.text == "range"
        keyword: Literal["if", "with", "range"] = "range" if is_range else "with" if word.text == "with" else "if"
        branch = Branch(keyword, self._pipe("close", of_range=is_range), word.at)
        self._close(word.text)
        self.loops += is_range
        branch.body, ended = self._nodes()
        self.loops -= is_range
        if ended is None or ended.text == "end":
            self._end(word, ended)
        else:
            self._else(branch, word)
        del self.variables[scope:]
        self.depth -= 1
        return branch

    def _else(self, branch: Branch, opening: Token) -> None:
        """The other side of a branch; ``else if`` is a branch of its own that shares the ``end``."""
        word = self._pass_spaces()
        if word.kind == "name" and word.text == branch.keyword and branch.keyword != "range":
            self.position += 1
            branch.otherwise = [self._branch(word)]
            return
        self._close("else")
        branch.otherwise, ended = self._nodes()
        self._end(opening, ended)

    def _end(self, opening: Token, ended: Token | None) -> None:
        if ended is None:
            raise Failure(f"the {opening.text} has no {{{{end}}}}", opening.at)
        if ended.text != "end":
            raise Failure("{{else}} does not belong here", ended.at)
        self._close("end")

    def _define(self, word: Token) -> list[Node]:
        if word.text == "define" and (self.depth or self.loops):
            raise Failure("a define is allowed at the top level only", word.at)
        self._enter(word.at)
        name, pipe = self._template_name(word), None
        if word.text == "block":
            if self._pass_spaces().kind == "close":
                raise Failure("a block needs a value: {{block `name` .}}", word.at)
            pipe = self._pipe("close")
        self._close(word.text)
        outer, self.variables = self.variables, ["$"]
        body, ended = self._nodes()
        self.variables = outer
        self._end(word, ended)
        self.depth -= 1
        if _says_something(body) and _says_something(self.template.defined.get(name, [])):
            raise Failure(f'the template "{name}" is defined twice', word.at)
        if _says_something(body) or name not in self.template.defined:
            self.template.defined[name] = body
        return [Include(name, pipe, word.at)] if word.text == "block" else []

    def _include(self, word: Token) -> Include:
        name = self._template_name(word)
        pipe = None if self._pass_spaces().kind == "close" else self._pipe("close")
        self._close("template")
        return Include(name, pipe, word.at)

    def _template_name(self, word: Token) -> str:
        token = self._pass_spaces()
        if token.kind != "string":
            raise Failure(f"{word.text} needs a name in quotes", token.at)
        self.position += 1
        return literals.string(token.text, token.at)

    # pipelines

    def _pipe(self, closing: str, *, of_range: bool = False) -> Pipe:
        start = self._pass_spaces()
        variables, declares = self._assigned(of_range)
        commands = [self._command()]
        while self._pass_spaces().text == "|":
            self.position += 1
            after = self._pass_spaces()
            if after.kind == "close" or after.text == ")":
                break  # Go lets a pipeline end with its mark
            commands.append(self._command())
        for command in commands[1:]:
            if isinstance(command[0], Constant | Dot):
                raise Failure("only a function can stand after a |", command[0].at)
        if closing == "close" and self._peek().text == ")":
            raise Failure("there is no parenthesis to close", self._peek().at)
        self.variables += variables if declares else ()
        if len(self.variables) > MAX_VARIABLES:
            raise Failure(f"there are more than {MAX_VARIABLES} variables", start.at)
        return Pipe(commands, variables, declares, start.at)

    def _assigned(self, of_range: bool) -> tuple[tuple[str, ...], bool]:
        """``$x :=``, ``$x =`` and in a range ``$i, $x :=`` at the beginning of a pipeline."""
        before = self.position
        names: list[str] = []
        while self._pass_spaces().kind == "variable" and len(names) < 2:
            names.append(self._next().text)
            if self._pass_spaces().text != "," or not of_range:
                break
            self.position += 1
        mark = self._pass_spaces()
        if not names or mark.kind != "mark" or mark.text not in (":=", "="):
            self.position = before
            return (), False
        self.position += 1
        if mark.text == "=":
            for name in names:
                self._known(name, mark.at)
        return tuple(names), mark.text == ":="

    def _known(self, name: str, at: int) -> None:
        if name not in self.variables:
            raise Failure(f"undefined variable {name}", at)

    def _command(self) -> list[Operand]:
        start = self._pass_spaces()
        operands: list[Operand] = []
        while True:
            token = self._peek()
            if token.kind == "close" or token.text in ("|", ")"):
                break
            operands.append(self._operand())
            after = self._peek()
            if after.kind not in ("space", "close") and after.text not in ("|", ")"):
                raise Failure(f"unexpected {after.text!r}", after.at, "Put a space between arguments")
            self._pass_spaces()
        if not operands:
            raise Failure("a value is missing", start.at)
        self._reject_arguments(operands)
        return operands

    @staticmethod
    def _reject_arguments(operands: list[Operand]) -> None:
        first = operands[0]
        if isinstance(first, Constant) and first.value is None:
            raise Failure("nil is not a command", first.at)
        if len(operands) > 1 and not isinstance(first, Name):
            raise Failure("only a function takes arguments", operands[1].at)

    def _operand(self) -> Operand:
        term = self._term()
        names: list[str] = []
        while self._peek().kind == "field":
            names.append(self._next().text[1:])
        if not names:
            return term
        if isinstance(term, Constant):
            raise Failure("a constant has no fields", term.at)
        if isinstance(term, Fields):
            return Fields(term.of, (*term.names, *names), term.at)
        if isinstance(term, Name):
            return Fields(Pipe([[term]], (), declares=False, at=term.at), tuple(names), term.at)
        return Fields(None if isinstance(term, Dot) else term, tuple(names), term.at)

    def _term(self) -> Operand:
        token = self._next()
        if token.kind == "string":
            return Constant(literals.string(token.text, token.at), token.at)
        if token.kind == "char":
            return Constant(literals.character(token.text, token.at), token.at)
        if token.kind == "number":
            return Constant(literals.number(token.text, token.at), token.at)
        if token.kind == "dot":
            return Dot(token.at)
        if token.kind == "field":
            return Fields(None, (token.text[1:],), token.at)
        if token.kind == "variable":
            self._known(token.text, token.at)
            return Variable(token.text, token.at)
        if token.kind == "name" and token.text in _CONSTANTS:
            return Constant(_CONSTANTS[token.text], token.at)
        if token.kind == "name":
            name = Name(token.text, token.at)
            self.template.names.append(name)
            return name
        if token.text == "(":
            self._enter(token.at)
            pipe = self._pipe(")")
            self.position += 1
            self.depth -= 1
            return pipe
        raise Failure(f"unexpected {token.text!r}", token.at)
