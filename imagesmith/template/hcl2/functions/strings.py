"""Functions of strings."""

from __future__ import annotations

from typing import Any

from imagesmith.template.hcl2 import graphemes
from imagesmith.template.hcl2.budget import spend_text
from imagesmith.template.hcl2.cty import (
    BOOL,
    DYNAMIC,
    NUMBER,
    STRING,
    ListOf,
    Number,
    Value,
    list_of,
    object_of,
    string,
    tuple_of,
)
from imagesmith.template.hcl2.functions import formatting, regular
from imagesmith.template.hcl2.functions.registry import FunctionProblem, Parameter, function


@function("chomp(string)", STRING, returns=STRING)
def chomp(text: str) -> str:
    """The string without the line ends at its end."""
    return text.rstrip("\r\n")


@function("endswith(string, suffix)", STRING, STRING, returns=BOOL)
def endswith(text: str, suffix: str) -> bool:
    """Whether the string ends like this."""
    return text.endswith(suffix)


@function("format(pattern, value, …)", STRING, rest=Parameter(DYNAMIC, null=True), returns=STRING)
def format_values(pattern: str, *values: Value) -> str:
    """The pattern with %s, %d, %q, %v, … replaced by the values."""
    return formatting.render(pattern, values)


@function("formatlist(pattern, list, …)", STRING, rest=Parameter(DYNAMIC, null=True), returns=ListOf(STRING))
def formatlist(pattern: str, *values: Value) -> Value:
    """The pattern for each element of the lists."""
    return list_of(STRING, [string(text) for text in formatting.render_each(pattern, values)])


@function("indent(spaces, string)", NUMBER, STRING, returns=STRING)
def indent(spaces: Number, text: str) -> str:
    """All lines but the first moved to the right."""
    if not isinstance(spaces, int) or spaces < 0:
        raise FunctionProblem("a whole number of spaces is wanted", 0)
    spend_text(len(text) + text.count("\n") * min(spaces, 10_000))
    return text.replace("\n", "\n" + " " * min(spaces, 10_000))


@function("join(separator, list, …)", STRING, ListOf(STRING), rest=ListOf(STRING), returns=STRING)
def join(separator: str, *lists: Value) -> str:
    """The elements with the separator between them."""
    items = [(position + 1, item) for position, values in enumerate(lists) for item in values.raw]
    for position, item in items:
        if item.is_null:
            raise FunctionProblem("null can't be joined", position)
    spend_text(len(separator) * len(items) + sum(len(item.raw) for _, item in items))
    return separator.join(item.raw for _, item in items)


@function("lower(string)", STRING, returns=STRING)
def lower(text: str) -> str:
    """The string in lower case."""
    return text.lower() if text.isascii() else "".join(character.lower()[0] for character in text)


@function("regex(pattern, string)", STRING, STRING)
def regex(pattern: str, text: str) -> Value:
    """The first match, or its groups."""
    expression = _captures(pattern)
    match = next(regular.matches(expression, text), None)
    if match is None:
        raise FunctionProblem("the pattern matches nothing in the string; use try or regexall to allow that", 1)
    return _match(match)


@function("regexall(pattern, string)", STRING, STRING)
def regexall(pattern: str, text: str) -> Value:
    """All matches as a list."""
    expression = _captures(pattern)
    found = [_match(match) for match in regular.matches(expression, text)]
    return list_of(found[0].type, found) if found else list_of(DYNAMIC, [])


def _captures(pattern: str) -> Any:
    expression = regular.compiled(pattern, 0)
    if expression.groupindex and len(expression.groupindex) != expression.groups:
        raise FunctionProblem("either all groups have names or none", 0)
    return expression


def _match(match: Any) -> Value:
    if names := match.re.groupindex:
        return object_of({name.decode(): _group(match, name) for name in names})
    if match.re.groups:
        return tuple_of(_group(match, number) for number in range(1, match.re.groups + 1))
    return _group(match, 0)


def _group(match: Any, group: int | bytes) -> Value:
    found = regular.text(match, group)
    return Value(STRING, None) if found is None else string(found)


@function("regex_replace(string, pattern, replacement)", STRING, STRING, STRING, returns=STRING)
def regex_replace(text: str, pattern: str, replacement: str) -> str:
    """Every match replaced; $1 and ${name} stand for groups."""
    return regular.replaced(regular.compiled(pattern, 1), text, replacement)


@function("replace(string, old, new)", STRING, STRING, STRING, returns=STRING)
def replace(text: str, old: str, new: str) -> str:
    """Every occurrence replaced."""
    spend_text(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


@function("split(separator, string)", STRING, STRING, returns=ListOf(STRING))
def split(separator: str, text: str) -> Value:
    """The parts between the separators."""
    parts = text.split(separator) if separator else list(text)
    return list_of(STRING, [string(part) for part in parts])


@function("startswith(string, prefix)", STRING, STRING, returns=BOOL)
def startswith(text: str, prefix: str) -> bool:
    """Whether the string begins like this."""
    return text.startswith(prefix)


@function("strcontains(string, part)", STRING, STRING, returns=BOOL)
def strcontains(text: str, part: str) -> bool:
    """Whether the part occurs in the string."""
    return part in text


@function("strrev(string)", STRING, returns=STRING)
def strrev(text: str) -> str:
    """The characters in reverse order."""
    return "".join(reversed(graphemes.split(text)))


@function("substr(string, offset, length)", STRING, NUMBER, NUMBER, returns=STRING)
def substr(text: str, offset: Number, length: Number) -> str:
    """A part of the string; a length of -1 means the rest."""
    if not isinstance(offset, int) or not isinstance(length, int):
        raise FunctionProblem("a whole number is wanted", 2 if isinstance(offset, int) else 1)
    characters = graphemes.split(text)
    start = max(offset + len(characters), 0) if offset < 0 else offset
    return "".join(characters[start:] if length < 0 else characters[start : start + length])


@function("title(string)", STRING, returns=STRING)
def title(text: str) -> str:
    """The first letter of each word in upper case."""
    pieces: list[str] = []
    before = " "
    for character in text:
        changed = character.title() if _separates(before) else character
        pieces.append(changed if len(changed) == 1 else character)
        before = character
    return "".join(pieces)


def _separates(character: str) -> bool:
    """Whether a word may begin after it: outside of ASCII only white space is known to separate words."""
    if character.isascii():
        return not (character.isalnum() or character == "_")
    return character in _WHITE


_WHITE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Go takes for white space."""


@function("trim(string, characters)", STRING, STRING, returns=STRING)
def trim(text: str, characters: str) -> str:
    """The string without these characters at both ends."""
    return text.strip(characters) if characters else text


@function("trimprefix(string, prefix)", STRING, STRING, returns=STRING)
def trimprefix(text: str, prefix: str) -> str:
    """The string without this beginning."""
    return text.removeprefix(prefix)


@function("trimsuffix(string, suffix)", STRING, STRING, returns=STRING)
def trimsuffix(text: str, suffix: str) -> str:
    """The string without this end."""
    return text.removesuffix(suffix)


@function("trimspace(string)", STRING, returns=STRING)
def trimspace(text: str) -> str:
    """The string without white space at both ends."""
    return text.strip(_WHITE)


@function("upper(string)", STRING, returns=STRING)
def upper(text: str) -> str:
    """The string in upper case."""
    if text.isascii():
        return text.upper()
    # One character stays one: the German sharp s keeps its form, as in Go.
    return "".join(one if len(one := character.upper()) == 1 else character for character in text)
