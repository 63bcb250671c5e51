"""The cmdlets, found by name or alias; how they are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.disk import DiskError
from imagesmith_simulator.machines.windows.powershell.pipelines import Emit, Given, Invocation, Stage
from imagesmith_simulator.machines.windows.powershell.values import (
    ErrorInfo,
    NamedValues,
    ScriptError,
    failure,
    items,
    text,
    truth,
)

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.powershell.engine import Engine

_COMMON = ("ErrorAction", "WarningAction", "InformationAction", "ErrorVariable", "OutVariable", "OutBuffer")
_COMMON_SWITCHES = ("Verbose", "Debug", "Confirm", "WhatIf")
_SHORT = {"ea": "ErrorAction", "wa": "WarningAction", "ev": "ErrorVariable", "ov": "OutVariable"}


@dataclass
class Cmdlet:
    """``positional`` parameters may go without their names; the last takes all that is left with ``rest``."""

    name: str
    run: Callable[[Call], Stage | None]
    positional: tuple[str, ...]
    named: tuple[str, ...]
    switches: tuple[str, ...]
    rest: bool
    streaming: bool
    module: bool


CMDLETS: dict[str, Cmdlet] = {}


def cmdlet(
    *names: str,
    positional: Sequence[str] = (),
    named: Sequence[str] = (),
    switches: Sequence[str] = (),
    rest: bool = False,
    streaming: bool = False,
    module: bool = True,
) -> Callable[[Callable[[Call], Any]], Callable[[Call], Any]]:
    """Register a cmdlet by its name and aliases. ``module``: loading it shows progress, as of all but the core."""

    def register(run: Callable[[Call], Any]) -> Callable[[Call], Any]:
        found = Cmdlet(names[0], run, tuple(positional), tuple(named), tuple(switches), rest, streaming, module)
        for name in names:
            CMDLETS[name.lower()] = found
        return run

    return register


@dataclass
class Call:
    """One call of a cmdlet: its parameters, and what came through the pipeline."""

    engine: Engine
    cmdlet: Cmdlet
    values: NamedValues
    emit: Emit
    fed: bool
    line: int
    input: list[Any] = field(default_factory=list)

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter's value."""
        return self.values.get(name, default)

    def text(self, name: str, default: str = "") -> str:
        """A parameter's value as a string."""
        return text(self.values[name]) if name in self.values else default

    def flag(self, name: str) -> bool:
        """Whether a switch is on."""
        return truth(self.values.get(name, False))

    def required(self, *names: str) -> Any:
        """The value of the first of these that was given. Raises `ScriptError` where none was."""
        for name in names:
            if name in self.values:
                return self.values[name]
        raise failure(
            f"Cannot process command because of one or more missing mandatory parameters: {names[0]}.",
            "System.Management.Automation.ParameterBindingException",
            command=self.cmdlet.name,
        )

    def subjects(self, *names: str) -> list[Any]:
        """What it is about: the parameter's values, or what came through the pipeline."""
        given = next((self.values[name] for name in names if name in self.values), None)
        return list(items(given)) if given is not None else list(self.input)

    def error(
        self,
        message: str,
        exception: str = "System.Management.Automation.RuntimeException",
        *,
        identity: str = "",
        category: str = "NotSpecified",
    ) -> None:
        """An error after which the rest is still done, unless the caller or a preference says otherwise."""
        info = ErrorInfo(message, exception, identity, category, command=self.cmdlet.name, line=self.line)
        action = self.text("ErrorAction", self.engine.preference("ErrorActionPreference")).lower()
        self.engine.ok = False
        if action == "stop":
            raise ScriptError(info, whole=True)
        if action in ("continue", "inquire", "1"):
            self.engine.report(info)
        elif action != "ignore":
            self.engine.remember(info)


def cmdlet_stage(found: Cmdlet, name: str, invocation: Invocation) -> Stage:
    """A cmdlet as a stage of a pipeline. Raises `ScriptError` for parameters that it does not have."""
    engine = invocation.engine
    values = _bound(found, invocation.words)
    emit = invocation.emit
    if "OutVariable" in values:
        emit = _kept(engine, text(values["OutVariable"]), emit)
    call = Call(engine, found, values, emit, invocation.fed, invocation.line)
    if found.module and engine.preference("ProgressPreference") != "silentlycontinue":
        engine.host.progress()
    if found.streaming:
        stage = found.run(call)
        return stage if isinstance(stage, Stage) else Stage(lambda item: None, lambda: None)

    def end() -> None:
        _guarded(call, lambda: found.run(call))

    return Stage(call.input.append, end)


