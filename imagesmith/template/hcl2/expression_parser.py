"""Expressions: operators by precedence, references, calls, collections, for and splat."""

from __future__ import annotations

import re

from imagesmith.template.hcl2 import nodes, numeric
from imagesmith.template.hcl2.cty import FALSE, NULL, TRUE, Value, number, string
from imagesmith.template.hcl2.scanner import MAX_EXPRESSIONS
from imagesmith.template.hcl2.template_parser import TemplateParser

_NUMBER = re.compile(r"[0-9](?:[0-9]|\.[0-9]|[eE][+-]?[0-9])*")
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)\r?\n")
_SIMPLE = r'(?:"([^"\\$%\n\r]*)"|([0-9]{1,17})(?![0-9eE.])|([A-Za-z_][A-Za-z0-9_-]*+)((?:\.[A-Za-z_][A-Za-z0-9_-]*+)*))'
_SIMPLE_FREE = re.compile(_SIMPLE + r"(?=[ \t]*(?:[,\])}]|\n[ \t\n]*[,\])}]))")
_SIMPLE_LINE = re.compile(_SIMPLE + r"(?=[ \t]*(?:[,\])}]|\r?\n|\#|//))")
_SIMPLE_OPERAND = re.compile(_SIMPLE + r"(?![ \t\r\n]*+(?:[.\[(\#]|::|/[*/])|[^\x00-\x7f])")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?=[ \t]*=(?!=))")
_OPERATOR = re.compile(r"==|!=|<=|>=|&&|\|\||[<>+\-*%]|/(?!/)")
_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
_CONSTANTS = {"true": TRUE, "false": FALSE, "null": NULL}
_UNSUPPORTED = {
    "&": "Bitwise operators don't exist; did you mean &&?",
    "|": "Bitwise operators don't exist; did you mean ||?",
    "^": "Bitwise operators don't exist",
}


