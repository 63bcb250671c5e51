"""Functions of strings."""

from __future__ import annotations

import re

from imagesmith.template.hcl2 import graphemes
from imagesmith.template.hcl2.cty import (
    BOOL,
    DYNAMIC,
    NULL,
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


@function("chomp", STRING, returns=STRING)
def chomp(text: str) -> str:
    """chomp(string): the string without the line ends at its end."""
    return text.rstrip("\r\n")


@function("endswith", STRING, STRING, returns=BOOL)
def endswith(text: str, suffix: str) -> bool:
    """endswith(string, suffix): whether the string ends like this."""
    return text.endswith(suffix)


@function("format", STRING, rest=Parameter(DYNAMIC, null=True), returns=STRING)
def format_values(pattern: str, *values: Value) -> str:
    """format(pattern, value, …): the pattern with %s, %d, %q, %v, … replaced by the values."""
    return formatting.render(pattern, values)


@function("formatlist", STRING, rest=Parameter(DYNAMIC, null=True), returns=ListOf(STRING))
def formatlist(pattern: str, *values: Value) -> Value:
    """formatlist(pattern, list, …): the pattern for each element of the lists."""
    return list_of(STRING, [string(text) for text in formatting.render_each(pattern, values)])


@function("indent", NUMBER, STRING, returns=STRING)
def indent(spaces: Number, text: str) -> str:
    """indent(spaces, string): all lines but the first moved to the right."""
    if not isinstance(spaces, int) or spaces < 0:
        raise FunctionProblem("a whole number of spaces is wanted", 0)
    return text.replace("\n", "\n" + " " * min(spaces, 10_000))


@function("join", STRING, ListOf(STRING), rest=ListOf(STRING), returns=STRING)
def join(separator: str, *lists: Value) -> str:
    """join(separator, list, …): the elements with the separator between them."""
    items = [(position + 1, item) for position, values in enumerate(lists) for item in values.raw]
    for position, item in items:
        if item.is_null:
            raise FunctionProblem("null can't be joined", position)
    return separator.join(item.raw for _, item in items)


@function("lower", STRING, returns=STRING)
def lower(text: str) -> str:
    """lower(string): the string in lower case."""
    return text.lower() if text.isascii() else "".join(character.lower()[0] for character in text)


@function("regex", STRING, STRING)
def regex(pattern: str, text: str) -> Value:
    """regex(pattern, string): the first match, or its groups."""
    match = regular.compiled(pattern, 0).search(text)
    if match is None:
        raise FunctionProblem("the pattern matches nothing in the string; use try or regexall to allow that", 1)
    return _match(match)


@function("regexall", STRING, STRING)
def regexall(pattern: str, text: str) -> Value:
    """regexall(pattern, string): all matches as a list."""
    expression = regular.compiled(pattern, 0)
    found = [_match(match) for match in expression.finditer(text)]
    return list_of(found[0].type, found) if found else list_of(DYNAMIC, [])


def _match(match: re.Match[str]) -> Value:
    named = match.groupdict()
    if named:
        return object_of({name: NULL_STRING if text is None else string(text) for name, text in named.items()})
    if match.re.groups:
        return tuple_of(NULL_STRING if text is None else string(text) for text in match.groups())
    return string(match.group())


NULL_STRING = Value(STRING, NULL.raw)


@function("regex_replace", STRING, STRING, STRING, returns=STRING)
def regex_replace(text: str, pattern: str, replacement: str) -> str:
    """regex_replace(string, pattern, replacement): every match replaced; $1 and ${name} stand for groups."""
    expression = regular.compiled(pattern, 1)
    return expression.sub(lambda match: regular.expand(replacement, match), text)


@function("replace", STRING, STRING, STRING, returns=STRING)
def replace(text: str, old: str, new: str) -> str:
    """replace(string, old, new): every occurrence replaced."""
    return text.replace(old, new)


@function("split", STRING, STRING, returns=ListOf(STRING))
def split(separator: str, text: str) -> Value:
    """split(separator, string): the parts between the separators."""
    parts = text.split(separator) if separator else list(text)
    return list_of(STRING, [string(part) for part in parts])


@function("startswith", STRING, STRING, returns=BOOL)
def startswith(text: str, prefix: str) -> bool:
    """startswith(string, prefix): whether the string begins like this."""
    return text.startswith(prefix)


@function("strcontains", STRING, STRING, returns=BOOL)
def strcontains(text: str, part: str) -> bool:
    """strcontains(string, part): whether the part occurs in the string."""
    return part in text


@function("strrev", STRING, returns=STRING)
def strrev(text: str) -> str:
    """strrev(string): the characters in reverse order."""
    return "".join(reversed(graphemes.split(text)))


@function("substr", STRING, NUMBER, NUMBER, returns=STRING)
def substr(text: str, offset: Number, length: Number) -> str:
    """substr(string, offset, length): a part of the string; a length of -1 means the rest."""
    if not isinstance(offset, int) or not isinstance(length, int):
        raise FunctionProblem("a whole number is wanted", 2 if isinstance(offset, int) else 1)
    characters = graphemes.split(text)
    start = max(offset + len(characters), 0) if offset < 0 else offset
    return "".join(characters[start:] if length < 0 else characters[start : start + length])


@function("title", STRING, returns=STRING)
def title(text: str) -> str:
    """title(string): the first letter of each word in upper case."""
    return re.sub(r"(?<!\w)\w", lambda match: upper(match.group()), text)


@function("trim", STRING, STRING, returns=STRING)
def trim(text: str, characters: str) -> str:
    """trim(string, characters): the string without these characters at both ends."""
    return text.strip(characters) if characters else text


@function("trimprefix", STRING, STRING, returns=STRING)
def trimprefix(text: str, prefix: str) -> str:
    """trimprefix(string, prefix): the string without this beginning."""
    return text.removeprefix(prefix)


@function("trimsuffix", STRING, STRING, returns=STRING)
def trimsuffix(text: str, suffix: str) -> str:
    """trimsuffix(string, suffix): the string without this end."""
    return text.removesuffix(suffix)


@function("trimspace", STRING, returns=STRING)
def trimspace(text: str) -> str:
    """trimspace(string): the string without white space at both ends."""
    return text.strip()


@function("upper", STRING, returns=STRING)
def upper(text: str) -> str:
    """upper(string): the string in upper case."""
    if text.isascii():
        return text.upper()
    # One character stays one: the German sharp s keeps its form, as in Go.
    return "".join(upper if len(upper := character.upper()) == 1 else character for character in text)
