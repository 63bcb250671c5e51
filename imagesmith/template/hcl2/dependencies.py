"""What locals and data sources need of each other, and the order that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from imagesmith.errors import Location
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.references import references
from imagesmith.template.hcl2.scope import did_you_mean

_Fault = tuple[str, str, str, Location]
_MANY = 12
"""More known names than these are no help in an error."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Addresses (``local.a``, ``data.http.b``) and what each needs; ``faulty`` need what doesn't exist."""

    needs: Mapping[str, Sequence[str]]
    faulty: frozenset[str]


def graph(expressions: Mapping[str, Sequence[nodes.Expression]], problems: Problems) -> Graph:
    """Who needs whom. A reference to something that isn't declared is noted."""
    needs: dict[str, Sequence[str]] = {}
    faulty: set[str] = set()
    addresses = _Addresses(expressions)
    for address, inside in expressions.items():
        wanted: dict[str, None] = {}
        for expression in inside:
            for root, name, node in references(expression):
                if root in ("local", "data"):
                    missing = addresses.collect(root, name, node, address, wanted)
                    if missing is not None:
                        faulty.add(address)
                        problems.add(*missing)
        needs[address] = list(wanted)
    return Graph(needs, frozenset(faulty))


class _Addresses:
    """Everything that can be referred to."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._below: dict[str, list[str]] = {}
        for address in known:
            root, _, rest = address.partition(".")
            self._below.setdefault(root, []).append(address)
            if root == "data":
                self._below.setdefault(f"data.{rest.partition('.')[0]}", []).append(address)

    def collect(
        self, root: str, name: str, node: nodes.Expression, owner: str, wanted: dict[str, None]
    ) -> _Fault | None:
        """Add what a reference means to ``wanted``; what is wrong with it, as `Problems.add` takes it."""
        address = f"{root}.{name}" if name else root
        if root == "data" and name and (second := _second_step(node)):
            address += f".{second}"
        if address in self._known:
            wanted[address] = None
        elif address in self._below:
            wanted.update(dict.fromkeys(other for other in self._below[address] if other != owner))
        elif name:
            return self._missing(address, node, owner)
        return None

    def _missing(self, address: str, node: nodes.Expression, owner: str) -> _Fault:
        root, _, rest = address.partition(".")
        prefix = "data." if root == "data" else "local."
        others = sorted(other.removeprefix(prefix) for other in self._below.get(root, ()) if other != owner)
        hint = did_you_mean(rest, others, prefix=prefix)
        if not hint and others and len(others) <= _MANY:
            hint = f"Known are {', '.join(others)}"
        if not hint and root == "data":
            kind, _, name = rest.partition(".")
            hint = f'Declare it: data "{kind}" "{name or "NAME"}" {{ … }}'
        place = node.steps[0].location if isinstance(node, nodes.Access) else node.location
        return f'There is no "{address}"', "", hint, place


def _second_step(node: nodes.Expression) -> str:
    """``b`` in ``data.a.b`` and ``data.a["b"]``; "" where it depends on something."""
    if not isinstance(node, nodes.Access) or len(node.steps) < 2:
        return ""
    step = node.steps[1]
    if isinstance(step, nodes.Attribute):
        return step.name
    key = step.key
    return key.value.raw if isinstance(key, nodes.Literal) and isinstance(key.value.raw, str) else ""


def in_order(needs: Mapping[str, Sequence[str]], note_circle: Callable[[Sequence[str]], None]) -> Iterator[str]:
    """Each address after those that it needs. Circles are told (``a, b, a``) and their members left out."""
    state: dict[str, str] = {}
    for start in needs:
        path: list[tuple[str, Iterator[str]]] = [] if start in state else [(start, iter(needs[start]))]
        state.setdefault(start, "open")
        while path:
            current, waiting = path[-1]
            following = next((need for need in waiting if state.get(need) != "done"), None)
            if following is None:
                path.pop()
                if state[current] == "open":
                    yield current
                state[current] = "done"
            elif following in state:
                names = [name for name, _ in path]
                circle = names[names.index(following) :]
                if not any(state[name] == "stuck" for name in circle):
                    note_circle([*circle, following])
                for name in circle:
                    state[name] = "stuck"
            else:
                state[following] = "open"
                path.append((following, iter(needs[following])))


def expressions_of(body: nodes.Body) -> Iterable[nodes.Expression]:
    """Every expression in a body, also in its blocks."""
    for argument in body.arguments.values():
        yield argument.expression
    for block in body.blocks:
        yield from expressions_of(block.body)