def _kept(engine: Engine, name: str, emit: Emit) -> Emit:
    kept: list[Any] = []
    engine.scopes[-1][name] = kept

    def keep(item: Any) -> None:
        kept.append(item)
        emit(item)

    return keep


def _guarded(call: Call, run: Callable[[], Any]) -> None:
    """What the disk refuses and what was wrongly given are errors of the cmdlet, and follow its ErrorAction."""
    try:
        run()
    except DiskError as error:
        _refused(call, error)
    except ScriptError as error:
        if call.text("ErrorAction").lower() in ("silentlycontinue", "ignore", "0") and not error.whole:
            call.engine.ok = False
            call.engine.remember(error.info)
            return
        error.info.command = error.info.command or call.cmdlet.name
        raise
    except ValueError as error:
        call.error(str(error), "System.ArgumentException", category="InvalidArgument")


def _refused(call: Call, error: DiskError) -> None:
    if error.trouble in ("no file", "no folder"):
        message = f"Cannot find path '{error.path}' because it does not exist."
        exception, category = "System.Management.Automation.ItemNotFoundException", "ObjectNotFound"
    elif error.trouble == "exists":
        message = f"An item with the specified name {error.path} already exists."
        exception, category = "System.IO.IOException", "ResourceExists"
    else:
        message = f"Access to the path '{error.path}' is denied."
        exception, category = "System.UnauthorizedAccessException", "PermissionDenied"
    call.error(message, exception, identity=category, category=category)


def _bound(found: Cmdlet, words: list[Any]) -> NamedValues:
    values = NamedValues()
    rest: list[Any] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not isinstance(word, Given):
            rest.append(word)
            continue
        name = _parameter(found, word.name)
        if name in (*found.switches, *_COMMON_SWITCHES):
            values[name] = word.value if word.has_value else True
        elif word.has_value:
            values[name] = word.value
        elif waiting:
            values[name] = waiting.pop(0)
        else:
            raise _binding(
                found,
                f"Missing an argument for parameter '{name}'. Specify a parameter and try again.",
                "MissingArgument",
            )
    _place(found, rest, values)
    return values


def _place(found: Cmdlet, rest: list[Any], values: NamedValues) -> None:
    free = [name for name in found.positional if name not in values]
    if found.rest and free and len(rest) > len(free):
        head, tail = rest[: len(free) - 1], rest[len(free) - 1 :]
        rest = [*head, [item for value in tail for item in (items(value) if isinstance(value, list) else [value])]]
    if len(rest) > len(free):
        shown = text(rest[len(free)])
        raise _binding(
            found,
            f"A positional parameter cannot be found that accepts argument '{shown}'.",
            "PositionalParameterNotFound",
        )
    for name, value in zip(free, rest, strict=False):
        values[name] = value


def _parameter(found: Cmdlet, name: str) -> str:
    lowered = name.lower()
    known = (*found.positional, *found.named, *found.switches, *_COMMON, *_COMMON_SWITCHES)
    if lowered in _SHORT:
        return _SHORT[lowered]
    exact = [item for item in known if item.lower() == lowered]
    matching = exact or [
        item for item in (*found.positional, *found.named, *found.switches) if item.lower().startswith(lowered)
    ]
    matching = matching or [item for item in known if item.lower().startswith(lowered)]
    if len(set(matching)) != 1:
        raise _binding(
            found, f"A parameter cannot be found that matches parameter name '{name}'.", "NamedParameterNotFound"
        )
    return matching[0]


def _binding(found: Cmdlet, message: str, identity: str) -> ScriptError:
    return failure(
        message,
        "System.Management.Automation.ParameterBindingException",
        identity=f"{identity},{found.name}",
        category="InvalidArgument",
        command=found.name,
    )


def load() -> None:
    """Fill the table."""
    from imagesmith_simulator.machines.windows.powershell.cmdlets import (  # noqa: F401 - they register themselves
        contents,
        core,
        entries,
        lists,
        machine,
        output,
        settings,
        tasks,
    )


__all__ = ["CMDLETS", "Call", "Cmdlet", "cmdlet", "cmdlet_stage", "load"]
