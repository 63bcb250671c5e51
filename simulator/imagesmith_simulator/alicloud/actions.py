"""The table of actions: which parameters each takes, which it must be given, and the handler that serves it.

A parameter that is not in an action's table is refused, and a test compares the tables with the request models of the
real SDKs, so that a misspelt parameter can't pass unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from imagesmith_simulator.alicloud.account import Account
from imagesmith_simulator.alicloud.parameters import Parameters

ECS = "2014-05-26"
VPC = "2016-04-28"
LOCATION = "2015-06-12"
PRODUCTS = {ECS: "ecs", VPC: "vpc", LOCATION: "location"}

Handler = Callable[[Account, Parameters], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Action:
    """One action of one API version. ``mutates``: it changes something; ``idempotent``: it honours ClientToken."""

    name: str
    version: str
    accepts: frozenset[str]
    requires: tuple[str, ...]
    mutates: bool
    run: Handler

    @property
    def idempotent(self) -> bool:
        """Whether a client token makes a repetition harmless."""
        return "ClientToken" in self.accepts

    def unknown(self, parameters: Parameters) -> str:
        """The first parameter that the action does not take, "" when it takes all."""
        return next((name for pattern, name in parameters.patterns().items() if pattern not in self.accepts), "")


ACTIONS: dict[tuple[str, str], Action] = {}


def action(
    version: str, name: str, *, accepts: str, requires: str = "", mutates: bool = True
) -> Callable[[Handler], Handler]:
    """Register a handler. ``accepts`` and ``requires`` are names in one string; ``Tag.N.Key`` stands for any number."""

    def register(run: Handler) -> Handler:
        names = frozenset(["RegionId", *accepts.split()])
        ACTIONS[version, name] = Action(name, version, names, tuple(requires.split()), mutates, run)
        return run

    return register


def under(name: str, members: Iterable[str] | str) -> str:
    """``under("Disk.N", "Size Name")`` is ``Disk.N.Size Disk.N.Name``."""
    listed = members.split() if isinstance(members, str) else members
    return " ".join(f"{name}.{member}" for member in listed)


TAGS = under("Tag.N", "Key Value")
PAGES = "PageNumber PageSize"
TOKEN_PAGES = "NextToken MaxResults"  # noqa: S105 - names of parameters
