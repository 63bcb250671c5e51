"""Commands and pipelines: finding what a name means, binding parameters, passing values on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows import programs
from imagesmith_simulator.machines.windows.disk import DiskError, absolute
from imagesmith_simulator.machines.windows.files import DiskWriter, decode, message
from imagesmith_simulator.machines.windows.powershell import nodes
from imagesmith_simulator.machines.windows.powershell.conversion import convert
from imagesmith_simulator.machines.windows.powershell.layout import render
from imagesmith_simulator.machines.windows.powershell.values import (
    DotNet,
    ErrorInfo,
    NamedValues,
    NotSimulated,
    ScriptBlock,
    Table,
    failure,
    items,
    text,
    truth,
)
from imagesmith_simulator.machines.windows.processes import Context
from imagesmith_simulator.machines.windows.streams import Buffer

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine

Emit = Callable[[Any], None]
_VERBS = [
    "add",
    "clear",
    "close",
    "compare",
    "complete",
    "confirm",
    "connect",
    "convert",
    "convertfrom",
    "convertto",
    "copy",
    "debug",
    "disable",
    "disconnect",
    "enable",
    "enter",
    "exit",
    "expand",
    "export",
    "find",
    "format",
    "get",
    "grant",
    "group",
    "import",
    "initialize",
    "install",
    "invoke",
    "join",
    "limit",
    "lock",
    "measure",
    "merge",
    "mount",
    "move",
    "new",
    "open",
    "optimize",
    "out",
    "pop",
    "push",
    "read",
    "receive",
    "register",
    "remove",
    "rename",
    "repair",
    "request",
    "reset",
    "resize",
    "resolve",
    "restart",
    "restore",
    "resume",
    "revoke",
    "save",
    "search",
    "select",
    "send",
    "set",
    "show",
    "skip",
    "split",
    "start",
    "stop",
    "submit",
    "suspend",
    "switch",
    "sync",
    "tee",
    "test",
    "trace",
    "unblock",
    "undo",
    "uninstall",
    "unlock",
    "unprotect",
    "unregister",
    "update",
    "use",
    "wait",
    "watch",
    "where",
    "write",
]


@dataclasses.dataclass
class Stage:
    """One command of a pipeline: gets values, and in the end the end."""

    process: Emit
    end: Callable[[], None]


def run_pipeline(engine: Engine, node: nodes.Pipeline, emit: Emit) -> None:
    """Run a pipeline."""
    first = node.elements[0]
    commands = node.elements if isinstance(first, nodes.Command) else node.elements[1:]
    if not commands:
        if isinstance(first, nodes.Step):
            engine.evaluate(first)
            return
        engine.ok = True
        for item in items(engine.evaluate(first)):
            emit(item)
        return
    sink, stages = emit, []
    for position in range(len(commands) - 1, -1, -1):
        command = commands[position]
        if not isinstance(command, nodes.Command):
            raise failure(
                "Expressions are only allowed as the first element of a pipeline.",
                identity="ExpressionsMustBeFirstInPipeline",
            )
        fed = position > 0 or commands is not node.elements
        stages.append(_stage(engine, command, sink, fed=fed))
        sink = stages[-1].process
    engine.ok = True
    if commands is not node.elements:
        for item in items(engine.evaluate(first)):
            sink(item)
    for stage in reversed(stages):
        stage.end()


def _stage(engine: Engine, command: nodes.Command, emit: Emit, *, fed: bool) -> Stage:
    """The stage of a command; what it does is found out when it begins to work."""
    closing: list[Callable[[], None]] = []
    emit = _redirected(engine, command, emit, closing)
    target = engine.evaluate(command.name)
    positional, named = bind(engine, command.arguments)
    inner = resolve(
        engine, target, command.operator, Invocation(engine, positional, named, emit, fed=fed, line=command.line)
    )
    merged = next((item for item in command.redirects if item.stream in ("2", "*")), None)

    def guarded(run: Callable[[], None]) -> None:
        if merged is None:
            run()
        else:
            _with_errors(engine, merged, emit, run)

    def end() -> None:
        try:
            guarded(inner.end)
        finally:
            for close in closing:
                close()

    return Stage(lambda item: guarded(lambda: inner.process(item)), end)


def _redirected(engine: Engine, command: nodes.Command, emit: Emit, closing: list[Callable[[], None]]) -> Emit:
    for item in command.redirects:
        if item.stream in ("1", "*") and isinstance(item.target, nodes.Node):
            path = text(engine.evaluate(item.target))
            if path.lower() in ("$null", "nul", ""):
                return lambda value: None
            found: list[Any] = []
            closing.append(_file_of_output(engine, path, found, append=item.append))
            return found.append
    return emit


def _file_of_output(engine: Engine, path: str, found: list[Any], *, append: bool) -> Callable[[], None]:
    """``>`` writes UTF-16, as PowerShell 5 does."""

    def close() -> None:
        try:
            full = absolute(path, engine.context.cwd)
            before = engine.windows.disk.find(full) if append else None
            data = "".join(f"{line}\r\n" for line in render([value for value in found if value is not None]))
            mark = b"\xff\xfe" if data and before is None else b""
            engine.windows.disk.write(full, mark + data.encode("utf-16-le"), append=append)
        except DiskError as error:
            raise failure(f"{message(error)} {path}", "System.IO.IOException") from None

    return close


def _with_errors(engine: Engine, redirect: nodes.Redirect, emit: Emit, run: Callable[[], None]) -> None:
    """Run something whose errors go elsewhere: to the output with ``&1``, to a file, or nowhere."""
    target = redirect.target if isinstance(redirect.target, str) else text(engine.evaluate(redirect.target))
    context, shown = engine.context, engine.host.error
    if target == "&1":
        collected = Buffer()
        engine.context = dataclasses.replace(context, stderr=collected)
        engine.host.error = emit  # type: ignore[method-assign, assignment]
    elif target == "":
        engine.context = dataclasses.replace(context, stderr=Buffer())
        engine.host.error = lambda info: None  # type: ignore[method-assign]
        collected = None
    else:
        writer = DiskWriter(engine.windows.disk, absolute(target, context.cwd), append=redirect.append)
        engine.context = dataclasses.replace(context, stderr=writer)
        collected = None
    try:
        run()
    finally:
        cwd = engine.context.cwd
        engine.context, engine.host.error = context, shown  # type: ignore[method-assign]
        engine.context.cwd = cwd
        if collected:
            for line in decode(bytes(collected.data)).splitlines():
                emit(line)


def bind(engine: Engine, arguments: list[nodes.Node]) -> tuple[list[Any], list[tuple[str, Any, bool]]]:
    """The values of arguments in their order; parameters are marked where they stand: (name, value, has one)."""
    positional: list[Any] = []
    named: list[tuple[str, Any, bool]] = []
    order: list[Any] = []
    for argument in arguments:
        if isinstance(argument, nodes.Parameter):
            value = engine.evaluate(argument.value) if argument.value else None
            order.append(Given(argument.name, value, argument.value is not None))
        elif isinstance(argument, nodes.Splat):
            splatted = engine.lookup(argument.name)
            if isinstance(splatted, Table):
                order += [Given(name, value, True) for name, value in splatted.items()]
            else:
                order += list(items(splatted))
        else:
            order.append(engine.evaluate(argument))
    positional = order
    return positional, named


@dataclasses.dataclass
class Given:
    """``-name`` among the arguments, with ``:value`` where it was glued to it."""

    name: str
    value: Any
    has_value: bool


@dataclasses.dataclass
class Invocation:
    """A command about to be run; ``words`` are values and `Given` parameters in their order."""

    engine: Engine
    words: list[Any]
    named: list[tuple[str, Any, bool]]
    emit: Emit
    fed: bool
    line: int


def resolve(engine: Engine, target: Any, operator: str, invocation: Invocation) -> Stage:
    """What a command's name means: a block, a function, a cmdlet, a script or a program. Raises where it is nothing."""
    from imagesmith_simulator.machines.windows.powershell.cmdlets import CMDLETS, cmdlet_stage

    if isinstance(target, ScriptBlock):
        return _block_stage(engine, target.body, invocation, own_scope=operator != ".")
    name = text(target)
    if name in engine.functions:
        return _block_stage(engine, engine.functions[name], invocation, own_scope=operator != ".")
    if name.lower() in CMDLETS:
        return cmdlet_stage(CMDLETS[name.lower()], name, invocation)
    path = script_or_program(engine, name)
    if path and path.lower().endswith(".ps1"):
        return _script_stage(engine, path, invocation, own_scope=operator != ".")
    if path:
        return _program_stage(engine, path, invocation)
    verb, dash, noun = name.partition("-")
    if dash and noun and verb.lower() in _VERBS:
        raise NotSimulated(f"the command {name}")
    raise failure(
        f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
        "Check the spelling of the name, or if a path was included, verify that the path is correct and try again.",
        "System.Management.Automation.CommandNotFoundException",
        identity="CommandNotFoundException",
        category="ObjectNotFound",
        command=name,
        line=invocation.line,
    )


