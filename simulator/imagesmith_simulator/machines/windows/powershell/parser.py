"""Parsing statements and commands."""

from __future__ import annotations

import re

from imagesmith_simulator.machines.windows.powershell import nodes
from imagesmith_simulator.machines.windows.powershell.expressions import ExpressionParser

_ASSIGNMENT = re.compile(r"(\+|-|\*|/|%)?=(?!=)")
_PARAMETER = re.compile(r"-([A-Za-z_?][\w-]*)(:)?")
_REDIRECT = re.compile(r"([1-6*])?(>>|>)(&[12])?")
_BARE_END = set(" \t\n\r;|&(){},<>") | {""}
_NUMERIC = re.compile(r"-?(?:0x[0-9a-fA-F]+|\d+)(kb|mb|gb)?", re.IGNORECASE)
_STARTS_EXPRESSION = re.compile(
    r"[$@(\[{\"'\u2018\u2019\u201c\u201d,!]|\d|-\d|-\(|-\$|\+\+|--|-not\b|-bnot\b|-split\b|-join\b|\.\d", re.IGNORECASE
)
_NUMBER_COMMAND = re.compile(r"\d+[A-Za-z_\\]")
_KEYWORDS = [
    "if",
    "while",
    "do",
    "for",
    "foreach",
    "switch",
    "try",
    "function",
    "filter",
    "return",
    "exit",
    "throw",
    "break",
    "continue",
    "trap",
    "param",
]


