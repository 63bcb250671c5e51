"""``imagesmith console``: expressions and interpolations tried out, by a person or from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagesmith import console, redact
from imagesmith.cli import template_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.console_screen import help_text, problem_lines
from imagesmith.cli.flags import Flag
from imagesmith.cli.report import Printer
from imagesmith.errors import TemplateError
from imagesmith.plan import TemplateRequest

if TYPE_CHECKING:
    from imagesmith.cli.line_editor import LineEditor

_FLAGS = (
    *template_flags.SELECTION,
    Flag(
        "results",
        "choice",
        "Which lines' results are printed when they come from a pipe: all, or the last one's as Packer does. "
        "(all; last when called as packer)",
        "",
        choices=("all", "last"),
    ),
    template_flags.SEQUENTIAL,
    *template_flags.PACKER_ONLY,
)


def _run(invocation: Invocation) -> int:
    parsed = invocation.parsed
    path = template_flags.template_argument(parsed) if parsed.arguments else ""
    session = console.open_session(
        TemplateRequest(
            path=path,
            variables=parsed["var"],
            variable_files=parsed["var-file"],
            only=parsed["only"],
            exclude=parsed["except"],
            language=parsed["config-type"],
            tolerant=True,
            data_sources="built-in",
            sequential=parsed["use-sequential-evaluation"],
        )
    )
    printer = Printer(invocation.program, invocation.machine_readable)
    printer.notices(parsed.notices)
    printer.diagnostics(session.warnings)
    lines = _Lines(session, printer, invocation)
    return lines.from_person() if sys.stdin.isatty() and sys.stdout.isatty() else lines.from_pipe()


class _Lines:
    """Answers lines until there are no more."""

    def __init__(self, session: console.Session, printer: Printer, invocation: Invocation) -> None:
        self.session, self.printer, self.invocation = session, printer, invocation
        self.failed = False

    def from_pipe(self) -> int:
        """Each line is answered by itself; ``exit`` ends. Errors are shown where they occur; the exit code is 1 then.

        Packer takes no line over a line's end, goes on after ``exit``, prints the last result only and, for JSON
        templates, forgets the errors: so do we when called as packer.
        """
        packer = self.invocation.as_packer
        all_results = (self.invocation.parsed["results"] or ("last" if packer else "all")) == "all"
        last: str | None = ""
        for text in self._texts(joined=not packer):
            if text.strip() == "exit" and not packer:
                break
            last = "" if text.strip() == "exit" else self._answer(text)
            if all_results and last is not None and text.strip():
                self.printer.result(last)
        if not all_results:
            self.printer.result(last or "")
        return int(self.failed and not (packer and self.session.language == "json"))

    def _texts(self, *, joined: bool) -> Iterator[str]:
        text = ""
        for line in sys.stdin.buffer:
            text += line.decode("utf-8", "replace").rstrip("\r\n")
            if joined and len(text) < console.LONGEST and self.session.unfinished(text):
                text += "\n"
                continue
            yield text
            text = ""
        if text:
            yield text.rstrip("\n")

    def from_person(self) -> int:
        """The interactive session; faults don't end it, and neither does Ctrl-C."""
        from imagesmith.cli.line_editor import LineEditor
        from imagesmith.ledger import state_folder

        editor = LineEditor(
            state_folder() / "console_history",
            keep=lambda text: redact.mask(text) == text,
            completions=self.session.completions,
        )
        try:
            while (text := self._typed(editor)) is not None and text.strip() != "exit":
                editor.remember(text)
                if text.strip() and (result := self._answer(text)) is not None:
                    self.printer.result(result)
        finally:
            editor.close()
        return 0

    def _typed(self, editor: LineEditor) -> str | None:
        """What was typed, over several lines while a bracket is open; "" after Ctrl-C and None after Ctrl-D."""
        text = ""
        try:
            text = editor.read("> ")
            while self.session.unfinished(text):
                text += "\n" + editor.read(". ")
        except KeyboardInterrupt:
            print()  # noqa: T201
            return ""
        except EOFError:
            print()  # noqa: T201
            return None
        return text

    def _answer(self, text: str) -> str | None:
        """The result, "" for an empty line, None where it has failed and the fault has been shown."""
        word = text.strip()
        try:
            if word in ("", "help"):
                return help_text(self.session.language, self.invocation.program) if word else ""
            return self.session.variables() if word == "variables" else self.session.answer(text)
        except KeyboardInterrupt:
            return ""
        except TemplateError as error:
            self.failed = True
            self.printer.lines(problem_lines(error, text))
            return None


COMMAND = Command(
    "console",
    "console [FLAGS] [TEMPLATE]",
    "Evaluate expressions (HCL2) or text with {{ }} (JSON) with a template's variables and print the results. Without "
    "a template lines are JSON interpolations; -config-type=hcl2 makes them expressions. Type help for more. Lines may "
    "also come from a pipe: the exit code is 1 if one of them has failed.",
    _FLAGS,
    _run,
    ("console web.pkr.hcl", "echo 'upper(var.name)' | imagesmith console -var name=web web.pkr.hcl"),
)
