"""The user variables of a JSON template as ``variable`` and ``locals`` blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from imagesmith.template.json.shape import Shape, Variable
from imagesmith.template.upgrade.names import NamedVariable, Unique, identifier
from imagesmith.template.upgrade.pieces import Literal, Piece, expression, long_expression, merged, quoted
from imagesmith.template.upgrade.texts import DEFAULT, VALUE, Texts
from imagesmith.template.upgrade.values import attribute, block


@dataclass(slots=True)
class Variables:
    """Names the variables of a template first, so that every other part can refer to them."""

    found: Shape
    texts: Texts = field(init=False)

    def __post_init__(self) -> None:
        declared = self.found.variables
        unique = Unique({v.name for v in declared if identifier(v.name) == v.name})
        names = {}
        for variable in declared:
            kept = identifier(variable.name) == variable.name
            names[variable.name] = NamedVariable(variable.name if kept else unique(identifier(variable.name)))
        self.texts = Texts(names, unique)
        for variable in declared:
            names[variable.name].computed = not self._fits_default(variable)
            names[variable.name].empty = variable.default == ""
        self._mark_templates(declared)

    def _fits_default(self, variable: Variable) -> bool:
        return variable.default is None or self.texts.fits(variable.default, DEFAULT)

    def _mark_templates(self, declared: Sequence[Variable]) -> None:
        """Find the variables whose values hold Go template text, perhaps through others."""
        pieces = {v.name: self._pieces(v) for v in declared if v.default and "{{" in v.default}
        problems, self.texts.problems = self.texts.problems, []
        for _ in declared:
            for name, parts in pieces.items():
                text = "".join(part.text if isinstance(part, Literal) else part.hcl for part in merged(parts))
                others = [v for v in self.texts.names.values() if v.holds_template and v.reference in text]
                variable = self.texts.names[name]
                variable.holds_template = variable.holds_template or "{{" in text or bool(others)
        self.texts.problems = problems

    def _pieces(self, variable: Variable) -> list[Piece]:
        place = VALUE if self.texts.names[variable.name].computed else DEFAULT
        what = f'the variable "{variable.name}"'
        return self.texts.pieces(variable.default or "", place, variable.location, what)

    def write(self) -> tuple[str, str]:
        """The variable blocks and the locals. Call it last: other parts add variables of their own."""
        secret = {name for name, _ in self.found.sensitive}
        parts, plain, guarded = [], [], []
        for variable in self.found.variables:
            named = self.texts.names[variable.name]
            parts.append(self._variable(variable, named, variable.name in secret))
            if named.computed:
                value = f"var.{named.identifier} != null ? var.{named.identifier} : {self._expression(variable)}"
                if variable.name in secret:
                    body = attribute("expression", value) + attribute("sensitive", "true")
                    guarded.append(block("local", [named.identifier], body))
                else:
                    plain.append(attribute(named.identifier, value))
        for name, helper in self.texts.environment.items():
            parts.append(_declared(helper, f"env({quoted(name)})", sensitive=False))
        parts += [self._undeclared(name, named, name in secret) for name, named in self.texts.undeclared.items()]
        if self.texts.timestamp:
            plain.insert(0, attribute(self.texts.timestamp, 'format("%d", rfc3339_parse(legacy_isotime()).unix)'))
        self._check_sensitive()
        return "\n".join(parts), "\n".join([*([block("locals", (), "".join(plain))] if plain else []), *guarded])

    def _variable(self, variable: Variable, named: NamedVariable, sensitive: bool) -> str:
        comment = ""
        if named.identifier != variable.name:
            text = f'the variable "{variable.name}" is called {named.identifier} in HCL2'
            self.texts.problem(text, "Give it under that name", variable.location, warning=True)
            comment = f"# {variable.name!r} in the JSON template\n"
        if variable.default is None:
            return comment + _declared(named.identifier, "", sensitive=sensitive)
        if named.computed:
            return comment + _declared(named.identifier, "null", sensitive=sensitive)
        pieces = self.texts.pieces(variable.default, DEFAULT, variable.location, f'the variable "{variable.name}"')
        return comment + _declared(named.identifier, long_expression(pieces), sensitive=sensitive)

    def _expression(self, variable: Variable) -> str:
        what = f'the variable "{variable.name}"'
        return expression(self.texts.pieces(variable.default or "", VALUE, variable.location, what))

    def _undeclared(self, name: str, named: NamedVariable, sensitive: bool) -> str:
        """JSON reads an undeclared variable as empty text, except inside of other variables."""
        text = f'the variable "{name}" is used but not declared'
        self.texts.problem(text, f"It is declared as {named.identifier} now, empty", None, warning=True)
        return _declared(named.identifier, '""', sensitive=sensitive)

    def _check_sensitive(self) -> None:
        for name, location in self.found.sensitive:
            if name not in self.texts.names and name not in self.texts.undeclared:
                text = f'the sensitive variable "{name}" does not exist'
                self.texts.problem(text, "It is left out", location, warning=True)


def _declared(name: str, default: str, *, sensitive: bool) -> str:
    body = attribute("type", "string")
    body += attribute("default", default) if default else ""
    body += attribute("sensitive", "true") if sensitive else ""
    return block("variable", [name], body)
