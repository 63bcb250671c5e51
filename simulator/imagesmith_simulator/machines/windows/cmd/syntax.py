"""The syntax of command lines: a tree of commands, chains, pipes, blocks, conditions and loops."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_REDIRECTION = re.compile(r"([0-9])?(>>|>|<)(&[0-9])?")
_TARGET = re.compile(r'\s*((?:"[^"\n]*"?|[^\s"&|<>()])+)')
_IF = re.compile(r"if(?=[\s(/])", re.IGNORECASE)
_FOR = re.compile(r"for(?=\s)", re.IGNORECASE)
_REM = re.compile(r"(?:rem(?=[\s.;,=:]|$)|::?)[^\n]*", re.IGNORECASE)
_LOOP = re.compile(
    r"for\s+(?P<switches>(?:/[dlrf]\s*(?:\"[^\"]*\"\s*|(?=%)|[^\s%(/][^\s%(]*\s+)?)*)%(?P<name>[^\s%])\s+in\s*\(",
    re.IGNORECASE,
)
_OPERAND = re.compile(r'((?:"[^"\n]*"?|[^\s"=&|<>()])+)')
_COMPARE = re.compile(r"\s*(==|equ\b|neq\b|lss\b|leq\b|gtr\b|geq\b)\s*", re.IGNORECASE)


class SyntaxProblem(Exception):
    """The line can't be read; the text is what Windows says."""


@dataclass
class Redirection:
    """``stream``: 0, 1 or 2; ``mode``: ``<``, ``>`` or ``>>``; ``target``: a file or ``&1``."""

    stream: int
    mode: str
    target: str


@dataclass
class Simple:
    """A command with its arguments as they are written."""

    text: str
    redirections: list[Redirection] = field(default_factory=list)


@dataclass
class Chain:
    """Two commands with ``&``, ``&&``, ``||`` or ``|`` between them."""

    operator: str
    left: Node
    right: Node


@dataclass
class Block:
    """Commands in parentheses."""

    nodes: list[Node]
    redirections: list[Redirection] = field(default_factory=list)


@dataclass
class If:
    """``test``: errorlevel, exist, defined, or an operator; ``left`` and ``right`` are its operands."""

    test: str
    left: str
    right: str
    negated: bool
    ignore_case: bool
    then: Node
    otherwise: Node | None


@dataclass
class For:
    """``kind``: "", d, l, r or f; ``options`` is what follows /f or /r; ``items`` the text in parentheses."""

    kind: str
    options: str
    name: str
    items: str
    body: Node


Node = Simple | Chain | Block | If | For


