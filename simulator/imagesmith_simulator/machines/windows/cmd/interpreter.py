"""Runs command lines and batch files."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.cmd import loops
from imagesmith_simulator.machines.windows.cmd.expansion import Scope, expand, expand_delayed, expand_loops
from imagesmith_simulator.machines.windows.cmd.syntax import (
    Block,
    Chain,
    For,
    If,
    Node,
    Parser,
    Redirection,
    Simple,
    SyntaxProblem,
    open_parentheses,
)
from imagesmith_simulator.machines.windows.disk import DiskError, absolute
from imagesmith_simulator.machines.windows.files import DiskWriter, message
from imagesmith_simulator.machines.windows.processes import Context
from imagesmith_simulator.machines.windows.streams import Buffer, Nothing

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.windows import Windows

NOT_FOUND = 9009
_NAME = re.compile(r'\s*(?:"([^"]*)"?|([^\s"=,;/<>|&()+]+(?:(?<=[:.\w\\])/[^\s"=,;]*)*))')
_LONGEST_LINE = 8191


class Exit(Exception):
    """``exit``: the whole interpreter ends."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class EndOfBatch(Exception):
    """``exit /b`` or ``goto :eof``: the batch file or subroutine ends."""

    def __init__(self, code: int | None) -> None:
        super().__init__(str(code))
        self.code = code


class Goto(Exception):
    """``goto LABEL``."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class Session:
    """One cmd.exe."""

    def __init__(self, windows: Windows, context: Context) -> None:
        self.windows = windows
        self.scope = Scope(env=context.env, cwd=context.cwd)
        self.saved: list[tuple[dict[str, str], str, bool]] = []
        self.folders: list[str] = []
        self.echo = True
        self.batch_path = ""
        self._context = context

    def path(self, text: str) -> str:
        """A path that a command names. Raises `DiskError`."""
        return absolute(text.strip().strip('"'), self.scope.cwd)

    def top_level(self, line: str, io: Context) -> int:
        """Run a line outside of any batch file, to whatever end."""
        try:
            return self.execute_line(line, io)
        except Exit as end:
            return end.code
        except EndOfBatch as end:
            return self.scope.error_level if end.code is None else end.code
        except Goto:
            return 1

    def execute_line(self, line: str, io: Context) -> int:
        """Run one logical line."""
        expanded = expand(line, self.scope, self.windows.disk)
        if len(expanded) > _LONGEST_LINE and "\n" not in expanded:
            io.stderr.write(b"The command line is too long.\r\n")
            self.scope.error_level = 1
            return 1
        try:
            nodes = Parser(expanded).parse()
        except SyntaxProblem as problem:
            io.stderr.write(f"{problem}\r\n".encode())
            self.scope.error_level = 255
            raise Exit(255) from None
        return self.execute_all(nodes, io)

    def execute_all(self, nodes: Sequence[Node], io: Context) -> int:
        """Run one after the other; the last one's code counts."""
        code = 0
        for node in nodes:
            code = self.execute(node, io)
        return code

    def execute(self, node: Node, io: Context) -> int:
        """Run a command, a chain, a block, a condition or a loop; its exit code."""
        io.check()
        if isinstance(node, Chain):
            return self._chain(node, io)
        if isinstance(node, Block):
            opened = self._redirected(node.redirections, io)
            return 1 if opened is None else self.execute_all(node.nodes, opened)
        if isinstance(node, If):
            return loops.run_if(self, node, io)
        if isinstance(node, For):
            return loops.run_for(self, node, io)
        return self._simple(node, io)

    def substituted(self, text: str) -> str:
        """A text with loop and delayed variables replaced."""
        replaced = expand_loops(text, self.scope.loops, self.scope.cwd, self.windows.disk)
        return expand_delayed(replaced, self.scope)

    def _chain(self, node: Chain, io: Context) -> int:
        if node.operator == "|":
            between = Buffer()
            self.execute(node.left, dataclasses.replace(io, stdout=between))
            return self.execute(node.right, dataclasses.replace(io, stdin=between))
        code = self.execute(node.left, io)
        if (node.operator == "&&") == (code == 0):
            return self.execute(node.right, io)
        return code

    def _redirected(self, redirections: list[Redirection], io: Context) -> Context | None:
        names = {0: "stdin", 1: "stdout", 2: "stderr"}
        for item in redirections:
            target = self.substituted(item.target)
            try:
                if target.startswith("&"):
                    stream = getattr(io, names[int(target[1])])
                elif target.lower() in ("nul", "nul:"):
                    stream = Nothing()
                elif item.mode == "<":
                    stream = Buffer(bytes(self.windows.disk.file(self.path(target)).data))
                else:
                    stream = DiskWriter(self.windows.disk, self.path(target), append=item.mode == ">>")
            except DiskError as error:
                io.stderr.write(f"{message(error)}\r\n".encode())
                self.scope.error_level = 1
                return None
            io = dataclasses.replace(io, **{names[item.stream]: stream})
        return io

    def _simple(self, node: Simple, io: Context) -> int:
        text = self.substituted(node.text)
        opened = self._redirected(node.redirections, io)
        if opened is None:
            return 1
        if not text.strip():
            return 0
        return self.run(text, opened)

    def run(self, text: str, io: Context) -> int:
        """Run a command that has no operators left."""
        from imagesmith_simulator.machines.windows.cmd import builtins

        found = _NAME.match(text)
        name = (found.group(1) or found.group(2) or "") if found else ""
        rest = text[found.end() :] if found else ""
        builtin, argument = builtins.find(name, rest) if found and found.group(2) else (None, "")
        if builtin:
            code = builtin(self, argument, io)
            if code is not None:
                self.scope.error_level = code
            return code or 0
        if name.startswith(":"):
            return 0
        code = self._external(name, rest, io)
        self.scope.error_level = code
        return code

    def _external(self, name: str, rest: str, io: Context) -> int:
        from imagesmith_simulator.machines.windows import programs

        context = dataclasses.replace(io, cwd=self.scope.cwd, env=self.scope.env)
        found = programs.resolve(self.windows, name, context)
        if found is None:
            shown = name.replace("/", "\\") if "\\" in name or "/" in name else name
            text = f"'{shown}' is not recognized as an internal or external command,\r\n"
            io.stderr.write(f"{text}operable program or batch file.\r\n".encode())
            return NOT_FOUND
        if found.lower().endswith((".bat", ".cmd")) and not programs.is_program(found):
            code = self.run_batch(found, [name, *batch_arguments(rest)], io)
            if self.batch_path:
                raise EndOfBatch(code)  # without "call" a batch file does not come back
            return code
        return programs.run(self.windows, found, rest, context.child())

    def run_batch(self, path: str, arguments: Sequence[str], io: Context) -> int:
        """Run a batch file, with its own arguments and saved settings."""
        text = bytes(self.windows.disk.file(path).data).decode("utf-8-sig", errors="replace")
        outer = (self.scope, self.batch_path, self.saved, self.echo)
        first = [path if "\\" in arguments[0] or "/" in arguments[0] else arguments[0], *arguments[1:]]
        self.scope = dataclasses.replace(self.scope, arguments=first, in_batch=True, loops={})
        self.batch_path, self.saved = path, []
        try:
            return self._run_lines(text.replace("\r\n", "\n").split("\n"), 0, io)
        finally:
            if self.saved:
                self._restore(self.saved[0])
            inner = self.scope
            self.scope, self.batch_path, self.saved, self.echo = outer
            self.scope.error_level, self.scope.cwd, self.scope.env = inner.error_level, inner.cwd, inner.env

    def _restore(self, saved: tuple[dict[str, str], str, bool]) -> None:
        self.scope.env, self.scope.cwd, self.scope.delayed = saved

    def call_label(self, label: str, arguments: Sequence[str], io: Context) -> int:
        """``call :label``: a subroutine of the same batch file."""
        text = bytes(self.windows.disk.file(self.batch_path).data).decode("utf-8-sig", errors="replace")
        lines = text.replace("\r\n", "\n").split("\n")
        outer = self.scope.arguments
        self.scope.arguments = [f":{label}", *arguments]
        try:
            return self._run_lines(lines, _find_label(lines, label), io)
        finally:
            self.scope.arguments = outer

    def _run_lines(self, lines: list[str], at: int, io: Context) -> int:
        code = 0
        while at < len(lines):
            line, at = logical_line(lines, at)
            if not line.strip() or line.lstrip().startswith(":"):
                continue
            if self.echo and not line.lstrip().startswith("@"):
                io.stdout.write(
                    f"\r\n{self.scope.cwd}>{expand(line, self.scope, self.windows.disk).strip()} \r\n".encode()
                )
            try:
                code = self.execute_line(line, io)
            except Goto as goto:
                at = _find_label(lines, goto.label)
                if at < 0:
                    text = f"The system cannot find the batch label specified - {goto.label}\r\n"
                    io.stderr.write(text.encode())
                    self.scope.error_level = 1
                    return 1
            except EndOfBatch as end:
                if end.code is not None:
                    self.scope.error_level = end.code
                return self.scope.error_level
        return code


