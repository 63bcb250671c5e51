"""Running a script: scopes, statements, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imagesmith_simulator.machines.windows.powershell import nodes
from imagesmith_simulator.machines.windows.powershell.evaluation import Evaluation
from imagesmith_simulator.machines.windows.powershell.host import Host
from imagesmith_simulator.machines.windows.powershell.pipelines import Emit, run_pipeline
from imagesmith_simulator.machines.windows.powershell.values import (
    ErrorInfo,
    NamedValues,
    Record,
    ScriptBlock,
    ScriptError,
    Table,
    items,
    text,
    truth,
    whole,
)

if TYPE_CHECKING:
    from imagesmith_simulator.machines.windows.processes import Context
    from imagesmith_simulator.machines.windows.windows import Windows


class Flow(Exception):
    """``break`` and ``continue``."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Return(Exception):
    """``return``."""


class Exit(Exception):
    """``exit``."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Engine(Evaluation):
    """One powershell.exe. ``ok`` is ``$?``, ``native_code`` is ``$LASTEXITCODE``."""

    def __init__(self, windows: Windows, context: Context, host: Host) -> None:
        self.windows = windows
        self.context = context
        self.host = host
        self.scopes: list[NamedValues] = [_first_scope(windows)]
        self.functions = NamedValues()
        self.errors: list[ErrorInfo] = []
        self.ok = True
        self.native_code: int | None = None
        self.trying = 0
        self.locations: list[str] = []
        self.execution_policy = ""
        self._handlers: dict[type[nodes.Node], Callable[[Any, Emit], None]] = {
            nodes.Pipeline: lambda node, emit: run_pipeline(self, node, emit),
            nodes.Assign: lambda node, emit: self.assign(node),
            nodes.If: self._if,
            nodes.While: self._while,
            nodes.For: self._for,
            nodes.ForEach: self._foreach,
            nodes.Switch: self._switch,
            nodes.Try: self._try,
            nodes.Function: self._function,
            nodes.Flow: self._flow,
        }

    def script_text(self, source: str, emit: Emit) -> None:
        """Parse and run a script in the current scope. Raises `ParseError`."""
        from imagesmith_simulator.machines.windows.powershell.parser import Parser

        self.block(Parser(source).script(), emit)

    def block(self, block: nodes.Block, emit: Emit) -> None:
        """Run statements; an error that no ``try`` and no ``trap`` awaits is shown, and the next statement runs."""
        self.trying += bool(block.traps)
        try:
            for statement in block.statements:
                self.context.check()
                try:
                    self.statement(statement, emit)
                except ScriptError as error:
                    self.ok = False
                    if block.traps:
                        self._trap(block.traps[-1], error, emit)
                    elif error.whole or self.trying or self.preference("ErrorActionPreference") == "stop":
                        raise
                    else:
                        self.report(self.located(error, statement).info)
        finally:
            self.trying -= bool(block.traps)

    def _trap(self, trap: nodes.Trap, error: ScriptError, emit: Emit) -> None:
        self.remember(error.info)
        outer = self.trying
        self.trying = 0
        try:
            self.scoped({"_": error.info}, lambda: self.block(trap.body, emit))
        except Flow as flow:
            if flow.word == "continue":
                return
            raise error from None
        finally:
            self.trying = outer
        self.report(error.info)

    def located(self, error: ScriptError, node: nodes.Node) -> ScriptError:
        """The error with the place where it has happened."""
        error.info.line = error.info.line or node.line
        return error

    def statement(self, node: nodes.Node, emit: Emit) -> None:
        """Run one statement."""
        handler = self._handlers.get(type(node))
        if handler:
            handler(node, emit)
            return
        for item in items(self.evaluate(node)):
            emit(item)

    def collect(self, run: Callable[[Emit], None]) -> list[Any]:
        """What something puts out, instead of where it would go."""
        found: list[Any] = []
        run(found.append)
        return found

    def scoped(self, variables: dict[str, Any], run: Callable[[], None]) -> None:
        """Run something in a scope of its own."""
        self.scopes.append(NamedValues(variables))
        try:
            run()
        finally:
            self.scopes.pop()

    def preference(self, name: str) -> str:
        """A preference variable's value in lower case."""
        return text(self.lookup(name)).lower()

    def remember(self, info: ErrorInfo) -> None:
        """Put an error into ``$Error``."""
        if not self.errors or self.errors[0] is not info:
            self.errors.insert(0, info)

    def report(self, info: ErrorInfo) -> None:
        """Show an error that does not end anything."""
        self.remember(info)
        self.host.error(info)

    def _if(self, node: nodes.If, emit: Emit) -> None:
        for condition, body in node.branches:
            if truth(self.evaluate(condition)):
                self.block(body, emit)
                return
        if node.otherwise:
            self.block(node.otherwise, emit)

    def _round(self, body: nodes.Block, emit: Emit) -> bool:
        """Run a loop's body once; whether the loop goes on."""
        self.context.check()
        try:
            self.block(body, emit)
        except Flow as flow:
            return flow.word == "continue"
        return True

    def _while(self, node: nodes.While, emit: Emit) -> None:
        if node.first and not self._round(node.body, emit):
            return
        while truth(self.evaluate(node.condition)) != node.until:
            if not self._round(node.body, emit):
                return

    def _for(self, node: nodes.For, emit: Emit) -> None:
        if node.start:
            self.evaluate(node.start)
        while node.condition is None or truth(self.evaluate(node.condition)):
            if not self._round(node.body, emit):
                return
            if node.step:
                self.evaluate(node.step)

    def _foreach(self, node: nodes.ForEach, emit: Emit) -> None:
        for item in items(self.evaluate(node.items)):
            self.assign_variable(node.variable, item)
            if not self._round(node.body, emit):
                return

    def _switch(self, node: nodes.Switch, emit: Emit) -> None:
        for item in items(self.evaluate(node.value)):
            try:
                self._switch_one(node, item, emit)
            except Flow as flow:
                if flow.word == "break":
                    return

    def _switch_one(self, node: nodes.Switch, item: Any, emit: Emit) -> None:
        from imagesmith_simulator.machines.windows.powershell.operators import compare

        word = "match" if "regex" in node.flags else "like" if "wildcard" in node.flags else "eq"
        found = False
        for condition, body in node.clauses:
            if condition is None:
                continue
            wanted = self.evaluate(condition)
            if isinstance(wanted, ScriptBlock):
                matches = self._holds(wanted, item)
            else:
                matches = truth(compare(word, text(item) if word != "eq" else item, wanted, self.keep_matches))
            if matches:
                found = True
                block = body
                self.scoped({"_": item}, lambda block=block: self.block(block, emit))  # type: ignore[misc]
        for condition, body in node.clauses:
            if condition is None and not found:
                self.scoped({"_": item}, lambda body=body: self.block(body, emit))  # type: ignore[misc]

    def _holds(self, block: ScriptBlock, item: Any) -> bool:
        found: list[Any] = []
        self.scoped({"_": item}, lambda: self.block(block.body, found.append))
        return truth(found)

    def _try(self, node: nodes.Try, emit: Emit) -> None:
        try:
            self.trying += 1
            try:
                self.block(node.body, emit)
            finally:
                self.trying -= 1
        except ScriptError as error:
            self.remember(error.info)
            handler = next((body for types, body in node.catches if not types or _caught(error.info, types)), None)
            if handler is None:
                raise
            self.scoped_variable("_", error.info, lambda: self.block(handler, emit))
        finally:
            if node.finally_:
                self.block(node.finally_, emit)

    def scoped_variable(self, name: str, value: Any, run: Callable[[], None]) -> None:
        """Run something with a variable set, in the same scope otherwise."""
        scope = self.scopes[-1]
        had, before = name in scope, scope.get(name)
        scope[name] = value
        try:
            run()
        finally:
            if had:
                scope[name] = before
            elif name in scope:
                del scope[name]

    def _function(self, node: nodes.Function, emit: Emit) -> None:
        self.functions[node.name] = node.body

    def _flow(self, node: nodes.Flow, emit: Emit) -> None:
        if node.word in ("break", "continue"):
            raise Flow(node.word)
        if node.word == "exit":
            raise Exit(whole(self.evaluate(node.value)) if node.value else 0)
        if node.word == "return":
            if node.value:
                self.statement(node.value, emit)
            raise Return
        value = self.evaluate(node.value) if node.value else self.lookup("_")
        raise ScriptError(_thrown(value, node.line), whole=True)


