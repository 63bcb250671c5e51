"""Templates in HCL2's native syntax, made up from its grammar: mostly valid, with all of its odd corners."""

from __future__ import annotations

from random import Random

NAMES = (
    "a",
    "b",
    "name",
    "var",
    "local",
    "x-y",
    "_z",
    "größe",
    "for",
    "in",
    "if",
    "null",
    "true",
    "é",
    "变量",
    "A1",
    "endif",
)
NUMBERS = ("0", "1", "42", "1.5", "1e5", "1E+5", "2e-3", "01", "00.5", "1e05", "123456789012345678901234567890")
BAD_NUMBERS = ("1.", ".5", "1e", "1e+", "0x1F", "1_000", "1.2.3", "1..2", "1.e5", "१")
ESCAPES = (
    "\\n",
    "\\t",
    "\\r",
    '\\"',
    "\\\\",
    "\\u00e9",
    "\\U0001F600",
    "$${",
    "%%{",
    "$",
    "%",
    "$$",
    "%%",
    "$$$",
    "%%%",
)
BAD_ESCAPES = ("\\q", "\\u12", "\\uD800", "\\U00110000", "\\", "\\'", "\\$", "\\x41")
TEXTS = (
    "",
    "a",
    "plain text",
    "é",
    "e\u0301",
    "\U0001f1e6\U0001f1e9",
    "{}",
    "'",
    "#",
    "//",
    "/*",
    "~",
    "}",
    "\t",
    "$a",
    "%a",
    "\u2028",
)
OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||")
SPACES = ("", "", "", " ", " ", "  ", "\t", " /* c */ ", "/**/", '/* } " */')
LINES = ("\n", "\n", "\n", "\n\n", "\r\n", " # c\n", " // c ${\n", " /* c\n */ \n", '\n# "\n', "\n\t\n")
MARKERS = ("EOT", "E", "END_1", "é", "a-b")