def logical_line(lines: list[str], at: int) -> tuple[str, int]:
    """The line at ``at`` with those that belong to it: continued by ``^`` or by open parentheses; and what is next."""
    line = lines[at]
    at += 1
    while at < len(lines) and ((line.endswith("^") and not line.endswith("^^")) or open_parentheses(line) > 0):
        line = line[:-1] + lines[at] if line.endswith("^") else line + "\n" + lines[at]
        at += 1
    return line, at


def _find_label(lines: list[str], label: str) -> int:
    """The line after a label; -1 where there is none."""
    for number, line in enumerate(lines):
        found = re.match(r"\s*:\s*([^\s:+,;=]+)", line)
        if found and found.group(1).lower() == label.lower():
            return number + 1
    return -1


def batch_arguments(text: str) -> list[str]:
    """Arguments as batch files get them: split at spaces, commas, semicolons and equal signs outside of quotes."""
    return [part for part in re.findall(r'(?:"[^"]*"?|[^\s,;="])+', text) if part]


def unwrap(line: str, is_file: bool) -> str:
    """The rule for quotes after ``/c``: the outer pair goes, unless there is one pair around the name of a program."""
    line = line.strip()
    if not line.startswith('"'):
        return line
    if line.count('"') == 2 and not set(line) & set("&<>()@^|") and is_file:
        return line
    last = line.rindex('"')
    return line[1:last] + line[last + 1 :] if last else line


def run_line(windows: Windows, line: str, context: Context, *, delayed: bool = False) -> int:
    """``cmd /c LINE``: the exit code."""
    from imagesmith_simulator.machines.windows import programs

    quoted = re.match(r'\s*"([^"]*)"', line)
    known = bool(quoted) and programs.resolve(windows, quoted.group(1) if quoted else "", context) is not None
    session = Session(windows, context)
    session.scope.delayed = delayed
    code = session.top_level(unwrap(line, known), context)
    return 1 if code == NOT_FOUND else code


def run_lines(windows: Windows, context: Context) -> int:
    """``cmd`` without a command: lines come from its input until that ends or says exit."""
    session = Session(windows, context)
    data = bytearray()
    while part := context.stdin.read(65536):
        data += part
    try:
        for line in data.decode(errors="replace").splitlines():
            session.execute_line(line, context)
    except Exit as end:
        return end.code
    return session.scope.error_level