class Parser:
    """Reads one logical line, in which ``%`` is expanded already."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> list[Node]:
        """The commands of the line. Raises `SyntaxProblem`."""
        nodes = self._sequence()
        if self._at < len(self._text):
            raise self._unexpected(self._text[self._at])
        return nodes

    def _unexpected(self, what: str) -> SyntaxProblem:
        return SyntaxProblem(f"{what} was unexpected at this time.")

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _skip(self, characters: str = " \t") -> None:
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1

    def _sequence(self) -> list[Node]:
        nodes: list[Node] = []
        while True:
            self._skip(" \t\n&" if nodes else " \t\n")
            if self._at >= len(self._text) or (self._peek(")") and self._depth):
                return nodes
            nodes.append(self._either())
            self._skip()
            if self._at < len(self._text) and self._text[self._at] not in "&\n)":
                raise self._unexpected(self._text[self._at])

    def _either(self) -> Node:
        left = self._both()
        while self._take("||"):
            left = Chain("||", left, self._both())
        return left

    def _both(self) -> Node:
        left = self._pipe()
        while self._take("&&"):
            left = Chain("&&", left, self._pipe())
        return left

    def _pipe(self) -> Node:
        left = self._unit()
        while not self._peek_after_space("||") and self._take("|"):
            left = Chain("|", left, self._unit())
        return left

    def _peek_after_space(self, text: str) -> bool:
        self._skip()
        return self._peek(text)

    def _take(self, operator: str) -> bool:
        self._skip()
        if not self._peek(operator):
            return False
        self._at += len(operator)
        self._skip(" \t\n")
        return True

    def _unit(self) -> Node:
        self._skip(" \t@,;=")
        if self._peek("("):
            return self._block()
        if found := _REM.match(self._text, self._at):
            self._at = found.end()
            return Simple("")
        if _IF.match(self._text, self._at):
            return self._if()
        if _FOR.match(self._text, self._at):
            return self._for()
        return self._simple()

    def _block(self) -> Block:
        self._at += 1
        self._depth += 1
        nodes = self._sequence()
        if not self._peek(")"):
            raise SyntaxProblem("The syntax of the command is incorrect.")
        self._at += 1
        self._depth -= 1
        block = Block(nodes)
        while True:
            self._skip()
            found = _REDIRECTION.match(self._text, self._at)
            if not found:
                return block
            block.redirections.append(self._redirection(found))

    def _redirection(self, found: re.Match[str]) -> Redirection:
        self._at = found.end()
        stream = int(found.group(1) or (0 if found.group(2) == "<" else 1))
        if found.group(3):
            return Redirection(stream, found.group(2), found.group(3))
        target = _TARGET.match(self._text, self._at)
        if not target:
            raise SyntaxProblem("The syntax of the command is incorrect.")
        self._at = target.end()
        return Redirection(stream, found.group(2), target.group(1).replace('"', ""))

    def _simple(self) -> Simple:
        command = Simple("")
        parts: list[str] = []
        quoted = False
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "\n" or (not quoted and (char in "&|" or (char == ")" and self._depth))):
                break
            if not quoted and char == "^":
                parts.append(self._text[self._at + 1 : self._at + 2].replace("\n", ""))
                self._at += 2
                continue
            found = None if quoted else self._redirection_here(parts)
            if found:
                command.redirections.append(self._redirection(found))
                continue
            quoted ^= char == '"'
            parts.append(char)
            self._at += 1
        command.text = "".join(parts).strip("\r")
        if not command.text.strip() and not command.redirections and self._at < len(self._text):
            raise self._unexpected(self._text[self._at : self._at + 2].strip() or "&")
        return command

    def _redirection_here(self, parts: list[str]) -> re.Match[str] | None:
        found = _REDIRECTION.match(self._text, self._at)
        if found and found.group(1) and parts and parts[-1] not in " \t":
            return None
        return found

    def _if(self) -> If:
        self._at += 2
        ignore_case = negated = False
        while True:
            self._skip()
            word = self._word().lower()
            if word == "/i":
                ignore_case = True
            elif word == "not":
                negated = True
            else:
                break
        if word in ("errorlevel", "exist", "defined", "cmdextversion"):
            self._skip()
            test, left, right = word, self._word(), ""
        else:
            self._at -= len(word)
            test, left, right = self._comparison()
        then = self._unit_with_chain()
        otherwise = None
        back = self._at
        self._skip(" \t\n" if isinstance(then, Block) else " \t")
        if isinstance(then, Block) and re.match(r"else(?=[\s(])", self._text[self._at :], re.IGNORECASE):
            self._at += 4
            otherwise = self._unit_with_chain()
        else:
            self._at = back
        return If(test, left, right, negated, ignore_case, then, otherwise)

    def _unit_with_chain(self) -> Node:
        """A command that extends, with what is chained to it, to the end of the line."""
        self._skip()
        if self._peek("("):
            return self._block()
        node = self._either()
        nodes = [node]
        while not self._depth and self._peek_after_space("&") and not self._peek("&&"):
            self._at += 1
            nodes.append(self._either())
        return node if len(nodes) == 1 else Block(nodes)

    def _comparison(self) -> tuple[str, str, str]:
        left = self._word()
        found = _COMPARE.match(self._text, self._at)
        if not found:
            raise self._unexpected(self._text[self._at : self._at + 20].strip().split(" ")[0] or left)
        self._at = found.end()
        return found.group(1).lower(), left, self._word()

    def _word(self) -> str:
        found = _OPERAND.match(self._text, self._at)
        if not found:
            return ""
        self._at = found.end()
        return found.group(1)

    def _for(self) -> For:
        found = _LOOP.match(self._text, self._at)
        if not found:
            raise SyntaxProblem("The syntax of the command is incorrect.")
        self._at = found.end()
        items = self._until_closed()
        self._skip()
        if not re.match(r"do(?=[\s(])", self._text[self._at :], re.IGNORECASE):
            raise SyntaxProblem("The syntax of the command is incorrect.")
        self._at += 2
        switches = found.group("switches").strip()
        kind = switches[1:2].lower() if switches else ""
        return For(kind, switches[2:].strip(), found.group("name"), items, self._unit_with_chain())

    def _until_closed(self) -> str:
        start, quoted = self._at, ""
        while self._at < len(self._text):
            char = self._text[self._at]
            if quoted:
                quoted = "" if char == quoted else quoted
            elif char in "\"'`":
                quoted = char
            elif char == ")":
                self._at += 1
                return self._text[start : self._at - 1].replace("\n", " ").strip()
            self._at += 1
        raise SyntaxProblem("The syntax of the command is incorrect.")


def open_parentheses(text: str) -> int:
    """How many blocks a line leaves open, roughly as cmd counts: only where a command may begin."""
    depth, quoted, at = 0, False, 0
    begins = True
    while at < len(text):
        char = text[at]
        if char == "^" and not quoted:
            at += 2
            continue
        if char == '"':
            quoted = not quoted
        elif not quoted and char == "(" and (begins or depth or _opens(text[:at])):
            depth += 1
        elif not quoted and char == ")" and depth:
            depth -= 1
        begins = char in "&|(" or (begins and char in " \t@")
        at += 1
    return depth


def _opens(before: str) -> bool:
    """Whether a parenthesis after this text begins a block or a list."""
    return bool(re.search(r"(?:\b(?:in|do|else)\s*|^[@\s]*if\b.*[\s\")])$", before, re.IGNORECASE))