def script_or_program(engine: Engine, name: str) -> str | None:
    """The path of the script or program that a name stands for."""
    disk = engine.windows.disk
    try:
        full = absolute(name, engine.context.cwd)
    except DiskError:
        return None
    if name.lower().endswith(".ps1"):
        return disk.real_path(full) if disk.find(full) else None
    if "\\" in name or "/" in name:
        if disk.find(full + ".ps1"):
            return full + ".ps1"
        return programs.resolve(engine.windows, name, engine.context)
    context = dataclasses.replace(engine.context, cwd="C:\\Windows\\System32")  # not from the current folder
    return programs.resolve(engine.windows, name, context)


def bind_parameters(engine: Engine, block: nodes.Block, words: list[Any]) -> tuple[NamedValues, list[Any]]:
    """A function's variables from its arguments, and what is left over."""
    values, rest = NamedValues(), list[Any]()
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        parameter = _parameter(block, word.name) if isinstance(word, Given) else None
        if parameter is None:
            rest.append(f"-{word.name}" if isinstance(word, Given) else word)
            continue
        if parameter.switch:
            values[parameter.name] = truth(word.value) if word.has_value else True
        elif word.has_value:
            values[parameter.name] = word.value
        else:
            values[parameter.name] = waiting.pop(0) if waiting else None
    for parameter in block.parameters:
        if parameter.name not in values:
            values[parameter.name] = _default(engine, parameter, rest)
        if parameter.type and not parameter.switch and values[parameter.name] is not None:
            values[parameter.name] = convert(values[parameter.name], parameter.type.name, array=parameter.type.array)
    return values, rest