class ExpressionParser(TemplateParser):
    """Reads expressions."""

    def expression(self) -> nodes.Expression:
        """Read one expression; what follows it is left to the caller."""
        self.skip_space()
        start = self.at
        self.expressions += 1
        if self.expressions > MAX_EXPRESSIONS:
            self.fail(f"There are more than {MAX_EXPRESSIONS:,} values in this file", hint="Split it into several")
        simple = (_SIMPLE_FREE if self.free else _SIMPLE_LINE).match(self.text, start)
        if simple and (node := self._simple(simple)):
            self.at = simple.end()
            return node
        self.deeper(start)
        condition = self._binary(1)
        mark = self.at
        if not self.at_end_of_expression():
            self.skip_space()
            if self.take("?"):
                return self._conditional(condition, start)
            self.at = mark
        self.depth -= 1
        return condition

    def _conditional(self, condition: nodes.Expression, start: int) -> nodes.Expression:
        """Read what follows the question mark."""
        then = self.expression()
        self.skip_space()
        if not self.take(":"):
            self.fail(f"Expected : and the other value of the conditional, found {self.found()}")
        otherwise = self.expression()
        self.depth -= 1
        return nodes.Conditional(self.source, start, self.at, condition, then, otherwise)

    def _simple(self, match: re.Match[str]) -> nodes.Expression | None:
        """What most expressions are, in one go: plain text, a number, a constant or a reference like ``var.name``."""
        text, digits, name, attributes = match.groups()
        start, end = match.span()
        if text is not None:
            return nodes.Literal(self.source, start, end, string(text))
        if digits is not None:
            return nodes.Literal(self.source, start, end, number(int(digits)))
        if name in _CONSTANTS:
            return None if attributes else nodes.Literal(self.source, start, end, _CONSTANTS[name])
        at = start + len(name)
        subject = nodes.Variable(self.source, start, at, name)
        if not attributes:
            return subject
        steps: list[nodes.Attribute | nodes.Index] = []
        for step in attributes[1:].split("."):
            steps.append(nodes.Attribute(self.source, at, at + 1 + len(step), step))
            at += 1 + len(step)
        return nodes.Access(self.source, start, end, subject, steps)

    def _binary(self, lowest: int) -> nodes.Expression:
        start = self.at
        left = self._operand()
        while True:
            mark = self.at
            if self.at_end_of_expression():
                return left
            self.skip_space()
            match = _OPERATOR.match(self.text, self.at)
            if not match or _PRECEDENCE[match.group()] < lowest:
                if not match and (hint := _UNSUPPORTED.get(self.text[self.at : self.at + 1])):
                    self.fail(f"Unsupported operator {self.found()}", hint=hint)
                self.at = mark
                return left
            self.at = match.end()
            self.skip_space()
            right = self._binary(_PRECEDENCE[match.group()] + 1)
            left = nodes.Binary(self.source, start, self.at, match.group(), left, right)

    def _operand(self) -> nodes.Expression:
        """Signs, and then a term with its steps."""
        simple = _SIMPLE_OPERAND.match(self.text, self.at)
        if simple and (node := self._simple(simple)):
            self.at = simple.end()
            return node
        signs = []
        while self.text[self.at : self.at + 1] in ("-", "!"):
            signs.append(self.at)
            self.deeper(self.at)
            self.at += 1
            self.skip_space()
        result = self._steps(self._term())
        for offset in reversed(signs):
            result = nodes.Unary(self.source, offset, self.at, self.text[offset], result)
        self.depth -= len(signs)
        return result

    def _steps(self, subject: nodes.Expression) -> nodes.Expression:
        """Read ``.name``, ``[key]`` and splats after a term."""
        start = subject.start
        steps: list[nodes.Attribute | nodes.Index] = []
        while True:
            mark = self.at
            if self.at_end_of_expression():
                return self._accessed(subject, steps, start, mark)
            self.skip_space()
            each = None
            if self.sees(".") and not self.sees("..."):
                each = self._dot(steps)
            elif self.sees("["):
                each = self._bracket(steps)
            else:
                self.at = mark
                return self._accessed(subject, steps, start, mark)
            if each is not None:
                subject = self._accessed(subject, steps, start, mark)
                subject = nodes.Splat(self.source, start, self.at, subject, each)
                steps = []

    def _accessed(
        self, subject: nodes.Expression, steps: list[nodes.Attribute | nodes.Index], start: int, end: int
    ) -> nodes.Expression:
        return nodes.Access(self.source, start, end, subject, steps) if steps else subject

    def _dot(self, steps: list[nodes.Attribute | nodes.Index]) -> nodes.Expression | None:
        start = self.at
        self.at += 1
        self.skip_space()
        if name := self.name():
            steps.append(nodes.Attribute(self.source, start, self.at, name))
            return None
        if self.take("*"):
            return self._attribute_splat()
        self._dotted_index(steps, start)
        return None

    def _dotted_index(self, steps: list[nodes.Attribute | nodes.Index], start: int) -> None:
        """Read the digits of ``.0``, the old spelling of ``[0]``."""
        match = _NUMBER.match(self.text, self.at)
        if not match:
            self.fail(f"Expected the name of an attribute after the dot, found {self.found()}")
        if "." in match.group():
            self.fail("Two indexes with dots can't follow each other", hint="Write [0][1] instead of .0.1")
        offset, self.at = self.at, match.end()
        key = nodes.Literal(self.source, offset, self.at, self._literal_number(match.group(), offset))
        steps.append(nodes.Index(self.source, start, self.at, key))

    def _attribute_splat(self) -> nodes.Expression:
        item = nodes.SplatItem(self.source, self.at, self.at)
        steps: list[nodes.Attribute | nodes.Index] = []
        while True:
            mark = self.at
            self.skip_space()
            if not self.sees(".") or self.sees("..."):
                self.at = mark
                return self._accessed(item, steps, item.start, self.at)
            start = self.at
            self.at += 1
            self.skip_space()
            if name := self.name():
                steps.append(nodes.Attribute(self.source, start, self.at, name))
                continue
            self._dotted_index(steps, start)

    def _bracket(self, steps: list[nodes.Attribute | nodes.Index]) -> nodes.Expression | None:
        start = self.at
        self.at += 1
        self.skip_space()
        if self.take("*"):
            self.skip_space()
            if not self.take("]"):
                self.fail(f"Expected ] after the *, found {self.found()}")
            self.deeper(start)
            each = self._steps(nodes.SplatItem(self.source, self.at, self.at))
            self.depth -= 1
            return each
        self.free += 1
        key = self.expression()
        self.skip_space()
        if not self.take("]"):
            self.fail(f"Expected ] after the index, found {self.found()}")
        self.free -= 1
        steps.append(nodes.Index(self.source, start, self.at, key))
        return None

    def _term(self) -> nodes.Expression:
        start = self.at
        character = self.text[start : start + 1]
        if character == '"':
            return self.quoted()
        if character == "[":
            return self._tuple()
        if character == "{":
            return self._object()
        if name := self.name():
            return self._named(name, start)
        match = _NUMBER.match(self.text, start)
        if match:
            self.at = match.end()
            return nodes.Literal(self.source, start, self.at, self._literal_number(match.group(), start))
        if character == "(":
            return self._parentheses()
        return self._heredoc_term()

    def _heredoc_term(self) -> nodes.Expression:
        start = self.at
        match = _HEREDOC.match(self.text, start)
        if match:
            self.at = match.end()
            return self.heredoc(match.group(2), flush=bool(match.group(1)), start=start)
        if self.sees("'"):
            self.fail("Strings are written in double quotes", hint="Replace ' by \"")
        if self.sees("`"):
            self.fail("Strings are written in double quotes", hint='Replace ` by "')
        if self.sees(";"):
            self.fail('";" has no meaning here', hint="Write each argument on a line of its own")
        raise self.fault(f"Expected a value, found {self.found()}")

    def _literal_number(self, text: str, offset: int) -> Value:
        if len(text) < 18 and text.isdigit():
            return number(int(text))
        try:
            return number(numeric.parse(text))
        except numeric.NumberProblem as problem:
            raise self.fault("This number is too long", str(problem), offset=offset) from None
        except ValueError:
            raise self.fault(f'"{text}" is not a number', offset=offset) from None

    def _named(self, name: str, start: int) -> nodes.Expression:
        """A constant, a reference or a call."""
        mark = self.at
        self.skip_space()
        while self.take("::"):
            self.skip_space()
            inner = self.name()
            if not inner:
                self.fail(f"Expected the name of a function after ::, found {self.found()}")
            name += "::" + inner
            mark = self.at
            self.skip_space()
        if self.sees("("):
            return self._call(name, start)
        self.at = mark
        if "::" in name:
            self.fail(f'Expected ( after the function name "{name}", found {self.found()}')
        if name in _CONSTANTS:
            return nodes.Literal(self.source, start, self.at, _CONSTANTS[name])
        return nodes.Variable(self.source, start, self.at, name)

    def _call(self, name: str, start: int) -> nodes.Expression:
        self.at += 1
        self.free += 1
        arguments: list[nodes.Expression] = []
        expand = False
        self.skip_space()
        while not self.sees(")"):
            arguments.append(self.expression())
            self.skip_space()
            if self.take("..."):
                expand = True
                self.skip_space()
                if not self.sees(")"):
                    self.fail("Only the last argument may be expanded with ...")
            elif not self.take(",") and not self.sees(")"):
                self.fail(f"Expected , or ) after the argument, found {self.found()}")
            self.skip_space()
        self.at += 1
        self.free -= 1
        return nodes.Call(self.source, start, self.at, name, arguments, expand)

    def _parentheses(self) -> nodes.Expression:
        start = self.at
        self.at += 1
        self.free += 1
        inner = self.expression()
        self.skip_space()
        if not self.take(")"):
            self.fail(f"Expected ) to close the parenthesis, found {self.found()}")
        self.free -= 1
        return nodes.Parentheses(self.source, start, self.at, inner)

    def _tuple(self) -> nodes.Expression:
        start = self.at
        self.at += 1
        self.free += 1
        if self._for_begins():
            return self._for(start, "]")
        items: list[nodes.Expression] = []
        self.skip_space()
        while not self.sees("]"):
            items.append(self.expression())
            self.skip_space()
            if not self.take(",") and not self.sees("]"):
                self.fail(f"Expected , or ] after the element, found {self.found()}")
            self.skip_space()
        self.at += 1
        self.free -= 1
        return nodes.TupleItems(self.source, start, self.at, items)

    def _object(self) -> nodes.Expression:
        start = self.at
        self.at += 1
        self.free += 1
        if self._for_begins():
            return self._for(start, "}")
        free, self.free = self.free - 1, 0
        items: list[tuple[nodes.Expression, nodes.Expression]] = []
        while True:
            self.skip_lines()
            if self.take("}"):
                break
            items.append(self._object_item())
            if self.take("}"):
                break
        self.free = free
        return nodes.ObjectItems(self.source, start, self.at, items)

    def _object_item(self) -> tuple[nodes.Expression, nodes.Expression]:
        """One ``key = value`` with the comma or line end after it; a closing brace is left."""
        plain = _KEY.match(self.text, self.at)
        key = (plain and self._simple_key(plain)) or self.expression()
        self.skip_space()
        if not self.take("=") and not self.take(":"):
            self.fail(f"Expected = and a value after the key, found {self.found()}")
        value = self.expression()
        self.skip_space()
        if not self.take(",") and not self.sees("}"):
            offset = self.at
            if not self.line_ends() or self.ended:
                self.fail(f"Expected a comma, a line end or }} after the value, found {self.found()}", offset=offset)
        return key, value

    def _simple_key(self, match: re.Match[str]) -> nodes.Expression | None:
        if match.group() in _CONSTANTS:
            return None
        self.at = match.end()
        return nodes.Variable(self.source, match.start(), self.at, match.group())

    def _for_begins(self) -> bool:
        """Pass over the word ``for`` if it comes next; it can't be the first key of an object without quotes."""
        mark = self.at
        self.skip_space()
        if self.name() == "for":
            return True
        self.at = mark
        return False

    def for_head(self) -> tuple[str, str, nodes.Expression]:
        """Read ``k, v in collection`` after the word ``for``."""
        self.skip_space()
        key_name, value_name = "", self.name()
        if not value_name:
            self.fail(f'Expected the name of a variable after "for", found {self.found()}')
        self.skip_space()
        if self.take(","):
            self.skip_space()
            key_name, value_name = value_name, self.name()
            if not value_name:
                self.fail(f"Expected the name of a second variable, found {self.found()}")
            self.skip_space()
        offset = self.at
        if self.name() != "in":
            self.at = offset
            self.fail(f'Expected "in" and a collection, found {self.found()}')
        return key_name, value_name, self.expression()

    def _for(self, start: int, closing: str) -> nodes.Expression:
        key_name, value_name, collection = self.for_head()
        self.skip_space()
        if not self.take(":"):
            self.fail(f"Expected : after the collection, found {self.found()}")
        key, value, grouped = None, self.expression(), False
        self.skip_space()
        if closing == "}":
            if not self.take("=>"):
                self.fail(f"Expected => and a value after the key, found {self.found()}")
            key, value = value, self.expression()
            self.skip_space()
            grouped = self.take("...")
            self.skip_space()
        condition = self._for_condition()
        if not self.take(closing):
            self.fail(f'Expected {closing} at the end of the "for" expression, found {self.found()}')
        self.free -= 1
        return nodes.For(self.source, start, self.at, key_name, value_name, collection, key, value, condition, grouped)

    def _for_condition(self) -> nodes.Expression | None:
        mark = self.at
        if self.name() != "if":
            self.at = mark
            return None
        condition = self.expression()
        self.skip_space()
        return condition
