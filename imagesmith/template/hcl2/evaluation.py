"""Evaluating locals and reading data sources, each after what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.cty import ANYTHING, Value, object_of
from imagesmith.template.hcl2.data_values import DataReader
from imagesmith.template.hcl2.dependencies import expressions_of, graph, in_order
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.local_values import LocalValue
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.references import references
from imagesmith.template.hcl2.scope import Scope

_SEQUENTIAL = "With -use-sequential-evaluation, data sources are read before locals"


@dataclass(slots=True)
class Evaluation:
    """One template's locals and data sources. What fails is noted once; whatever needs it gets an unknown value."""

    locals: Mapping[str, LocalValue]
    data: Mapping[str, nodes.Block]
    scope: Scope
    reader: DataReader
    problems: Problems
    _values: dict[str, Value] = field(default_factory=dict)

    def run(self, *, sequential: bool = False) -> None:
        """Evaluate everything, locals and data sources mixed; ``sequential``: all data sources first."""
        inside: dict[str, Sequence[nodes.Expression]] = {
            address: list(expressions_of(block.body)) for address, block in self.data.items()
        }
        if sequential:
            self._refuse_locals_in(inside)
        inside |= {f"local.{name}": [local.expression] for name, local in self.locals.items()}
        found = graph(inside, self.problems)
        self._values = dict.fromkeys(inside, ANYTHING)
        for address in in_order(found.needs, self._note_circle):
            if address not in found.faulty:
                visible = self._visible(found.needs[address])
                with self.problems.collecting():
                    self._values[address] = self._value(address, visible)

    @property
    def local_results(self) -> dict[str, Value]:
        """The value of each local."""
        return {name: self._values[f"local.{name}"] for name in self.locals}

    @property
    def complete_scope(self) -> Scope:
        """What the builds can see: the base, all locals and, where there are any, all data sources."""
        return self._visible(self._values)

    def _value(self, address: str, scope: Scope) -> Value:
        if address in self.data:
            return self.reader.value(self.data[address], scope)
        return evaluate(self.locals[address.removeprefix("local.")].expression, scope)

    def _visible(self, addresses: Iterable[str]) -> Scope:
        found_locals: dict[str, Value] = {}
        found_data: dict[str, dict[str, Value]] = {}
        for address in addresses:
            root, _, rest = address.partition(".")
            if root == "local":
                found_locals[rest] = self._values[address]
            else:
                kind, _, name = rest.partition(".")
                found_data.setdefault(kind, {})[name] = self._values[address]
        names = {"local": object_of(found_locals)}
        if self.data:
            names["data"] = object_of({kind: object_of(values) for kind, values in found_data.items()})
        return self.scope.with_variables(names)

    def _note_circle(self, addresses: Sequence[str]) -> None:
        first = addresses[0]
        place = self.data[first].location if first in self.data else self._argument(first).location
        data = [address in self.data for address in addresses]
        who = "Data sources" if all(data) else "Locals and data sources" if any(data) else "Locals"
        chain = " -> ".join(addresses)
        self.problems.add(f"{who} need each other in a circle", chain, "Take one of the references out", place)

    def _argument(self, address: str) -> nodes.Node:
        return self.locals[address.removeprefix("local.")].argument

    def _refuse_locals_in(self, data: Mapping[str, Sequence[nodes.Expression]]) -> None:
        for expressions in data.values():
            for expression in expressions:
                for root, _, node in references(expression):
                    if root == "local":
                        title = f'A data source can\'t use "{node.text}" here'
                        self.problems.add(title, _SEQUENTIAL, "Leave that flag out", node.location)
