"""powershell.exe's own command line, and how it ends.

Known: -Command, -EncodedCommand, -File, -ExecutionPolicy, -NoProfile, -NonInteractive, -NoLogo, -InputFormat,
-OutputFormat; -NoExit, -WindowStyle and -Version are taken and make no difference. Names may be abbreviated.
Over pipes an encoded command's errors are CLIXML unless -OutputFormat Text is given.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.disk import DiskError, absolute
from imagesmith_simulator.machines.windows.files import decode
from imagesmith_simulator.machines.windows.powershell import nodes
from imagesmith_simulator.machines.windows.powershell.cmdlets import load
from imagesmith_simulator.machines.windows.powershell.engine import Engine, Exit, Flow, Return
from imagesmith_simulator.machines.windows.powershell.host import Host
from imagesmith_simulator.machines.windows.powershell.parser import Parser
from imagesmith_simulator.machines.windows.powershell.pipelines import Given, bind_parameters
from imagesmith_simulator.machines.windows.powershell.scanner import ParseError
from imagesmith_simulator.machines.windows.powershell.values import ErrorInfo, NotSimulated, ScriptError

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows

_SWITCHES = ("noprofile", "noninteractive", "nologo", "noexit", "sta", "mta")
_VALUED = (
    "command",
    "encodedcommand",
    "file",
    "executionpolicy",
    "inputformat",
    "outputformat",
    "windowstyle",
    "version",
)
_SHORT = {"c": "command", "e": "encodedcommand", "ec": "encodedcommand", "enc": "encodedcommand", "f": "file",
          "ep": "executionpolicy", "ex": "executionpolicy", "exec": "executionpolicy", "i": "inputformat",
          "if": "inputformat", "o": "outputformat", "of": "outputformat", "nop": "noprofile", "noni": "noninteractive",
          "w": "windowstyle"}  # fmt: skip
_SIGNED_ONLY = ("restricted", "allsigned")


@dataclass
class Options:
    """What the command line says; ``script`` is the text to run, ``file`` where it came from."""

    script: str = ""
    file: str = ""
    encoded: bool = False
    given: dict[str, str] = field(default_factory=dict)
    arguments: list[Any] = field(default_factory=list)


class BadCommandLine(Exception):
    """powershell.exe does not start; the text is what it says."""


def run(windows: Windows, arguments: list[str], context: Context) -> int:
    """Run powershell.exe; its exit code."""
    load()
    try:
        options = _parse(windows, arguments, context)
    except BadCommandLine as problem:
        context.stderr.write(f"{problem}\r\n".encode())
        return -196608 if "does not exist" in str(problem) else 1
    clixml = options.encoded and options.given.get("outputformat", "").lower() != "text"
    host = Host(context, clixml=clixml)
    engine = Engine(windows, context, host)
    engine.execution_policy = options.given.get("executionpolicy", "")
    try:
        return _execute(engine, options)
    finally:
        host.close()


def _option(argument: str) -> str:
    name = argument.lstrip("-/").lower() if argument.startswith(("-", "/")) else ""
    if name in _SHORT:
        return _SHORT[name]
    found = [item for item in (*_SWITCHES, *_VALUED) if name and item.startswith(name)]
    return found[0] if len(found) == 1 else ""


def _parse(windows: Windows, arguments: list[str], context: Context) -> Options:
    options = Options()
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        name = _option(argument)
        if name in _SWITCHES:
            continue
        if not name and argument.startswith("-") and argument != "-":
            raise BadCommandLine(f"The command line option {argument} is not known.")
        if not name or name == "command":
            options.script = " ".join(([] if name else [argument]) + waiting)
            if options.script == "-":
                options.script = _input(context)
            return options
        if not waiting:
            raise BadCommandLine(f"Cannot process the command because of a missing parameter: {argument}.")
        if name == "file":
            _read_file(windows, waiting, context, options)
            return options
        options.given[name] = waiting.pop(0)
    if "encodedcommand" in options.given:
        options.encoded = True
        options.script = _decoded(options.given["encodedcommand"])
    elif not options.script:
        options.script = _input(context)
    return options


def _input(context: Context) -> str:
    data = bytearray()
    while part := context.stdin.read(65536):
        data += part
    return data.decode(errors="replace")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError):
        raise BadCommandLine(
            "Cannot process the command because the value specified with -EncodedCommand is not properly encoded. The "
            "value must be Base64 encoded."
        ) from None


def _read_file(windows: Windows, words: list[str], context: Context, options: Options) -> None:
    name = words.pop(0)
    try:
        options.file = absolute(name, context.cwd)
        options.script = decode(bytes(windows.disk.file(options.file).data))
    except DiskError:
        raise BadCommandLine(
            f"The argument '{name}' to the -File parameter does not exist. Provide the path to an existing '.ps1' file "
            "as an argument to the -File parameter."
        ) from None
    policy = options.given.get("executionpolicy", windows.installation.execution_policy).lower()
    if policy in _SIGNED_ONLY:
        raise BadCommandLine(
            f"File {options.file} cannot be loaded because running scripts is disabled on this system."
        )
    options.arguments = [
        Given(word[1:], None, has_value=False) if word.startswith("-") and word[1:2].isalpha() else word
        for word in words
    ]


def _execute(engine: Engine, options: Options) -> int:
    """Run it to whatever end; the exit code."""
    host = engine.host
    try:
        block = Parser(options.script).script()
        _set_up(engine, block, options)
        engine.block(block, host.output)
        return _code(engine, options)
    except ParseError as error:
        host.error(
            ErrorInfo(
                str(error), "System.Management.Automation.ParseException", "ParserError", "ParserError", line=error.line
            )
        )
    except NotSimulated as error:
        text = f"ParserError: the simulated PowerShell does not know {error}, so that the script was ended here"
        host.error(ErrorInfo(text, "imagesmith.NotSimulated", "NotSimulated", "NotImplemented"))
    except ScriptError as error:
        host.error(error.info)
    except Exit as end:
        return end.code
    except (Return, Flow):
        return _code(engine, options)
    return 1


def _set_up(engine: Engine, block: nodes.Block, options: Options) -> None:
    scope = engine.scopes[0]
    scope["PSScriptRoot"] = options.file.rpartition("\\")[0]
    scope["PSCommandPath"] = options.file
    values, rest = bind_parameters(engine, block, options.arguments)
    for name in values:
        scope[name] = values[name]
    scope["args"] = rest
    if options.given.get("inputformat", "").lower() != "none" and _uses_input(options.script):
        scope["input"] = _input(engine.context).splitlines()


def _uses_input(script: str) -> bool:
    return "$input" in script.lower()


def _code(engine: Engine, options: Options) -> int:
    """After the last statement: of a file 0, of a command whether that statement has succeeded."""
    if options.file:
        return 0
    return 0 if engine.ok else 1
