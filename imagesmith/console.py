"""Trying expressions out: what ``imagesmith console`` evaluates its lines with.

session = open_session(TemplateRequest("web.pkr.hcl"))
session.answer("upper(var.name)")
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from imagesmith import redact
from imagesmith.errors import Diagnostic, Location, TemplateError, UsageError
from imagesmith.plan import PlannedVariable, TemplateRequest

if TYPE_CHECKING:
    from imagesmith.template.hcl2.cty import Value
    from imagesmith.template.hcl2.scope import Scope

PLACE = "<console>"
"""The file name in the location of a fault that is in the text itself."""

_PASSES = 30
LONGEST = 1 << 20
"""The longest text that is evaluated, in characters."""


class Session(Protocol):
    """One template, or none, and the language in which it is asked."""

    language: str
    warnings: Sequence[Diagnostic]

    def answer(self, text: str) -> str:
        """What the text gives. Raises `imagesmith.errors.TemplateError`."""
        ...

    def variables(self) -> str:
        """All variables with their values; sensitive ones masked."""
        ...

    def unfinished(self, text: str) -> bool:
        """Whether the text goes on in the next line: a bracket is open."""
        ...

    def completions(self, word: str) -> list[str]:
        """The names that a word can become."""
        ...


def open_session(request: TemplateRequest) -> Session:
    """A session for a template, or for none where the path is empty.

    Without a template the language is legacy JSON unless the request says "hcl2", as in Packer. Unset variables are
    unknown. Raises `UsageError` and `TemplateError` for what is wrong with the template.
    """
    if request.path == "-":
        raise UsageError("the template can't come from standard input here", hint="name a file or a folder")
    if not request.path:
        return _Hcl2(*_bare_hcl2(request)) if request.language == "hcl2" else _Json(*_json_values(request))
    from imagesmith import template

    if template.language_of(request.path, request.language) == "json":
        template.load(request)
        return _Json(*_json_values(request))
    return _Hcl2(*_evaluated(request))


def _evaluated(request: TemplateRequest) -> tuple[Scope, Sequence[PlannedVariable], Sequence[Diagnostic]]:
    from imagesmith.template import hcl2
    from imagesmith.template.hcl2.problems import Problems, bounded

    problems = Problems()
    with bounded():
        found = hcl2.evaluated(request, problems)
    problems.finish()
    return found.scope, (*found.variables, *found.locals), tuple(problems.warnings)


def _bare_hcl2(request: TemplateRequest) -> tuple[Scope, Sequence[PlannedVariable], Sequence[Diagnostic]]:
    from imagesmith.template.hcl2 import assignments, contexts
    from imagesmith.template.hcl2.cty import EMPTY_OBJECT
    from imagesmith.template.hcl2.problems import Problems
    from imagesmith.template.hcl2.scope import Surroundings

    problems = Problems()
    surroundings = Surroundings(root="", environ=os.environ if request.environ is None else request.environ)
    assignments.resolved({}, request, (), surroundings, problems)
    problems.finish()
    return contexts.base(surroundings, {}).with_variables({"local": EMPTY_OBJECT}), (), tuple(problems.warnings)


def _json_values(request: TemplateRequest) -> tuple[TemplateRequest, Mapping[str, str], Sequence[str]]:
    """The user variables of a JSON template (or those that were given, without one), and which are sensitive."""
    from imagesmith.template.files import read_text
    from imagesmith.template.json import variables
    from imagesmith.template.json.reader import read
    from imagesmith.template.json.shape import Shape, shape
    from imagesmith.template.remote_values import RemoteValues

    found = shape(read(read_text(request.path), request.path)) if request.path else Shape(Location(PLACE, 1))
    values, _ = variables.gather(found, request)
    sensitive = [name for name, _ in found.sensitive]
    user = variables.resolve(
        values,
        unset=[variable.name for variable in found.variables if variable.name not in values],
        sensitive=sensitive,
        started=datetime.now(UTC),
        template_path=request.path,
        environ=os.environ if request.environ is None else request.environ,
        remote=RemoteValues(),
    )
    redact.register(*(user[name] for name in sensitive if name in user))
    return request, user, sensitive


class _Hcl2:
    """Lines are expressions."""

    language = "hcl2"

    def __init__(self, scope: Scope, known: Sequence[PlannedVariable], warnings: Sequence[Diagnostic]) -> None:
        self._scope, self.warnings = scope, warnings
        self._sensitive = {one.name for one in known if one.sensitive}

    def answer(self, text: str) -> str:
        from imagesmith.template.hcl2.evaluator import evaluate
        from imagesmith.template.hcl2.parser import parse_expression
        from imagesmith.template.hcl2.printing import printed
        from imagesmith.template.hcl2.problems import bounded
        from imagesmith.template.hcl2.source import Source

        _check_size(text)
        with bounded():
            return printed(evaluate(parse_expression(Source(PLACE, text)), self._scope))

    def variables(self) -> str:
        lines = ["> input-variables:", "", *self._lines("var"), "", "> local-variables:", "", *self._lines("local")]
        return "\n".join([*lines, ""])

    def _lines(self, root: str) -> Iterator[str]:
        from imagesmith.template.gotemplate.printf import quote
        from imagesmith.template.hcl2.printing import printed

        for name, value in sorted(self._names(root).items()):
            shown = redact.MASK if name in self._sensitive else printed(value)
            yield f"{root}.{name}: {quote(shown)}"

    def _names(self, root: str) -> Mapping[str, Value]:
        names: Mapping[str, Value] = self._scope.variables[root].raw
        return names

    def unfinished(self, text: str) -> bool:
        return _open_brackets(text)

    def completions(self, word: str) -> list[str]:
        from imagesmith.template.hcl2 import functions

        names = [f"{name}(" for name in functions.names() if name != "env"]
        for root, value in self._scope.variables.items():
            names += [f"{root}.{name}" for name in value.raw] if isinstance(value.raw, dict) else []
        names += ["variables", "help", "exit", "true", "false", "null"]
        return sorted(name for name in names if name.startswith(word))


class _Json:
    """Lines are text with ``{{ … }}`` in it."""

    language = "json"
    warnings: Sequence[Diagnostic] = ()

    def __init__(self, request: TemplateRequest, user: Mapping[str, str], sensitive: Sequence[str]) -> None:
        from imagesmith.template.functions import Scope, functions

        self._user, self._sensitive = user, frozenset(sensitive)
        started = datetime.now(UTC)
        scope = Scope(language="json", started=started, template_path=request.path, user=user)
        self._functions = functions(scope)

    def answer(self, text: str) -> str:
        from imagesmith.template.gotemplate.errors import GoTemplateError
        from imagesmith.template.gotemplate.render import render

        _check_size(text)
        try:
            # As in a build's options at run time, the text is rendered until it stays the same.
            for _ in range(_PASSES):
                before, text = text, render(text, None, self._functions)
                if text == before:
                    break
        except GoTemplateError as error:
            place = Location(PLACE, error.line, error.column)
            raise TemplateError([Diagnostic(error.message, hint=error.hint, location=place)]) from None
        return text

    def variables(self) -> str:
        shown = {name: redact.MASK if name in self._sensitive else text for name, text in self._user.items()}
        return "".join(f"{name}: {text},\n" for name, text in sorted(shown.items()))

    def unfinished(self, text: str) -> bool:
        return False

    def completions(self, word: str) -> list[str]:
        from imagesmith.template.gotemplate.builtins import BUILTINS

        names = [*self._functions, *BUILTINS, *self._user, "variables", "help", "exit"]
        return sorted({name for name in names if name.startswith(word)})


def _check_size(text: str) -> None:
    if len(text) > LONGEST:
        place = Location(PLACE, 1)
        raise TemplateError([Diagnostic(f"The text is longer than {LONGEST >> 20} MiB", location=place)])


_TOKEN = re.compile(
    r"""(?P<skip>\#[^\n]*|//[^\n]*|/\*.*?\*/|\$\$\{|%%\{|\\.)
      | (?P<heredoc><<-?(?P<name>[A-Za-z_][\w-]*)[^\S\n]*(?:\n|$))
      | (?P<into>[$%]\{) | (?P<quote>") | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def _open_brackets(text: str) -> bool:
    """Whether a bracket or a heredoc is open at the end; a quote is not, because strings end with their line."""
    stack: list[str] = []
    at = 0
    while match := _TOKEN.match(text, at):
        at = match.end()
        inside = bool(stack) and stack[-1] == '"'
        if match["quote"]:
            stack.pop() if inside else stack.append('"')
        elif match["into"] and inside:
            stack.append("{")
        elif match["skip"] and inside and match["skip"][0] in "#/":
            at = match.start() + 1
        elif match["heredoc"] and not inside:
            ended = re.compile(rf"^[^\S\n]*{re.escape(match['name'])}[^\S\n]*$", re.MULTILINE).search(text, at)
            if ended is None:
                return True
            at = ended.end()
        elif match["open"] and not inside:
            stack.append(match["open"])
        elif match["close"] and not inside and stack:
            stack.pop()
    return any(one != '"' for one in stack) and '"' not in stack