class Grammar:
    """Makes up pieces of templates. ``oddity`` is the chance of a choice that should not be accepted."""

    def __init__(self, chance: Random, oddity: float = 0.01) -> None:
        self.chance = chance
        self.oddity = oddity
        self.free = False

    def body(self, depth: int = 3) -> str:
        """Arguments and blocks, one a line."""
        return "".join(self._entry(depth) for _ in range(self.chance.randint(0, 5)))

    def expression(self, depth: int) -> str:
        """An expression, at most so deep."""
        if depth <= 0:
            return self._leaf()
        makers = (
            self._leaf, self._binary, self._conditional, self._tuple, self._object, self._call, self._steps,
            self._parentheses, self._unary, self._for_tuple, self._for_object, self.quoted, self.quoted, self.heredoc,
        )  # fmt: skip
        maker = self.chance.choice(makers)
        return maker() if maker == self._leaf else maker(depth - 1)  # type: ignore[call-arg]

    def quoted(self, depth: int) -> str:
        """A string in double quotes."""
        return f'"{self._parts(depth, line_ends=False)}"'

    def heredoc(self, depth: int) -> str:
        """A heredoc of either form."""
        marker, ending = self._one(MARKERS), self._one(("\n", "\n", "\n", "\r\n"))
        lines = [
            self._one(("", "  ", "\t", "    ")) + self._parts(depth, line_ends=True)
            for _ in range(self.chance.randint(0, 4))
        ]
        indent = self._one(("", "", " ", "\t", "    "))
        if self._odd():
            marker += self._one((" ", "x", "\t", "."))
        tail = self._one(("", "", "", " ")) if self._odd() else ""
        closing = f"{indent}{marker}{tail}"
        return f"<<{self._one(('', '-'))}{marker}{ending}" + "".join(line + ending for line in lines) + closing + "\n"

    def space(self) -> str:
        """Space or a comment; inside brackets now and then a line end."""
        if self.free and self.chance.random() < 0.15:
            return self._one(LINES)
        return self._one(SPACES)

    def _one(self, options: tuple[str, ...]) -> str:
        return self.chance.choice(options)

    def _odd(self) -> bool:
        return self.chance.random() < self.oddity

    def _name(self) -> str:
        return self._one(("1a", "-a", "a.b", "·", '"a"')) if self._odd() else self._one(NAMES)

    def _entry(self, depth: int) -> str:
        if depth <= 0 or self.chance.random() < 0.6:
            return self._argument(depth) + self._line()
        return self._block(depth) + self._line()

    def _line(self) -> str:
        return self._one((" ", "", ",", ";")) if self._odd() else self._one(LINES)

    def _argument(self, depth: int) -> str:
        name = f"{self._name()}{self.chance.randint(0, 50)}"
        self.free = False
        return f"{self.space()}{name}{self.space()}={self.space()}{self.expression(depth)}"

    def _block(self, depth: int) -> str:
        labels = "".join(f" {self._label()}" for _ in range(self.chance.choice((0, 1, 1, 2, 3))))
        head = f"{self._name()}{labels}{self.space()}{{"
        kind = self.chance.random()
        if kind < 0.2:
            return f"{head}{self.space()}}}"
        if kind < 0.35:
            return f"{head} {self._argument(0)} }}"
        return f"{head}{self._line()}{self.body(depth - 1)}}}"

    def _label(self) -> str:
        return (
            self.quoted(0)
            if self.chance.random() < 0.1
            else self._one(('"a"', '"b c"', "name", '""', '"\\n"', '"$${"', '"é"', "x-1"))
        )

    def _leaf(self) -> str:
        kind = self.chance.random()
        if kind < 0.4:
            return self._name()
        if kind < 0.7:
            return self._one(BAD_NUMBERS) if self._odd() else self._one(NUMBERS)
        return self._one(
            ("true", "null", '"a"', '""', "[]", "{}", "f()", "a.b", "a::b()", "'a'" if self._odd() else "{ }")
        )

    def _parts(self, depth: int, *, line_ends: bool) -> str:
        found = []
        for _ in range(self.chance.randint(0, 4)):
            kind = self.chance.random()
            if kind < 0.4 or (depth <= 0 and kind >= 0.6):
                found.append(self._one(TEXTS))
            elif kind < 0.6:
                found.append(self._one(BAD_ESCAPES) if self._odd() else self._one(ESCAPES))
            elif kind < 0.85:
                found.append(self._interpolation(depth - 1))
            else:
                found.append(self._directive(depth - 1))
            if self._odd() or (line_ends and self.chance.random() < 0.2):
                found.append("\n")
        return "".join(found)

    def _inside(self, free: bool, opening: str, closing: str, content: str) -> str:
        self.free = free
        return f"{opening}{self.space()}{content}{self.space()}{closing}"

    def _sequence(self, opening: str, content: str) -> str:
        before, after = self._one(("", "", "~")), self._one(("", "", "~"))
        return f"{opening}{{{before}{self.space()}{content}{self.space()}{after}}}"

    def _interpolation(self, depth: int) -> str:
        outer, self.free = self.free, True
        found = self._sequence("$", self.expression(depth))
        self.free = outer
        return found

    def _directive(self, depth: int) -> str:
        outer, self.free = self.free, True
        body = self._parts(depth - 1, line_ends=False)
        if self.chance.random() < 0.5:
            otherwise = (
                self._sequence("%", "else") + self._parts(0, line_ends=False) if self.chance.random() < 0.5 else ""
            )
            found = (
                self._sequence("%", f"if {self.expression(depth)}") + body + otherwise + self._sequence("%", "endif")
            )
        else:
            names = self._one(("k", "k, v", "k ,v"))
            found = (
                self._sequence("%", f"for {names} in {self.expression(depth)}") + body + self._sequence("%", "endfor")
            )
        self.free = outer
        return found if not self._odd() else found[self.chance.randint(1, 9) :]

    def _bracketed(self, opening: str, content: str, closing: str) -> str:
        return f"{opening}{self.space()}{content}{self.space()}{closing}"

    def _binary(self, depth: int) -> str:
        operator = self._one(("&", "|", "=", "===", "^", "<<")) if self._odd() else self._one(OPERATORS)
        return f"{self.expression(depth)}{self.space()}{operator}{self.space()}{self.expression(depth)}"

    def _conditional(self, depth: int) -> str:
        one, two, three = (self.expression(depth) for _ in range(3))
        return f"{one} ? {two}{self.space()}: {three}"

    def _unary(self, depth: int) -> str:
        return self._one(("-", "!", "--", "!!", "- ", "-!")) + self.expression(depth)

    def _parentheses(self, depth: int) -> str:
        outer, self.free = self.free, True
        found = self._bracketed("(", self.expression(depth), ")")
        self.free = outer
        return found

    def _items(self, depth: int, most: int = 4) -> str:
        items = [self.expression(depth) for _ in range(self.chance.randint(0, most))]
        tail = self._one(("", "", ",")) if items else ("," if self._odd() else "")
        return f"{self.space()},{self.space()}".join(items) + tail

    def _tuple(self, depth: int) -> str:
        outer, self.free = self.free, True
        found = self._bracketed("[", self._items(depth), "]")
        self.free = outer
        return found

    def _call(self, depth: int) -> str:
        outer, self.free = self.free, True
        items = self._items(depth)
        expands = self._one(("", "", "", "...", " ... ")) if items and not items.endswith(",") else ""
        found = (
            self._one(("f", "upper", "core::f", "x-y", "for"))
            + self.space()
            + self._bracketed("(", items + expands, ")")
        )
        self.free = outer
        return found

    def _object(self, depth: int) -> str:
        outer, self.free = self.free, False
        items = []
        for _ in range(self.chance.randint(0, 3)):
            key = self._one(("a", "b", '"c d"', "(a)", '"${x}"', "1", "a.b", "null", "é", "for", "[]", '(f("x"))'))
            value = self.expression(depth)
            end = self._one((",", "\n", ",\n", "\r\n", " # c\n", " ,", ", // c\n"))
            items.append(
                f"{self.space()}{key}{self.space()}{self._one(('=', ':', '=', ' = '))}{self.space()}{value}{end}"
            )
        self.free = outer
        found = "{" + self._one(("", " ", "\n", "\n\n", " # c\n", "\r\n")) + "".join(items)
        return (found.rstrip(",\r\n") if self.chance.random() < 0.3 else found) + "}"

    def _for_head(self, depth: int) -> str:
        names = self._one(("k", "k, v", "k,v", "k , v", "for", "é", "k, k"))
        return f"for {names} in {self.expression(depth)}{self.space()}:{self.space()}"

    def _condition(self, depth: int) -> str:
        return f" if {self.expression(depth)}" if self.chance.random() < 0.4 else ""

    def _for_tuple(self, depth: int) -> str:
        outer, self.free = self.free, True
        found = self._bracketed("[", self._for_head(depth) + self.expression(depth) + self._condition(depth), "]")
        self.free = outer
        return found

    def _for_object(self, depth: int) -> str:
        outer, self.free = self.free, True
        dots = self._one(("", "", "...", " ..."))
        pair = f"{self.expression(depth)}{self.space()}=>{self.space()}{self.expression(depth)}{dots}"
        found = self._bracketed("{", self._for_head(depth) + pair + self._condition(depth), "}")
        self.free = outer
        return found

    def _steps(self, depth: int) -> str:
        found = self.expression(0) if self.chance.random() < 0.8 else f"({self.expression(depth)})"
        for _ in range(self.chance.randint(1, 4)):
            step = self._one((".a", ".b", "[0]", '["k"]', "[*]", ".*", ".for", ". a", "[ * ]", ".é", "[expression]"))
            found += f"[{self.expression(depth)}]" if step == "[expression]" else self._one(("", "", "", " ")) + step
        return found + (".0" if self.chance.random() < 0.1 else "")
