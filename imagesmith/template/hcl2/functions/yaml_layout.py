"""Values as YAML text, laid out as Packer does, byte for byte: blocks, keys in quotes, long lines folded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from imagesmith.template.hcl2 import numeric
from imagesmith.template.hcl2.cty import Value, string

_WIDTH = 80
_LONGEST_KEY = 128
_BREAKS = "\r\n\x85\u2028\u2029"
_NAMED = {
    "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r",
    "\x1b": "\\e", '"': '\\"', "\\": "\\\\", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip


def encode(value: Value) -> str:
    """The value as a document."""
    if isinstance(value.raw, str) and not ("\n" in value.raw and _literal_allowed(value.raw)):
        return _quoted(value.raw, 2, 0) + "\n"
    text = "".join(_node(value, 0))
    # A plain word at the end of the document could go on in the next line, so the end is marked.
    return text + "...\n" if not isinstance(value.raw, str | tuple | dict) else text


def _node(value: Value, indent: int) -> Iterator[str]:
    """A node that begins where it stands, with its line's end; the lines after the first are moved by ``indent``."""
    raw = value.raw
    if isinstance(raw, dict) and raw:
        yield from _mapping(raw, indent)
    elif isinstance(raw, tuple) and raw:
        yield from _sequence(raw, indent)
    elif isinstance(raw, str) and "\n" in raw and _literal_allowed(raw):
        yield from _literal(raw, indent or 2)
    else:
        yield _scalar(raw, indent, indent) + "\n"


def _sequence(items: tuple[Value, ...], indent: int) -> Iterator[str]:
    for position, item in enumerate(items):
        yield (" " * indent if position else "") + "- "
        yield from _node(item, indent + 2)


def _mapping(entries: dict[str, Value], indent: int) -> Iterator[str]:
    for position, (name, value) in enumerate(entries.items()):
        yield " " * indent if position else ""
        if "\n" in name or len(name.encode()) > _LONGEST_KEY:
            yield "? "
            yield from _node(string(name), indent + 2)
            yield " " * indent + ": "
            yield from _node(value, indent + 2)
        else:
            key = _quoted(name, 0, 0, fold=False)
            yield f"{key}:"
            yield from _entry(value, indent, indent + len(key) + 2)


def _entry(value: Value, indent: int, column: int) -> Iterator[str]:
    """What follows a key and its colon."""
    raw = value.raw
    if isinstance(raw, dict) and raw:
        yield "\n" + " " * (indent + 2)
        yield from _mapping(raw, indent + 2)
    elif isinstance(raw, tuple) and raw:
        yield "\n" + " " * indent
        yield from _sequence(raw, indent)
    elif isinstance(raw, str) and "\n" in raw and _literal_allowed(raw):
        yield " "
        yield from _literal(raw, indent + 2)
    else:
        yield f" {_scalar(raw, indent + 2, column)}\n"


def _scalar(raw: object, indent: int, column: int) -> str:
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        return _quoted(raw, indent, column)
    if isinstance(raw, tuple | dict):
        return "[]" if isinstance(raw, tuple) else "{}"
    return numeric.text(raw)  # type: ignore[arg-type]


def _printable(character: str) -> bool:
    if character < "\x7f":
        return character >= " " or character == "\n"
    return character == "\x85" or "\xa0" <= character <= "\ud7ff" or "\ue000" <= character <= "\ufffd"


def _literal_allowed(text: str) -> bool:
    """Whether the text can stand with its line ends: nothing to be escaped, no line that ends with a space."""
    if text.endswith(" ") or not all(map(_printable, text)) or "\ufeff" in text:
        return False
    return not any(one == " " and after in _BREAKS for one, after in itertools.pairwise(text))


def _literal(text: str, indent: int) -> Iterator[str]:
    first = "2" if text[0] in " " + _BREAKS else ""
    last = "-" if text[-1] not in _BREAKS else "+" if len(text) == 1 or text[-2] in _BREAKS else ""
    yield f"|{first}{last}\n"
    start = True
    for character in text:
        if start and character not in _BREAKS:
            yield " " * indent
        yield character
        start = character in _BREAKS
    if last == "-":
        yield "\n"


def _quoted(text: str, indent: int, column: int, *, fold: bool = True) -> str:
    pieces = ['"']
    column += 1
    after_space = False
    for position, character in enumerate(text):
        if fold and character == " " and not after_space and column > _WIDTH and 0 < position < len(text) - 1:
            escape = "\\" if text[position + 1] == " " else ""
            pieces.append("\n" + " " * indent + escape)
            column = indent + len(escape)
        else:
            piece = _escaped(character)
            pieces.append(piece)
            column += len(piece)
        after_space = character == " "
    return "".join([*pieces, '"'])


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if _printable(character) and character != "\ufeff":
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