def _default(engine: Engine, parameter: nodes.ParameterDefinition, rest: list[Any]) -> Any:
    if parameter.switch:
        return False
    if rest:
        return rest.pop(0)
    if parameter.mandatory:
        raise failure(
            f"Cannot process command because of one or more missing mandatory parameters: {parameter.name}.",
            "System.Management.Automation.ParameterBindingException",
        )
    return engine.evaluate(parameter.default) if parameter.default else None


def _parameter(block: nodes.Block, name: str) -> nodes.ParameterDefinition | None:
    exact = [item for item in block.parameters if item.name.lower() == name.lower()]
    if exact:
        return exact[0]
    found = [item for item in block.parameters if item.name.lower().startswith(name.lower())]
    return found[0] if len(found) == 1 else None


def run_block(
    engine: Engine, block: nodes.Block, words: list[Any], emit: Emit, *, fed: list[Any] | None = None
) -> None:
    """Run a function's or script block's body in a scope of its own."""
    from imagesmith_simulator.machines.windows.powershell.engine import Return

    values, rest = bind_parameters(engine, block, words)
    variables: dict[str, Any] = {**values, "args": rest, "input": fed or []}

    def run() -> None:
        try:
            if block.named:
                _run_named(engine, block, fed, emit)
            else:
                engine.block(block, emit)
        except Return:
            return

    engine.scoped(variables, run)


