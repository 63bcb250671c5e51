"""``if`` and ``for``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.cmd.syntax import For, If, SyntaxProblem
from imagesmith_simulator.machines.windows.disk import DiskError, File, Folder, join
from imagesmith_simulator.machines.windows.files import decode, glob, matches
from imagesmith_simulator.machines.windows.streams import Buffer

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.cmd.interpreter import Session
    from imagesmith_simulator.machines.windows.processes import Context

_FORMATS = re.compile(r'(usebackq)|(eol|skip|delims|tokens)=([^\s"]*(?: (?="|$))?)', re.IGNORECASE)


def run_if(session: Session, node: If, io: Context) -> int:
    """Run one branch or the other."""
    if _holds(session, node) != node.negated:
        return session.execute(node.then, io)
    return session.execute(node.otherwise, io) if node.otherwise else 0


def _holds(session: Session, node: If) -> bool:
    left, right = session.substituted(node.left), session.substituted(node.right)
    if node.test == "errorlevel":
        return session.scope.error_level >= (_number(left) or 0)
    if node.test == "defined":
        return session.scope.lookup(left) is not None
    if node.test == "cmdextversion":
        return (_number(left) or 0) <= 2
    if node.test == "exist":
        try:
            path = session.path(left)
            return bool(glob(session.windows.disk, path.rstrip("\\") if len(path) > 3 else path))
        except DiskError:
            return False
    return _compare(node.test, left, right, ignore_case=node.ignore_case)


def _compare(operator: str, left: str, right: str, *, ignore_case: bool) -> bool:
    if ignore_case:
        left, right = left.lower(), right.lower()
    if operator == "==":
        return left == right
    numbers = _number(left), _number(right)
    if numbers[0] is None or numbers[1] is None:
        order = (left > right) - (left < right)
    else:
        order = (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    holds = {
        "equ": order == 0,
        "neq": order != 0,
        "lss": order < 0,
        "leq": order <= 0,
        "gtr": order > 0,
        "geq": order >= 0,
    }
    return holds[operator]


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


def run_for(session: Session, node: For, io: Context) -> int:
    """Run the body for every item; the last one's code counts."""
    outer = dict(session.scope.loops)
    code = 0
    try:
        for values in _items(session, node, io):
            io.check()
            for offset, value in enumerate(values):
                session.scope.loops[chr(ord(node.name) + offset)] = value
            code = session.execute(node.body, io)
    finally:
        session.scope.loops = outer
    return code


def _items(session: Session, node: For, io: Context) -> Iterator[list[str]]:
    text = session.substituted(node.items)
    if node.kind == "l":
        yield from _counted(text)
    elif node.kind == "f":
        yield from _parsed(session, node, text, io)
    elif node.kind in ("", "d"):
        yield from ([item] for item in _listed(session, text, folders=node.kind == "d"))
    elif node.kind == "r":
        yield from ([item] for item in _below(session, node.options, text))
    else:
        raise SyntaxProblem("The syntax of the command is incorrect.")


def _counted(text: str) -> Iterator[list[str]]:
    start, step, end = (int(part.strip() or "0", 0) for part in (*text.split(","), "0", "0")[:3])
    number = start
    while (number <= end) if step >= 0 else (number >= end):
        yield [str(number)]
        number += step


def _listed(session: Session, text: str, *, folders: bool) -> Iterator[str]:
    for item in re.findall(r'"[^"]*"|[^\s,;="]+', text):
        bare = item.strip('"')
        if "*" not in bare and "?" not in bare:
            yield item
            continue
        folder = bare.replace("/", "\\").rpartition("\\")
        for path in glob(session.windows.disk, session.path(bare)):
            if isinstance(session.windows.disk.find(path), Folder if folders else File):
                yield folder[0] + folder[1] + path.rpartition("\\")[2]


def _below(session: Session, start: str, text: str) -> Iterator[str]:
    root = session.path(start) if start else session.scope.cwd
    for pattern in text.split():
        for path, node in session.windows.disk.walk(root):
            if isinstance(node, File) and matches(node.name, pattern.strip('"')):
                yield path
        if "*" not in pattern and "?" not in pattern:
            yield join(root, pattern)


def _parsed(session: Session, node: For, text: str, io: Context) -> Iterator[list[str]]:
    given = {"skip": "0", "tokens": "1", "delims": " \t", "eol": ";"}
    backquoted = False
    for found in _FORMATS.finditer(node.options.strip('"')):
        if found.group(1):
            backquoted = True
        else:
            given[found.group(2).lower()] = found.group(3)
    lines = _source(session, text, io, backquoted=backquoted)
    for line in lines[int(given["skip"]) :]:
        if line and not (given["eol"] and line.startswith(given["eol"][0])):
            values = _tokens(line, given["delims"], given["tokens"])
            if values is not None:
                yield values


def _source(session: Session, text: str, io: Context, *, backquoted: bool) -> list[str]:
    quote_command, quote_text = ("`", "'") if backquoted else ("'", '"')
    if text.startswith(quote_command):
        output = Buffer()
        command = text.strip().strip(quote_command)
        from imagesmith_simulator.machines.windows.cmd.interpreter import run_line

        run_line(session.windows, command, io.child(stdout=output, cwd=session.scope.cwd, env=dict(session.scope.env)))
        return decode(bytes(output.data)).splitlines()
    if text.startswith(quote_text):
        return [text.strip()[1:-1]]
    lines: list[str] = []
    for item in re.findall(r'"[^"]*"|\S+', text):
        try:
            lines += decode(bytes(session.windows.disk.file(session.path(item)).data)).splitlines()
        except DiskError:
            io.stderr.write(f"The system cannot find the file {item}.\r\n".encode())
    return lines


def _tokens(line: str, delimiters: str, wanted: str) -> list[str] | None:
    if not delimiters:
        return [line]
    splitter = f"[{re.escape(delimiters)}]+"
    stripped = re.sub(f"^{splitter}", "", line)
    parts = re.split(splitter, stripped) if stripped else []
    values: list[str] = []
    for item in wanted.rstrip("*").split(","):
        first, _, last = item.partition("-")
        values += [_part(parts, number) for number in range(int(first or 1), int(last or first or 0) + 1)]
    if wanted.endswith("*"):
        skipped = len(values)
        found = re.match(rf"(?:[^{re.escape(delimiters)}]*{splitter}){{{skipped}}}(.*)", stripped)
        values.append(found.group(1) if found else "")
    return values if parts else None


def _part(parts: list[str], number: int) -> str:
    return parts[number - 1] if number <= len(parts) else ""
