"""Inputs in every template language: made up from grammars, put together from what templates hold, and damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from random import Random

from imagesmith.template.functions import Scope, functions
from imagesmith.template.hcl2.functions import names
from tests.template.fuzz import bombs
from tests.template.fuzz.cases import GO_TEMPLATE, Case
from tests.template.fuzz.grammar import Grammar
from tests.template.fuzz.mutation import damaged, damaged_bytes
from tests.template.fuzz.values import Values

REMOTE = ("vault", "consul", "secret")
"""Parts of the names of functions that ask a server; their errors are shown by tests of their own."""


class Generator:
    """An endless row of inputs, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.values = Values(self.chance, _local(names()))
        scope = Scope(language="json", started=None)  # type: ignore[arg-type]
        self.go_functions = _local(functions(scope))
        self.recent: list[str] = ["a = 1\n"]
        self.makers: tuple[Callable[[], Case], ...] = (
            self.hcl2, self.hcl2, self.hcl2, self.hcl2, self.syntax, self.pkr_json, self.pkr_json, self.legacy_json,
            self.legacy_json, self.go_template, self.go_template, self.variable_files, self.bomb,
        )  # fmt: skip

    def case(self) -> Case:
        """The next input."""
        case = self.chance.choice(self.makers)()
        if self.chance.random() < 0.05:
            files = tuple((name, damaged_bytes(content, self.chance)) for name, content in case.files)
            return Case(case.language, case.main, files, case.variables, case.environ)
        return case

    def hcl2(self) -> Case:
        """A whole template."""
        text = self._maybe_damaged(self.values.template(), 0.5)
        files = [("t.pkr.hcl", _bytes(text))]
        if self.chance.random() < 0.3:
            files.append(("t.tpl", _bytes(self.values.grammar.quoted(2)[1:-1])))
        return Case("hcl2", "t.pkr.hcl", tuple(files), self._variables(), self._environ())

    def syntax(self) -> Case:
        """Whatever the grammar makes."""
        return Case(
            "hcl2 syntax", "t.pkr.hcl", (("t.pkr.hcl", _bytes(self._maybe_damaged(Grammar(self.chance).body(4), 0.5))),)
        )

    def pkr_json(self) -> Case:
        """A template in the JSON spelling."""
        text = self._maybe_damaged(self._json(self.values.json_template()), 0.4)
        return Case("pkr.json", "t.pkr.json", (("t.pkr.json", _bytes(text)),), self._variables(), self._environ())

    def legacy_json(self) -> Case:
        """A legacy template."""
        text = self._maybe_damaged(self._json(self.values.legacy_template(self._go_text)), 0.4)
        files = [("t.json", _bytes(text))]
        if self.chance.random() < 0.2:
            content = self._json({"v": self._go_text(), "w": self.values.plain(2)})
            files.append(("vars.json", _bytes(self._maybe_damaged(content, 0.5))))
        return Case("json", "t.json", tuple(files), self._variables(), self._environ())

    def go_template(self) -> Case:
        """A text for the Go template engine."""
        text = self._maybe_damaged("".join(self._go_text() for _ in range(self.chance.randint(1, 4))), 0.5)
        return Case("go template", GO_TEMPLATE, ((GO_TEMPLATE, _bytes(text)),))

    def variable_files(self) -> Case:
        """Variable files of both kinds beside a folder's template."""
        declared = "".join(f'variable "{name}" {{\n  type = {self.values.type()}\n}}\n' for name in ("v", "w", "x"))
        native = "".join(f"{name} = {self.values.expression(2)}\n" for name in ("v", "w", "y"))
        spelled = self._json({name: self.values.json_value(2) for name in ("v", "x", "z")})
        files = (
            ("t.pkr.hcl", _bytes(declared)),
            ("a.auto.pkrvars.hcl", _bytes(self._maybe_damaged(native, 0.4))),
            ("b.auto.pkrvars.json", _bytes(self._maybe_damaged(spelled, 0.4))),
        )
        return Case("variable files", "", files, self._variables(), self._environ())

    def bomb(self) -> Case:
        """A template that asks for too much."""
        kind = self.chance.random()
        if kind < 0.3:
            return Case("go template", GO_TEMPLATE, ((GO_TEMPLATE, _bytes(self.chance.choice(bombs.GO_TEMPLATES))),))
        if kind < 0.6:
            return Case(
                "bomb", "t.pkr.hcl", (("t.pkr.hcl", _bytes(self.values.doubling(self.chance.choice(bombs.LOCALS)))),)
            )
        if kind < 0.75:
            return Case("bomb", "t.pkr.hcl", (("t.pkr.hcl", _bytes(self.values.nested())),))
        text = f"locals {{\n  x = {self.chance.choice(bombs.EXPRESSIONS)}\n}}\n"
        return Case("bomb", "t.pkr.hcl", (("t.pkr.hcl", _bytes(text)), ("t.tpl", b'${templatefile("t.tpl", {})}')))

    def _maybe_damaged(self, text: str, likely: float) -> str:
        if self.chance.random() < likely:
            text = damaged(text, self.chance, self.recent)
        self.recent = [*self.recent[-30:], text[:4000]]
        return text

    def _json(self, value: object) -> str:
        return json.dumps(value, indent=self.chance.choice((None, 1)), ensure_ascii=self.chance.random() < 0.5)

    def _variables(self) -> tuple[tuple[str, str], ...]:
        if self.chance.random() < 0.6:
            return ()
        texts = [self._maybe_damaged(self.values.expression(2), 0.5) for _ in range(2)]
        return tuple((self.chance.choice(("v", "w", "x", "é", "")), text) for text in texts)

    def _environ(self) -> tuple[tuple[str, str], ...]:
        return (("PKR_VAR_w", self.values.expression(1)), ("HOME", "/")) if self.chance.random() < 0.2 else ()

    def _go_text(self) -> str:
        kind = self.chance.random()
        if kind < 0.05:
            return self.chance.choice(bombs.GO_TEMPLATES)
        if kind < 0.3:
            return self.chance.choice(
                ("plain", "", "é", "{{", "}}", "{{user `v`}}", "{{timestamp}}", "{{ .Vars }}", "\n")
            )
        opening, closing = self.chance.choice(("{{", "{{", "{{- ")), self.chance.choice(("}}", "}}", " -}}"))
        if kind < 0.6:
            return f"{opening}{self._pipe(2)}{closing}"
        if kind < 0.7:
            return f"{opening}$x {self.chance.choice((':=', '='))} {self._pipe(1)}{closing}{{{{$x}}}}"
        word = self.chance.choice(
            ("if", "with", "range", "range $i, $x :=", "define `a`", "block `a`", "else if", "template `a`")
        )
        otherwise = self.chance.choice(("", "", "{{else}}", "{{break}}", "{{else if true}}"))
        return f"{opening}{word} {self._pipe(1)}{closing}{self._go_text()}{otherwise}{{{{end}}}}"

    def _pipe(self, depth: int) -> str:
        head = self.chance.choice(
            [*self.go_functions, "print", "printf", "eq", "and", "or", "not", "index", "len", "lt", "html", "slice"]
        )
        arguments = " ".join(self._operand(depth) for _ in range(self.chance.randint(0, 3)))
        kind = self.chance.random()
        if kind < 0.2:
            return self._operand(depth)
        return f"{head} {arguments}" + (f" | {self._pipe(depth - 1)}" if kind > 0.8 and depth > 0 else "")

    def _operand(self, depth: int) -> str:
        if depth > 0 and self.chance.random() < 0.3:
            return f"({self._pipe(depth - 1)})"
        return self.chance.choice(
            (
                "`a-b`",
                '"\\u00e9\\n"',
                "1",
                "-1",
                "1.5",
                "0x1F",
                "'x'",
                "true",
                "nil",
                ".",
                ".List",
                ".Vars.X",
                "$",
                "$x",
                "`%d %s`",
                "``",
                "999999999",
                "`2006-01-02`",
                "`%Y`",
            )
        )


def _local(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not any(word in name for word in REMOTE))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
