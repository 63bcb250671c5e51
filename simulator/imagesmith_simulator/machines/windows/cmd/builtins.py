"""Commands of cmd itself that are not about files."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from imagesmith_simulator.machines.windows.cmd.arithmetic import ArithmeticProblem, calculate
from imagesmith_simulator.machines.windows.disk import DiskError

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.cmd.interpreter import Session
    from imagesmith_simulator.machines.windows.processes import Context

Builtin = Callable[["Session", str, "Context"], int | None]
"""Gets what follows the name; returns an exit code, or None to leave ERRORLEVEL as it is."""
_INCORRECT = "The syntax of the command is incorrect."


def find(name: str, rest: str) -> tuple[Builtin | None, str]:
    """The command of a name and what follows it; ``echo.`` and ``cd..`` have no space between."""
    from imagesmith_simulator.machines.windows.cmd.file_commands import FILE_COMMANDS

    known = BUILTINS | FILE_COMMANDS
    if name.lower() in known:
        return known[name.lower()], rest
    glued = re.match(r"(echo|cd|chdir|md|rd|dir|type|del)([.:\\\[(].*)", name, re.IGNORECASE)
    if glued:
        return known[glued.group(1).lower()], glued.group(2) + rest
    return None, ""


def fail(io: Context, text: str, code: int = 1) -> int:
    """Say what is wrong."""
    io.stderr.write(f"{text}\r\n".encode())
    return code


def _echo(session: Session, text: str, io: Context) -> int | None:
    word = text.strip().lower()
    if word in ("on", "off") and text[:1] in " \t":
        session.echo = word == "on"
        return None
    if not text.strip() and text[:1] not in (".", ":", "(", "\\", "[", "/", "+", ",", ";", "="):
        text = f" ECHO is {'on' if session.echo else 'off'}."
    io.stdout.write(f"{text[1:]}\r\n".encode(errors="replace"))
    return None


def _set(session: Session, text: str, io: Context) -> int | None:
    text = text.strip(" \t") if text.lstrip().lower().startswith(("/a", "/p")) else text.lstrip(" \t")
    if text.lower().startswith("/a"):
        return _set_number(session, text[2:].strip().strip('"'), io)
    if text.lower().startswith("/p"):
        return _set_from_input(session, text[2:].strip(), io)
    if text.startswith('"') and "=" in text:
        last = text.rfind('"')
        text = text[1:last] if last > 0 else text[1:]
    name, equals, value = text.partition("=")
    if not equals:
        return _show(session, text.strip().strip('"'), io)
    if not name:
        return fail(io, _INCORRECT)
    _assign(session, name, value)
    return None


def _assign(session: Session, name: str, value: str) -> None:
    env = session.scope.env
    known = next((key for key in env if key.lower() == name.lower()), name)
    if value:
        env[known] = value
    else:
        env.pop(known, None)


def _show(session: Session, prefix: str, io: Context) -> int | None:
    found = {name: value for name, value in session.scope.env.items() if name.lower().startswith(prefix.lower())}
    for name in sorted(found, key=str.lower):
        io.stdout.write(f"{name}={found[name]}\r\n".encode(errors="replace"))
    return None if found else fail(io, f"Environment variable {prefix} not defined")


def _set_number(session: Session, expression: str, io: Context) -> int | None:
    try:
        result, changes = calculate(expression, lambda name: session.scope.lookup(name) or "0")
    except ArithmeticProblem as problem:
        return fail(io, str(problem), 1073750988)
    for name, value in changes.items():
        _assign(session, name, str(value))
    if not session.batch_path:
        io.stdout.write(str(result).encode())
    return None


def _set_from_input(session: Session, text: str, io: Context) -> int | None:
    name, _, prompt = text.strip('"').partition("=")
    io.stdout.write(prompt.strip('"').encode())
    line = bytearray()
    while byte := io.stdin.read(1):
        if byte == b"\n":
            break
        line += byte
    if not line:
        return 1
    _assign(session, name, line.decode(errors="replace").rstrip("\r"))
    return 0


def _exit(session: Session, text: str, io: Context) -> int | None:
    from imagesmith_simulator.machines.windows.cmd.interpreter import EndOfBatch, Exit

    words = text.split()
    numbers = [word for word in words if re.fullmatch(r"-?\d+", word)]
    code = int(numbers[0]) if numbers else None
    if words and words[0].lower() == "/b":
        raise EndOfBatch(code)
    raise Exit(session.scope.error_level if code is None else code)


def _goto(session: Session, text: str, io: Context) -> int | None:
    from imagesmith_simulator.machines.windows.cmd.interpreter import EndOfBatch, Goto

    label = text.strip().lstrip(":").split(" ")[0]
    if label.lower() == "eof" and text.strip().startswith(":"):
        raise EndOfBatch(None)
    raise Goto(label)


def _call(session: Session, text: str, io: Context) -> int | None:
    from imagesmith_simulator.machines.windows import programs
    from imagesmith_simulator.machines.windows.cmd.expansion import expand
    from imagesmith_simulator.machines.windows.cmd.interpreter import batch_arguments

    text = expand(text.strip(), session.scope, session.windows.disk)
    words = batch_arguments(text)
    if not words:
        return 0
    if words[0].startswith(":"):
        return session.call_label(words[0][1:], words[1:], io)
    io.cwd = session.scope.cwd
    found = programs.resolve(session.windows, words[0].strip('"'), io)
    if found and found.lower().endswith((".bat", ".cmd")) and not programs.is_program(found):
        return session.run_batch(found, words, io)
    return session.run(text, io)


def _setlocal(session: Session, text: str, io: Context) -> int | None:
    session.saved.append((dict(session.scope.env), session.scope.cwd, session.scope.delayed))
    if "enabledelayedexpansion" in text.lower():
        session.scope.delayed = True
    return None


def _endlocal(session: Session, text: str, io: Context) -> int | None:
    if session.saved:
        session.scope.env, session.scope.cwd, session.scope.delayed = session.saved.pop()
    return None


def _shift(session: Session, text: str, io: Context) -> int | None:
    session.scope.arguments = list(session.scope.arguments[1:])
    return None


def _cd(session: Session, text: str, io: Context) -> int | None:
    text = re.sub(r"^\s*/d\s+", "", text, flags=re.IGNORECASE).strip().strip('"')
    if not text:
        io.stdout.write(f"{session.scope.cwd}\r\n".encode())
        return 0
    try:
        path = session.path(text)
        session.windows.disk.folder(path)
    except DiskError:
        return fail(io, "The system cannot find the path specified.")
    session.scope.cwd = session.windows.disk.real_path(path)
    return 0


def _pushd(session: Session, text: str, io: Context) -> int | None:
    before = session.scope.cwd
    code = _cd(session, text, io)
    if code == 0:
        session.folders.append(before)
    return code


def _popd(session: Session, text: str, io: Context) -> int | None:
    if session.folders:
        session.scope.cwd = session.folders.pop()
    return 0


def _path(session: Session, text: str, io: Context) -> int | None:
    if text.strip():
        _assign(session, "Path", text.strip().lstrip("="))
    else:
        io.stdout.write(f"PATH={session.scope.lookup('path') or ''}\r\n".encode())
    return 0


def _ver(session: Session, text: str, io: Context) -> int | None:
    io.stdout.write(b"\r\nMicrosoft Windows [Version 10.0.20348.2113]\r\n")
    return 0


def _pause(session: Session, text: str, io: Context) -> int | None:
    io.stdout.write(b"Press any key to continue . . . ")
    io.stdin.read(1)
    io.stdout.write(b"\r\n")
    return 0


def _nothing(session: Session, text: str, io: Context) -> int | None:
    return None


def _start(session: Session, text: str, io: Context) -> int | None:
    """Run something in the background: ``start "title" /b program``."""
    from imagesmith.waiting import CancelToken
    from imagesmith_simulator.machines.windows import programs
    from imagesmith_simulator.machines.windows.streams import Nothing

    text = re.sub(r'^\s*"[^"]*"', "", text).strip()
    wait = re.search(r"/w(?:ait)?\b", text, re.IGNORECASE)
    text = re.sub(r"^(?:/\w+\s+)*", "", text)
    output = io.stdout if wait else Nothing()
    child = io.child(cwd=session.scope.cwd, stdin=Nothing(), stdout=output, stderr=output)
    if wait:
        return programs.run_line(session.windows, text, child)
    child.kill = CancelToken()
    session.windows.processes.start(
        text.split(" ")[0], lambda ctx: programs.run_line(session.windows, text, ctx), child
    )
    return 0


BUILTINS: dict[str, Builtin] = {
    "echo": _echo,
    "set": _set,
    "exit": _exit,
    "goto": _goto,
    "call": _call,
    "setlocal": _setlocal,
    "endlocal": _endlocal,
    "shift": _shift,
    "cd": _cd,
    "chdir": _cd,
    "pushd": _pushd,
    "popd": _popd,
    "path": _path,
    "ver": _ver,
    "pause": _pause,
    "rem": _nothing,
    "title": _nothing,
    "cls": _nothing,
    "color": _nothing,
    "verify": _nothing,
    "break": _nothing,
    "start": _start,
}