def _run_named(engine: Engine, block: nodes.Block, fed: list[Any] | None, emit: Emit) -> None:
    for name in ("begin", "process", "end"):
        part = block.named.get(name)
        if part is None:
            continue
        for item in (fed if fed is not None else [None]) if name == "process" else [None]:
            engine.scopes[-1]["_"] = item
            engine.block(part, emit)


def _block_stage(engine: Engine, block: nodes.Block, invocation: Invocation, *, own_scope: bool) -> Stage:
    from imagesmith_simulator.machines.windows.powershell.engine import Return

    fed: list[Any] = []

    def end() -> None:
        if own_scope:
            run_block(engine, block, invocation.words, invocation.emit, fed=fed if invocation.fed else None)
            return
        values, _ = bind_parameters(engine, block, invocation.words)
        for name in values:
            engine.scopes[-1][name] = values[name]
        try:
            engine.block(block, invocation.emit)
        except Return:
            return

    return Stage(fed.append, end)


def _script_stage(engine: Engine, path: str, invocation: Invocation, *, own_scope: bool) -> Stage:
    """A script file: ``exit`` in it ends it, not the whole, and sets ``$LASTEXITCODE``."""
    from imagesmith_simulator.machines.windows.powershell.engine import Exit
    from imagesmith_simulator.machines.windows.powershell.parser import Parser
    from imagesmith_simulator.machines.windows.powershell.scanner import ParseError

    source = decode(bytes(engine.windows.disk.file(path).data))
    try:
        block = Parser(source).script()
    except ParseError as error:
        info = ErrorInfo(str(error), "System.Management.Automation.ParseException", "ParserError", line=error.line)
        raise failure(f"At {path}:{error.line}\n{error}", info.exception, identity="ParseException") from None
    inner = _block_stage(engine, block, invocation, own_scope=own_scope)

    def end() -> None:
        outer = engine.scopes[-1].get("PSScriptRoot")
        engine.scopes[-1]["PSScriptRoot"], engine.scopes[-1]["PSCommandPath"] = path.rpartition("\\")[0], path
        try:
            inner.end()
        except Exit as exit_:
            engine.native_code = exit_.code
            engine.ok = exit_.code == 0
        finally:
            engine.scopes[-1]["PSScriptRoot"] = outer

    return Stage(inner.process, end)


def _program_stage(engine: Engine, path: str, invocation: Invocation) -> Stage:
    fed: list[Any] = []

    def end() -> None:
        raw = command_line(
            [
                f"-{word.name}" + (f":{text(word.value)}" if word.has_value else "")
                if isinstance(word, Given)
                else word
                for word in invocation.words
            ]
        )
        context = engine.context.child()
        if invocation.fed:
            context.stdin = Buffer("".join(f"{line}\r\n" for line in render(fed)).encode())
        direct = invocation.emit == engine.host.output
        output = context.stdout if direct else Buffer()
        engine.host.flush()
        context.stdout = output
        engine.native_code = _run(engine, path, raw, context)
        engine.ok = engine.native_code == 0
        if isinstance(output, Buffer) and not direct:
            for line in decode(bytes(output.data)).splitlines():
                invocation.emit(line)

    return Stage(fed.append, end)


def _run(engine: Engine, path: str, raw: str, context: Context) -> int:
    if path.lower().endswith((".bat", ".cmd")) and not programs.is_program(path):
        from imagesmith_simulator.machines.windows.cmd.interpreter import run_line

        return run_line(engine.windows, f'"{path}" {raw}'.strip() if " " in path else f"{path} {raw}", context)
    return programs.run(engine.windows, path, raw, context)


def command_line(words: list[Any]) -> str:
    """Arguments as PowerShell 5 writes them into a command line: quotes around blanks, none for quotes inside."""
    parts = []
    for value in (item for word in words for item in (items(word) if isinstance(word, list) else [word])):
        word = text(value)
        parts.append(f'"{word}"' if not word or (" " in word and not word.startswith('"')) else word)
    return " ".join(parts)


def plain_value(value: Any) -> bool:
    """Whether a value is printed by itself."""
    return not isinstance(value, DotNet)
