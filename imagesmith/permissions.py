"""What a plugin has to be allowed to do in its cloud, as plain data that `imagesmith.policy` puts together.

A cloud's plugin keeps one table of `Need`s: which permissions it uses, what for, and under which options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Need(Generic[Asked]):
    """Permissions that go together. ``actions`` are their names in one string, ``when`` says for which options."""

    why: str
    actions: str
    when: Callable[[Asked], bool]


@dataclass(frozen=True, slots=True)
class Permissions:
    """Permissions in one cloud, and how its policies are written.

    ``cloud`` is the plugin's name for it, ``version`` the policy language's; ``statement`` are members that the
    statement has beside Effect and Action. Permissions of one cloud can be added: the union of both.
    """

    cloud: str
    version: str
    actions: frozenset[str]
    statement: Mapping[str, object] = field(default_factory=dict)

    def __add__(self, other: Permissions) -> Permissions:
        if other.cloud != self.cloud:
            raise ValueError(f"permissions in {self.cloud} and in {other.cloud} have no union")
        return Permissions(self.cloud, self.version, self.actions | other.actions, self.statement)

    def document(self) -> dict[str, Any]:
        """The policy as the cloud's console and API take it, its actions sorted."""
        statement = {"Effect": "Allow", "Action": sorted(self.actions), **self.statement}
        return {"Version": self.version, "Statement": [statement]}


@runtime_checkable
class TellsPermissions(Protocol):
    """A plugin's options that know what their work takes; builders in a cloud do."""

    def permissions(self, *, force: bool = False) -> Permissions:
        """Everything that a good or a broken build, its teardown and a later cleanup can call, and nothing else.

        ``force``: the build will be run with ``-force``.
        """
        ...


def needed(table: Iterable[Need[Asked]], asked: Asked) -> frozenset[str]:
    """The names of all permissions in a table that are wanted for this."""
    return frozenset(name for need in table if need.when(asked) for name in need.actions.split())
