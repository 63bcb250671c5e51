"""Templates that get beyond the parser: references that exist, functions that exist, blocks where they belong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.template.fuzz import bombs
from tests.template.fuzz.grammar import Grammar

_LEAVES = (
    "1", "0", "-1", "2.5", "1e30", "1e-30", "1/0", "true", "null", '""', '"a"', '"é"', '"10.0.0.0/8"', '"%d%s"',
    '"(a"', "[]", "{}", "[1, 2]", '["a", null]', "{a = 1}", '{a = "x", b = [1]}', "var.v", "var.w", "var.nope",
    "local.a", "local.b", "local.c", "path.root", "packer.version", "source.name", "build.ID",
    '"2020-01-01T00:00:00Z"', '"a,b\\nc,d"', '"{\\"a\\":[1]}"', '"aGk="', "[[1], [2]]", '"1h"', "range(3)",
    '"${var.v}"', "9223372036854775808", '"\\u0000"', "[{a = 1}, {a = 2}]",
)  # fmt: skip
_TYPES = (
    "string", "number", "bool", "any", "list(string)", "set(number)", "map(any)", "tuple([string, bool])",
    "object({a = string, b = optional(number, 3)})", "list(list(any))", '"string"', "map(", "object({})", "list",
    "foo",
)  # fmt: skip
_OPTIONS = (
    "image_name", "region", "inline", "tags", "ssh_username", "communicator", "source", "destination", "content",
    "only", "except", "pause_before", "override", "name", "output", "type", "x",
)  # fmt: skip
_PLUGINS = (
    "null", "file", "alicloud-ecs", "shell", "shell-local", "manifest", "checksum", "nope", "breakpoint", "",
)  # fmt: skip
_TAME = ('"a"', '"${var.v}"', "1", "true", '["a"]', "upper(var.w)", "[for x in range(3) : x]", "{a = 1}", "length([1])")
_NESTS = (
    ("(", "1", ")"), ("[", "", "]"), ("{a=", "1", "}"), ("f(", "", ")"), ('"${', "1", '}"'), ("-", "1", ""),
    ("!", "true", ""), ("1+", "1", ""), ("[for x in ", "[]", ":x]"), ("a?", "b", ":c"), ("b {\n", "", "}\n"),
    ("<<E\n${", "1", "}\nE\n"), ("a.", "b", ""), ("x[", "0", "]"), ("", "a", "[*]"), ("", "a", ".b"), ("1,", "1", ""),
    ("/*", "", "*/"), ("%{if a}", "", "%{endif}"), ("1 == ", "1", ""), ("true ? 1 : ", "1", ""), ('"x', "", '"'),
    ("upper(", '"a"', ")"), ("[[], ", "[]", "]"),
)  # fmt: skip


class Values:
    """Makes up expressions, templates, and plain data for the JSON spellings."""

    def __init__(self, chance: Random, functions: Sequence[str]) -> None:
        self.chance = chance
        self.functions = functions
        self.grammar = Grammar(chance)
        self.tame = False

    def type(self) -> str:
        """A type constraint, not always a good one."""
        return self.chance.choice(_TYPES)

    def expression(self, depth: int) -> str:
        """An expression, mostly one that can be evaluated."""
        kind = self.chance.random()
        if self.tame:
            return self.chance.choice(_TAME)
        if depth <= 0 or kind < 0.25:
            return self.chance.choice(_LEAVES)

        def inner() -> str:
            return self.expression(depth - 1)

        if kind < 0.6:
            return self._call(inner)
        if kind < 0.61:
            return self.chance.choice(bombs.EXPRESSIONS)
        shapes: tuple[Callable[[], str], ...] = (
            lambda: f"{inner()} {self.chance.choice(('+', '-', '*', '/', '%', '==', '<', '&&'))} {inner()}",
            lambda: f"{inner()} ? {inner()} : {inner()}",
            lambda: f"[{inner()}, {inner()}]",
            lambda: f"{{a = {inner()}, (var.v) = {inner()}}}",
            lambda: f"[for k, x in {inner()} : {inner()} if {inner()}]",
            lambda: f"{{for k, x in {inner()} : k => {inner()}...}}",
            lambda: f'"${{{inner()}}}-%{{ for x in {inner()} }}${{x}}%{{ endfor }}"',
            lambda: f"({inner()}){self.chance.choice(('[0]', '.a', '[*]', '.*.a', '[*].a[0]', '[1e30]', '[null]'))}",
            lambda: f"-{inner()}",
            lambda: f"!({inner()})",
            lambda: f"<<-E\n    a ${{{inner()}}}\n  b\n  E\n",
        )
        return self.chance.choice(shapes)()

    def _call(self, inner: Callable[[], str]) -> str:
        name = self.chance.choice(self.functions)
        arguments = [inner() for _ in range(self.chance.randint(0, 4))]
        if name == "bcrypt":
            arguments[1:] = ["4"] * len(arguments[1:])
        return f"{name}({', '.join(arguments)}{'...' if arguments and self.chance.random() < 0.1 else ''})"

    def template(self) -> str:
        """A template with variables, locals, sources and builds; now and then one with hardly a mistake."""
        self.tame = self.chance.random() < 0.2
        parts = [self._variable("v"), self._variable("w"), self._locals(), self._source(), self._build()]
        if self.chance.random() < 0.2:
            parts.append(f"packer {{\n  required_version = {self.expression(0)}\n}}\n")
        if self.chance.random() < 0.1:
            parts.append(self.grammar.body(3))
        self.chance.shuffle(parts)
        self.tame = False
        return "".join(parts)

    def _variable(self, name: str) -> str:
        lines = []
        if self.chance.random() < 0.5:
            lines.append(f"type = {self.type()}")
        if self.chance.random() < 0.8:
            lines.append(f"default = {self.expression(1)}")
        if self.chance.random() < 0.2:
            lines.append(
                f'validation {{\n condition = {self.expression(2)}\n error_message = "Wrong: ${{var.{name}}}."\n}}'
            )
        if self.chance.random() < 0.2:
            lines.append(f"sensitive = {self.expression(0)}")
        return f'variable "{name}" {{\n' + "\n".join(lines) + "\n}\n"

    def _locals(self) -> str:
        return "locals {\n" + "".join(f"  {name} = {self.expression(3)}\n" for name in "abc") + "}\n"

    def _body(self, depth: int) -> str:
        lines = [f"{self.chance.choice(_OPTIONS)} = {self.expression(2)}\n" for _ in range(self.chance.randint(0, 3))]
        if self.chance.random() < 0.2:
            lines.append(
                f'dynamic "{self.chance.choice(_OPTIONS)}" {{\nfor_each = {self.expression(1)}\n'
                f"content {{\n{self._body(0)}}}\n}}\n"
            )
        if depth and self.chance.random() < 0.2:
            lines.append(f"{self.chance.choice(_OPTIONS)} {{\n{self._body(depth - 1)}}}\n")
        return "".join(lines)

    def _source(self) -> str:
        return f'source "{self.chance.choice(_PLUGINS)}" "n" {{\n{self._body(1)}}}\n'

    def _build(self) -> str:
        kinds = ("provisioner", "post-processor", "error-cleanup-provisioner", "post-processors", "source")
        inner = ""
        for _ in range(self.chance.randint(0, 3)):
            kind = self.chance.choice(kinds)
            label = "" if kind == "post-processors" else f' "{self.chance.choice(_PLUGINS)}"'
            inner += f"{kind}{label} {{\n{self._body(1)}}}\n"
        sources = self.chance.choice(
            ('["null.n"]', '["source.file.n"]', '["sources.alicloud-ecs.n", "null.n"]', self.expression(1))
        )
        return f"build {{\nsources = {sources}\n{inner}}}\n"

    def doubling(self, shape: tuple[str, str]) -> str:
        """Locals of which each is twice as large as the one before."""
        first, following = shape
        lines = [f"  l0 = {first}"]
        lines += [f"  l{i + 1} = {following % (f'l{i}', f'l{i}')}" for i in range(self.chance.randint(10, 60))]
        last = self.chance.choice(
            (
                "jsonencode(local.l%d)",
                "length(local.l%d)",
                "local.l%d == local.l%d",
                "flatten([local.l%d])",
                '"${local.l%d}"',
                "distinct([local.l%d, local.l%d])",
            )
        )
        number = len(lines) - 1
        return "locals {\n" + "\n".join(lines) + f"\n  last = {last.replace('%d', str(number))}\n}}\n"

    def nested(self) -> str:
        """Something that is very deep, very long or both."""
        opening, middle, closing = self.chance.choice(_NESTS)
        count = self.chance.choice((50, 99, 101, 300, 1000, 5000, 20000))
        ends = count if self.chance.random() < 0.7 else self.chance.randint(0, count)
        text = opening * count + middle + closing * ends
        return self.chance.choice(
            (
                "locals {{\n  x = {}\n}}\n",
                "{}",
                "a = {}\n",
                'locals {{\n  x = "{}"\n}}\n',
                "locals {{\n  x = [{}]\n}}\n",
            )
        ).format(text)

    def plain(self, depth: int) -> Any:
        """Plain data with odd strings and numbers."""
        kind = self.chance.random()
        if depth <= 0 or kind < 0.5:
            return self.chance.choice(
                (
                    1,
                    0,
                    -1,
                    2.5,
                    1e30,
                    10**40,
                    True,
                    None,
                    "",
                    "a",
                    "22",
                    "1h",
                    "\ud800",
                    "\x00",
                    "é",
                    "{{user `v`}}",
                    "a,b",
                    1e308,
                    -0.0,
                    float("nan"),
                    float("inf"),
                )
            )
        if kind < 0.75:
            return [self.plain(depth - 1) for _ in range(self.chance.randint(0, 3))]
        return {
            self.chance.choice((*_OPTIONS, "//", "")): self.plain(depth - 1) for _ in range(self.chance.randint(0, 3))
        }

    def json_value(self, depth: int) -> Any:
        """Plain data whose strings are HCL2 templates."""
        if self.chance.random() < 0.5:
            return "${" + self.expression(depth) + "}"
        return self.plain(depth) if self.chance.random() < 0.7 else self.grammar.quoted(1)[1:-1]

    def json_template(self) -> Any:
        """A template in the JSON spelling."""
        some = self.json_value
        found: dict[str, Any] = {
            "variable": {"v": {"type": self.type(), "default": some(1)}, "w": some(1)},
            "locals": {"a": some(3), "b": some(3), "c": some(1)},
            "source": {self.chance.choice(_PLUGINS): {"n": {self.chance.choice(_OPTIONS): some(2) for _ in range(3)}}},
            "build": [
                {
                    "sources": ["null.n"],
                    "provisioner": [{"shell": {"inline": some(2)}}],
                    "post-processors": [{"post-processor": some(1)}],
                }
            ],
            self.chance.choice(("x", "//", "data", "packer")): some(2),
        }
        return found if self.chance.random() < 0.9 else [found, some(1)]

    def legacy_template(self, text: Callable[[], str]) -> Any:
        """A legacy template; ``text`` makes Go templates."""

        def options() -> dict[str, Any]:
            return {
                self.chance.choice(_OPTIONS): text() if self.chance.random() < 0.5 else self.plain(2) for _ in range(3)
            }

        found: dict[str, Any] = {
            "variables": {"v": text(), "w": self.plain(1), "x": "{{user `v`}}"},
            "sensitive-variables": self.plain(1) if self.chance.random() < 0.2 else ["v"],
            "builders": [{"type": self.chance.choice(_PLUGINS), **options()} for _ in range(self.chance.randint(0, 2))],
            "provisioners": [{"type": self.chance.choice(_PLUGINS), "inline": [text()], **options()}],
            "post-processors": [[{"type": "manifest", **options()}, "checksum"], self.plain(2)],
            "min_packer_version": self.chance.choice(("1.0.0", "99", text())),
        }
        for key in list(found):
            if self.chance.random() < 0.1:
                found[key] = self.plain(3)
            elif self.chance.random() < 0.1:
                del found[key]
        return found