def _thrown(value: Any, line: int) -> ErrorInfo:
    if isinstance(value, ErrorInfo):
        return value
    exception = getattr(value, "error", None)
    if isinstance(exception, ErrorInfo):
        return exception
    message = text(value) if value is not None else "ScriptHalted"
    return ErrorInfo(message, identity=message, category="OperationStopped", target=value, line=line)


def _caught(info: ErrorInfo, types: list[nodes.TypeName]) -> bool:
    general = ("system.exception", "exception", "system.management.automation.runtimeexception")
    names = {item.name.lower() for item in types}
    actual = info.exception.lower()
    return bool(names & set(general)) or actual in names or actual.removeprefix("system.") in names


def _first_scope(windows: Windows) -> NamedValues:
    version = Record(
        NamedValues({"Major": 5, "Minor": 1, "Build": 20348, "Revision": 2110}), "System.Version", "5.1.20348.2110"
    )
    state = Record(NamedValues({"LanguageMode": windows.installation.language_mode}))
    return NamedValues(
        {
            "ErrorActionPreference": "Continue",
            "ProgressPreference": "Continue",
            "WarningPreference": "Continue",
            "VerbosePreference": "SilentlyContinue",
            "DebugPreference": "SilentlyContinue",
            "InformationPreference": "SilentlyContinue",
            "ConfirmPreference": "High",
            "OFS": " ",
            "PSVersionTable": Table({"PSVersion": version, "PSEdition": "Desktop"}),
            "ExecutionContext": Record(NamedValues({"SessionState": state})),
            "ShellId": "Microsoft.PowerShell",
        }
    )
