"""Bodies: arguments and blocks. The entry points of the native syntax."""

from __future__ import annotations

import re

from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.expression_parser import ExpressionParser
from imagesmith.template.hcl2.source import Source

_ARGUMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)[ \t]*=(?!=)")


def parse_body(source: Source) -> nodes.Body:
    """The whole file as a body. Raises `imagesmith.errors.TemplateError` at the first fault in its syntax."""
    parser = _Parser(source)
    parser.check_characters()
    body = parser.body(None)
    body.end = len(source.text)
    return body


def parse_expression(source: Source) -> nodes.Expression:
    """The whole text as one expression, which may span lines."""
    parser = _Parser(source)
    parser.check_characters()
    parser.free = 1
    expression = parser.expression()
    parser.skip_space()
    if not parser.ended:
        parser.fail(f"Expected the end of the expression, found {parser.found()}")
    return expression


def parse_template(source: Source) -> nodes.Expression:
    """The whole text as a template: what `templatefile` and strings in JSON hold."""
    return _Parser(source).bare()


class _Parser(ExpressionParser):
    """Reads bodies."""

    def check_characters(self) -> None:
        """Refuse what no text file holds."""
        offset = self.text.find("\0")
        if offset >= 0:
            self.fail("There is a NUL character in the file", hint="Is it really a text file?", offset=offset)

    def body(self, opened: nodes.Block | None) -> nodes.Body:
        """Read arguments and blocks up to the brace that closes ``opened``, or to the end of the file."""
        body = nodes.Body(self.source, self.at, self.at)
        while True:
            self.skip_lines()
            if plain := _ARGUMENT.match(self.text, self.at):
                self.at = plain.end() - 1
                self._argument(body, plain.group(1), plain.start())
                self._end_line("argument")
                continue
            if self.ended:
                if opened is not None:
                    title = f'The block "{opened.type}" is never closed'
                    self.fail(title, hint="Add the missing }", offset=opened.end)
                return body
            if opened is not None and self.take("}"):
                body.end = self.at - 1
                return body
            self._entry(body)

    def _entry(self, body: nodes.Body) -> None:
        start = self.at
        name = self.name()
        if not name:
            hint = "Quotes don't belong around the name of an argument" if self.sees('"') else ""
            self.fail(f"Expected an argument or a block, found {self.found()}", hint=hint)
        self.skip_space()
        if self.sees("=") and not self.sees("=="):
            self._argument(body, name, start)
            self._end_line("argument")
        else:
            body.blocks.append(self._block(name, start))
            self._end_line("block")

    def _end_line(self, kind: str) -> None:
        if not self.line_ends():
            self.skip_space()
            self.fail(f"Expected a new line after the {kind}, found {self.found()}")

    def _argument(self, body: nodes.Body, name: str, start: int) -> None:
        self.at += 1
        expression = self.expression()
        if name in body.arguments:
            first = body.arguments[name].location
            self.fail(f'The argument "{name}" is given twice', f"The first one is on line {first.line}", offset=start)
        body.arguments[name] = nodes.Argument(self.source, start, self.at, name, expression)

    def _block(self, name: str, start: int) -> nodes.Block:
        labels = self._labels(name, start)
        opening = self.at - 1
        self.deeper(start)
        block = nodes.Block(self.source, start, opening, name, labels, nodes.Body(self.source, self.at, self.at))
        free, self.free = self.free, 0
        mark = self.at
        self.skip_space()
        if self.line_ends() and self.text[self.at - 1] == "\n":
            block.body = self.body(block)
        else:
            self.at = mark
            self._single_line(block)
        self.free = free
        self.depth -= 1
        block.end = self.at
        return block

    def _labels(self, name: str, start: int) -> list[nodes.Label]:
        """Read labels and the opening brace."""
        labels: list[nodes.Label] = []
        while True:
            self.skip_space()
            offset = self.at
            if self.take("{"):
                return labels
            label = self._quoted_label() if self.sees('"') else self.name()
            if self.at == offset:
                if not labels:
                    hint = f"Write {name} = … for an argument, {name} {{ for a block"
                    self.fail(f'Expected = or {{ after "{name}", found {self.found()}', hint=hint, offset=start)
                self.fail(f"Expected {{ to open the block, found {self.found()}")
            labels.append(nodes.Label(self.source, offset, self.at, label))

    def _quoted_label(self) -> str:
        offset = self.at
        quoted = self.quoted()
        if not isinstance(quoted, nodes.Literal):
            self.fail("The label of a block can't hold ${ } or %{ }", hint="Write the plain text", offset=offset)
        return str(quoted.value.raw)

    def _single_line(self, block: nodes.Block) -> None:
        self.skip_space()
        if self.take("}"):
            return
        start = self.at
        name = self.name()
        if self.ended:
            title = f'The block "{block.type}" is never closed'
            self.fail(title, hint="Add the missing }", offset=block.end)
        self.skip_space()
        if not name or not self.sees("="):
            hint = "Put the contents of the block on lines of their own"
            self.fail(f"A block on one line can only hold one argument, found {self.found()}", hint=hint)
        self._argument(block.body, name, start)
        self.skip_space()
        if not self.take("}"):
            hint = "Put each argument on a line of its own"
            self.fail(f"A block on one line can only hold one argument, found {self.found()}", hint=hint)
        block.body.end = self.at - 1
