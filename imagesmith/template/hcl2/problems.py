"""Collecting what is wrong, so that everything is reported at once."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from imagesmith.errors import Diagnostic, Location, TemplateError
from imagesmith.template.hcl2 import budget


class Problems:
    """The errors and warnings of one phase."""

    def __init__(self) -> None:
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self._known: set[Diagnostic] = set()

    def add(self, summary: str, detail: str = "", hint: str = "", location: Location | None = None) -> None:
        """Note an error."""
        self.extend([Diagnostic(summary, detail, hint, location)])

    def warn(self, summary: str, detail: str = "", hint: str = "", location: Location | None = None) -> None:
        """Note a warning."""
        self.extend([Diagnostic(summary, detail, hint, location, "warning")])

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Note what somebody else has found; the same thing is noted once, however many builds it is found in."""
        for diagnostic in diagnostics:
            if diagnostic not in self._known:
                self._known.add(diagnostic)
                (self.errors if diagnostic.severity == "error" else self.warnings).append(diagnostic)

    def collecting(self) -> _Collecting:
        """Note a `TemplateError` of a ``with`` block instead of raising it; the rest of the block is left out."""
        return _Collecting(self)

    def finish(self) -> None:
        """Raise `TemplateError` with all errors and warnings, in the order of the files, if there is an error."""
        if self.errors:
            raise TemplateError([*sorted(self.errors, key=_place), *sorted(self.warnings, key=_place)])


def _place(diagnostic: Diagnostic) -> Location:
    return diagnostic.location or Location("", 0)


class _Collecting:
    """What `Problems.collecting` gives."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, TemplateError):
            return False
        self._problems.extend(error.diagnostics)
        return True


@contextmanager
def _without_collecting_garbage() -> Iterator[None]:
    # The tree and its values are many small objects that all stay; looking through them takes a sixth of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def bounded() -> Iterator[None]:
    """Bound the work of one evaluation, and turn running out of stack or memory into an error that says so."""
    try:
        with budget.fresh(), _without_collecting_garbage():
            yield
    except RecursionError:
        hint = "Split the deepest expression into locals"
        raise TemplateError([Diagnostic("Something in the template is nested too deeply", hint=hint)]) from None
    except MemoryError:
        hint = "Make its collections and texts smaller"
        raise TemplateError([Diagnostic("The template needs more memory than there is", hint=hint)]) from None
