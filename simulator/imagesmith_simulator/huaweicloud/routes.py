"""The table of operations: verb and path, which fields each takes, and the handler that serves it.

An operation is named as the SDK's request model without "Request" (``CreatePostPaidServers``). A query parameter or a
member of the body that is not in its table is refused, and a test compares the tables with the SDK's models, so that a
misspelt field can't pass unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagesmith_simulator.huaweicloud.account import Account

Handler = Callable[[Account, "Call"], Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a handler gets. ``path`` are the path's parameters, ``body`` is the parsed JSON object.

    ``items`` is the body of the few operations that take a JSON array; ``caller_project`` is the project that the
    caller signed for (X-Project-Id), which counts where the path names none. ``host`` is where the caller sees us.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)
    items: Sequence[Any] = ()
    client_token: str = ""
    dry_run: bool = False
    caller_project: str = ""
    host: str = ""

    @property
    def project_id(self) -> str:
        """The project in the path, else the caller's."""
        return self.path.get("project_id", "") or self.caller_project


@dataclass(frozen=True)
class Answer:
    """A good answer with another status than the operation's usual one, or with headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation. ``status`` is that of its good answer, which has no body when the handler returns None.

    ``signed``: whether the caller must say who it is.
    """

    name: str
    product: str
    verb: str
    template: str
    query: frozenset[str]
    fields: frozenset[str]
    mutates: bool
    status: int
    run: Handler
    signed: bool = True

    def unknown(self, call: Call) -> str:
        """The first query parameter or member of the body that it does not take, "" when it takes all."""
        stray = next((name for name in call.query if name not in self.query), "")
        members = paths_of(list(call.items)) if call.items else paths_of(call.body)
        return stray or next((path for path in members if not self._takes(path)), "")

    def _takes(self, path: str) -> bool:
        if path in self.fields or any(name.startswith((f"{path}.", f"{path}[")) for name in self.fields):
            return True  # the latter is an empty object or array
        parts = path.split(".")
        return any(".".join([*parts[:end], "*"]) in self.fields for end in range(1, len(parts)))


OPERATIONS: list[tuple[re.Pattern[str], Operation]] = []


def operation(
    product: str,
    name: str,
    route: str,
    *,
    query: str = "",
    fields: str = "",
    status: int = 200,
    mutates: bool | None = None,
    signed: bool = True,
) -> Callable[[Handler], Handler]:
    """Register a handler.

    ``route`` is ``POST /v1/{project_id}/cloudservers``; ``query`` and ``fields`` are names in one string, members
    of the body as paths: ``server.nics[].subnet_id``; a path that ends in ``.*`` takes any members (metadata).
    ``mutates``: whether it changes something, by default what is no GET does.
    """
    verb, template = route.split(" ")

    def register(run: Handler) -> Handler:
        found = Operation(
            name=name,
            product=product,
            verb=verb,
            template=template,
            query=frozenset(query.split()),
            fields=frozenset(fields.split()),
            mutates=verb != "GET" if mutates is None else mutates,
            status=status,
            run=run,
            signed=signed,
        )
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
        OPERATIONS.append((re.compile(pattern), found))
        return run

    return register


def find(verb: str, path: str, body: Mapping[str, Any]) -> tuple[Operation, dict[str, str]] | None:
    """The operation behind a verb and a path; where several share both, the one that takes the body's members.

    Of several paths that match, the one with the fewest parameters counts: ``…/detail`` is no server's id.
    """
    found = [
        (one, match.groupdict())
        for pattern, one in OPERATIONS
        if one.verb == verb and (match := pattern.fullmatch(path))
    ]
    if len(found) > 1:
        first = {name.split(".")[0].split("[")[0] for name in paths_of(body)}
        found.sort(
            key=lambda pair: (
                len(pair[1]),
                -len(first & {name.split(".")[0].split("[")[0] for name in pair[0].fields}),
            )
        )
    return found[0] if found else None


def paths_of(value: Any, at: str = "") -> list[str]:
    """Every member of a body as a path: ``server.nics[].subnet_id``."""
    if isinstance(value, Mapping):
        inner = [path for name, item in value.items() for path in paths_of(item, f"{at}.{name}" if at else str(name))]
        return inner or ([at] if at else [])
    if isinstance(value, list):
        return [path for item in value for path in paths_of(item, f"{at}[]")] or [at]
    return [at]