class Parser(ExpressionParser):
    """The whole language, as far as it is known."""

    def script(self) -> nodes.Block:
        """Parse everything. Raises `scanner.ParseError`."""
        return self.block_until("")

    def block_until(self, closing: str) -> nodes.Block:
        block = nodes.Block(self.line, [])
        self.skip(lines=True)
        self._attributes()
        if self.word("param"):
            block.parameters = self._parameters()
        while True:
            self.skip(lines=True)
            if name := self.word("begin", "process", "end"):
                self.expect("{")
                block.named[name] = self.statements_until("}")
                continue
            break
        body = self.statements_until(closing)
        block.statements, block.traps = body.statements, body.traps
        return block

    def statements_until(self, closing: str) -> nodes.Block:
        block = nodes.Block(self.line, [])
        while True:
            self.skip(lines=True)
            while self.take(";"):
                self.skip(lines=True)
            if (closing and self.take(closing)) or (not closing and not self.char):
                return block
            if not self.char:
                raise self.error(f"Missing closing '{closing}' in statement block or type definition.")
            statement = self._statement()
            if isinstance(statement, nodes.Trap):
                block.traps.append(statement)
            else:
                block.statements.append(statement)
            self.skip()
            goes_on = self.char and self.char not in ";\n" and not (closing and self.peek(closing))
            if goes_on and not self._ended_by_brace():
                raise self.unexpected()

    def _ended_by_brace(self) -> bool:
        return self.text[: self.at].rstrip().endswith("}")

    def _statement(self) -> nodes.Node:
        line = self.line
        if self.char == ":" and re.match(r":\w+\s", self.text[self.at :]):
            raise self.error("Loop labels are not known to the simulated PowerShell.")
        keyword = self.word(*_KEYWORDS)
        if keyword:
            return getattr(self, f"_{keyword}")(line)  # type: ignore[no-any-return]
        return self._pipeline_or_assignment()

    def statement_value(self) -> nodes.Node:
        keyword = self.word("if", "while", "do", "for", "foreach", "switch", "try")
        if keyword:
            return getattr(self, f"_{keyword}")(self.line)  # type: ignore[no-any-return]
        return self._pipeline_or_assignment()

    def _pipeline_or_assignment(self) -> nodes.Node:
        line = self.line
        if self._begins_expression():
            first = self.expression()
            self.skip()
            found = self.match(_ASSIGNMENT)
            if found:
                self.skip(lines=True)
                return nodes.Assign(line, first, found.group(1) or "", self.statement_value())
            element = self._redirected(first, line)
        else:
            element = self._command()
        elements = [element]
        while True:
            self.skip()
            if self.peek("||") or not self.take("|"):
                break
            self.skip(lines=True)
            elements.append(self.expression() if self._begins_expression() else self._command())
        return nodes.Pipeline(line, elements)

    def _redirected(self, expression: nodes.Node, line: int) -> nodes.Node:
        """An expression whose output goes to a file is a command that prints it."""
        redirects = self._redirects()
        if not redirects:
            return expression
        return nodes.Command(line, "", nodes.Const(line, "Write-Output"), [expression], redirects)

    def _redirects(self) -> list[nodes.Redirect]:
        redirects: list[nodes.Redirect] = []
        while True:
            self.skip()
            found = self.match(_REDIRECT)
            if not found:
                return redirects
            self.skip()
            target = found.group(3) or self._argument()
            redirects.append(nodes.Redirect(self.line, found.group(1) or "1", found.group(2) == ">>", target))

    def _begins_expression(self) -> bool:
        rest = self.text[self.at : self.at + 40]
        if self.char == "@" and re.match(r"@\w", rest):
            return False
        return bool(_STARTS_EXPRESSION.match(rest)) and not _NUMBER_COMMAND.match(rest)

    def _command(self) -> nodes.Node:
        line = self.line
        operator = ""
        if self.char == "&" and not self.peek("&&"):
            operator = self.take("&")
        elif re.match(r"\.[\s'\"$({]", self.text[self.at :]):
            operator = self.take(".")
        self.skip()
        if not operator and self.char in _BARE_END:
            raise self.unexpected() if self.char else self.error("An empty pipe element is not allowed.")
        name = self._argument() if operator else self._bare()
        command = nodes.Command(line, operator, name, [])
        while True:
            command.redirects += self._redirects()
            self.skip()
            if not self.char or self.char in ";|)}\n" or self.char == "&":
                return command
            command.arguments.append(self._command_argument())

    def _command_argument(self) -> nodes.Node:
        line = self.line
        if self.char == "@" and re.match(r"@[A-Za-z_]\w*", self.text[self.at :]):
            self.at += 1
            found = self.match(re.compile(r"\w+"))
            return nodes.Splat(line, found.group(0) if found else "")
        found = self.match(_PARAMETER)
        if found and (not self.char or self.char in _BARE_END or found.group(2)):
            value = None
            if found.group(2):
                self.skip()
                value = self._argument_list()
            return nodes.Parameter(line, found.group(1), value)
        if found:
            self.at = found.start()
        return self._argument_list()

    def _argument_list(self) -> nodes.Node:
        line = self.line
        items = [self._argument()]
        while True:
            start = self.at
            self.skip()
            if not self.take(","):
                self.at = start
                break
            self.skip(lines=True)
            items.append(self._argument())
        return items[0] if len(items) == 1 else nodes.ArrayOf(line, items)

    def _argument(self) -> nodes.Node:
        if self.char == "$" and not self.peek("$("):
            start = self.at
            variable = self.variable()
            if variable and (self.char in _BARE_END or self.char in ".["):
                return self._postfix(variable)
            self.at = start
            return self._bare()
        if self.char in "\"'\u2018\u2019\u201c\u201d":
            start = self.at
            text = self.string()
            if text and (self.char in _BARE_END or self.char in ".["):
                return self._postfix(text)
            self.at = start
            return self._bare()
        if self.peek("(", "@(", "@{", "{", "$("):
            return self._postfix(self._primary())
        return self._bare()

    def _bare(self) -> nodes.Node:
        """A word without quotes, in which ``$`` is still replaced."""
        line = self.line
        parts: list[object] = []
        begin = self.at
        while self.char not in _BARE_END:
            if self.char in "\"'":
                inner = self.string()
                parts += inner.parts if isinstance(inner, nodes.Expandable) else [getattr(inner, "value", "")]
            else:
                self.piece(parts)
        raw = self.text[begin : self.at]
        if not raw:
            raise self.unexpected()
        if _NUMERIC.fullmatch(raw):
            self.at = begin
            sign = -1 if self.take("-") else 1
            number = self.number()
            return nodes.Const(line, sign * number if number is not None else raw)
        if any(isinstance(part, nodes.Node) for part in parts):
            return nodes.Expandable(line, parts)
        return nodes.Const(line, "".join(str(part) for part in parts))

    def _condition(self) -> nodes.Node:
        self.expect("(")
        self.skip(lines=True)
        condition = self.statement_value()
        self.expect(")")
        return condition

    def _body(self) -> nodes.Block:
        self.expect("{")
        return self.statements_until("}")

    def _if(self, line: int) -> nodes.If:
        branches = [(self._condition(), self._body())]
        otherwise = None
        while True:
            start = self.at
            self.skip(lines=True)
            if self.word("elseif"):
                branches.append((self._condition(), self._body()))
            elif self.word("else"):
                otherwise = self._body()
                break
            else:
                self.at = start
                break
        return nodes.If(line, branches, otherwise)

    def _while(self, line: int) -> nodes.While:
        return nodes.While(line, self._condition(), self._body())

    def _do(self, line: int) -> nodes.While:
        body = self._body()
        self.skip(lines=True)
        word = self.word("while", "until")
        if not word:
            raise self.error("Missing while or until keyword after do loop.")
        return nodes.While(line, self._condition(), body, first=True, until=word == "until")

    def _for(self, line: int) -> nodes.For:
        self.expect("(")
        parts: list[nodes.Node | None] = []
        for closing in (";", ";", ")"):
            self.skip(lines=True)
            parts.append(None if self.peek(closing) else self._comma_separated())
            self.expect(closing)
        return nodes.For(line, parts[0], parts[1], parts[2], self._body())

    def _comma_separated(self) -> nodes.Node:
        return self._pipeline_or_assignment()

    def _foreach(self, line: int) -> nodes.Node:
        self.skip()
        if self.char != "(":  # the alias, as the first command of a pipeline
            raise self.unexpected()
        self.expect("(")
        self.skip(lines=True)
        variable = self.variable()
        self.skip(lines=True)
        if variable is None or not self.word("in"):
            raise self.error("Missing 'in' after variable in foreach loop.")
        self.skip(lines=True)
        items = self.statement_value()
        self.expect(")")
        return nodes.ForEach(line, variable, items, self._body())

    def _switch(self, line: int) -> nodes.Switch:
        flags: set[str] = set()
        self.skip()
        while found := self.match(re.compile(r"-(\w+)\s*")):
            flags.add(found.group(1).lower())
        value = self._condition()
        self.expect("{")
        clauses: list[tuple[nodes.Node | None, nodes.Block]] = []
        while True:
            self.skip(lines=True)
            while self.take(";"):
                self.skip(lines=True)
            if self.take("}"):
                return nodes.Switch(line, value, flags, clauses)
            condition = None if self.word("default") else self._argument()
            clauses.append((condition, self._body()))

    def _try(self, line: int) -> nodes.Try:
        node = nodes.Try(line, self._body(), [], None)
        while True:
            start = self.at
            self.skip(lines=True)
            if self.word("catch"):
                node.catches.append((self._catch_types(), self._body()))
            elif self.word("finally"):
                node.finally_ = self._body()
            else:
                self.at = start
                break
        if not node.catches and node.finally_ is None:
            raise self.error("The Try statement is missing its Catch or Finally block.")
        return node

    def _catch_types(self) -> list[nodes.TypeName]:
        types: list[nodes.TypeName] = []
        while True:
            self.skip(lines=True)
            if self.char != "[":
                return types
            types.append(self._type_only())
            self.skip(lines=True)
            self.take(",")

    def _trap(self, line: int) -> nodes.Trap:
        self._catch_types()
        return nodes.Trap(line, self._body())

    def _function(self, line: int) -> nodes.Function:
        self.skip()
        found = self.match(re.compile(r"(?:(?:global|script|local):)?([\w:?-]+)", re.IGNORECASE))
        if not found:
            raise self.error("Missing function name after the function keyword.")
        self.skip(lines=True)
        parameters = self._parameters() if self.peek("(") else []
        self.expect("{")
        body = self.block_until("}")
        body.parameters = body.parameters or parameters
        return nodes.Function(line, found.group(1), body)

    def _filter(self, line: int) -> nodes.Function:
        function = self._function(line)
        function.body.named["process"] = nodes.Block(line, function.body.statements)
        function.body.statements = []
        return function

    def _attributes(self) -> bool:
        """Pass ``[CmdletBinding()]``, ``[Parameter(…)]`` and the like; whether one of them says Mandatory."""
        mandatory = False
        while found := re.match(r"\[\s*\w+\s*\(", self.text[self.at :]):
            depth, end = 0, self.at
            while True:
                if end >= len(self.text):
                    raise self.error("Missing ']' at end of attribute.")
                depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(self.text[end], 0)
                end += 1
                if depth == 0:
                    break
            mandatory |= "mandatory" in self.text[self.at + found.end() - 1 : end].lower()
            self.at = end
            self.skip(lines=True)
        return mandatory

    def _parameters(self) -> list[nodes.ParameterDefinition]:
        self.expect("(")
        parameters: list[nodes.ParameterDefinition] = []
        while True:
            self.skip(lines=True)
            if self.take(")"):
                return parameters
            mandatory = self._attributes()
            kind = None
            while self.char == "[":
                mandatory |= self._attributes()
                if self.char == "[":
                    found = self._type_only()
                    kind = found
                self.skip(lines=True)
            variable = self.variable()
            if variable is None:
                raise self.error("Missing variable name in the parameter list.")
            parameter = nodes.ParameterDefinition(variable.name, kind, None, mandatory=mandatory)
            parameter.switch = kind is not None and kind.name.lower() in ("switch", "switchparameter")
            self.skip(lines=True)
            if self.take("="):
                self.skip(lines=True)
                parameter.default = self.expression(comma=False)
            parameters.append(parameter)
            self.skip(lines=True)
            self.take(",")

    def _type_only(self) -> nodes.TypeName:
        found = self.match(re.compile(r"\[\s*([A-Za-z_][\w.]*)(\[\])?\s*\]"))
        if not found:
            raise self.error("Missing type name after '['.")
        return nodes.TypeName(self.line, found.group(1), bool(found.group(2)))

    def _param(self, line: int) -> nodes.Node:
        raise self.error("The param block must come first.")

    def _flow(self, word: str, line: int) -> nodes.Flow:
        self.skip()
        value = None if not self.char or self.char in ";\n})" else self.statement_value()
        return nodes.Flow(line, word, value)

    def _return(self, line: int) -> nodes.Flow:
        return self._flow("return", line)

    def _exit(self, line: int) -> nodes.Flow:
        return self._flow("exit", line)

    def _throw(self, line: int) -> nodes.Flow:
        return self._flow("throw", line)

    def _break(self, line: int) -> nodes.Flow:
        return self._flow("break", line)

    def _continue(self, line: int) -> nodes.Flow:
        return self._flow("continue", line)
