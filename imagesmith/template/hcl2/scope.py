"""What an expression can see: variables, functions, and the folders and times that functions depend on."""

from __future__ import annotations

import datetime as dt
import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from imagesmith.template.hcl2.cty import Value
from imagesmith.template.remote_values import RemoteValues


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The world outside the template. ``root`` is the template's folder as given, ``working`` where the run began."""

    root: str = "."
    working: str = field(default_factory=os.getcwd)
    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    environ: Mapping[str, str] = field(default_factory=dict)
    remote: RemoteValues = field(default_factory=RemoteValues)


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression may use.

    ``functions`` is "all", "none" (variable values) or "env" (variable defaults). ``absent`` says for a name that can't
    be used here why that is.
    """

    variables: Mapping[str, Value]
    surroundings: Surroundings
    functions: str = "all"
    without: frozenset[str] = frozenset()
    absent: Mapping[str, str] = field(default_factory=dict)

    def with_variables(self, more: Mapping[str, Value]) -> Scope:
        """The same with further names, which hide older ones."""
        return Scope({**self.variables, **more}, self.surroundings, self.functions, self.without, self.absent)

    def with_defaults(self, more: Mapping[str, Value]) -> Scope:
        """The same with further names where there are none yet: the iterator of a dynamic block hides ``source``."""
        return self.with_variables({**more, **self.variables})

    def without_functions(self, *names: str) -> Scope:
        """The same without some functions."""
        without = self.without | set(names)
        return Scope(self.variables, self.surroundings, self.functions, without, self.absent)


def did_you_mean(wrong: str, known: Iterable[str], *, prefix: str = "") -> str:
    """A hint that names the closest known name, or "" where none is close."""
    close = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f'Did you mean "{prefix}{close[0]}"?' if close else ""
