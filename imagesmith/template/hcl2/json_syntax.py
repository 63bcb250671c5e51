"""The JSON spelling of the language (``*.pkr.json``): the same bodies, blocks and expressions from a JSON document.

Which keys are blocks follows from where they stand; inside a plugin's body everything is an argument, and objects do
for blocks. Strings are templates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from imagesmith.errors import Location
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.cty import NULL, boolean, number, string
from imagesmith.template.hcl2.parser import parse_template
from imagesmith.template.hcl2.source import Source, failure
from imagesmith.template.json.reader import Member, Node, read


@dataclass(frozen=True, slots=True)
class _Shape:
    """How many labels a block has, and which blocks stand inside it."""

    labels: int = 0
    blocks: Mapping[str, _Shape] = field(default_factory=dict)


_INSIDE: dict[str, _Shape] = {}
_INSIDE["dynamic"] = _Shape(1, {"content": _Shape(0, _INSIDE)})
_PLUGIN = _Shape(1, _INSIDE)
_CHAIN = {"post-processor": _PLUGIN, "dynamic": _Shape(1, {"content": _Shape(0, _INSIDE)})}
_BUILD = _Shape(
    0,
    {
        "source": _PLUGIN,
        "provisioner": _PLUGIN,
        "error-cleanup-provisioner": _PLUGIN,
        "post-processor": _PLUGIN,
        "post-processors": _Shape(0, _CHAIN),
        "dynamic": _Shape(1, {"content": _Shape(0, _CHAIN)}),
        "hcp_packer_registry": _Shape(0),
        "from": _Shape(1),
    },
)
_FILE = {
    "packer": _Shape(0, {"required_plugins": _Shape(0)}),
    "variable": _Shape(1, {"validation": _Shape(0)}),
    "variables": _Shape(0),
    "local": _Shape(1),
    "locals": _Shape(0),
    "data": _Shape(2),
    "source": _Shape(2, _INSIDE),
    "build": _BUILD,
    "hcp_packer_registry": _Shape(0),
    "communicator": _Shape(2),
}
_COMMENT = "//"


class _Placed(Source):
    """The text of one JSON string; whatever is wrong in it stands where the string stands."""

    def __init__(self, place: Location, text: str) -> None:
        super().__init__(place.file, text)
        self.place = place

    def location(self, offset: int) -> Location:
        return self.place

    def inner(self, offset: int, text: str) -> Source:
        return _Placed(self.place, text)


def parse_json_body(name: str, text: str) -> nodes.Body:
    """The whole file as a body. Raises `imagesmith.errors.TemplateError`."""
    document = read(text, name)
    body = nodes.Body(_Placed(document.location, ""), 0, 0)
    for members in _objects(document):
        _fill(body, members, _FILE)
    return body


def parse_json_arguments(name: str, text: str) -> dict[str, nodes.Argument]:
    """The file as arguments only, as variable files are. Strings are no templates there, but taken as they are."""
    document = read(text, name)
    if not isinstance(document.value, dict):
        raise failure("An object is wanted here", hint="Write { … }", location=document.location)
    return {
        key: nodes.Argument(_Placed(member.location, key), 0, len(key), key, _expression(member.node, literal=True))
        for key, member in document.value.items()
        if key != _COMMENT
    }


def _objects(node: Node) -> Iterator[Mapping[str, Member]]:
    """The object, or each object of an array."""
    if isinstance(node.value, dict):
        yield node.value
    elif isinstance(node.value, list):
        for item in node.value:
            yield from _objects(item)
    else:
        raise failure("An object is wanted here", hint="Write { … }", location=node.location)


def _fill(body: nodes.Body, members: Mapping[str, Member], blocks: Mapping[str, _Shape]) -> None:
    for name, member in members.items():
        if name == _COMMENT:
            continue
        source = _Placed(member.location, name)
        if name in blocks:
            body.blocks += _blocks(name, blocks[name], member.node, [], source)
        elif name in body.arguments:
            raise failure(f'The argument "{name}" is given twice', location=member.location)
        else:
            body.arguments[name] = nodes.Argument(source, 0, len(name), name, _expression(member.node))


def _blocks(kind: str, shape: _Shape, node: Node, labels: list[nodes.Label], source: Source) -> Iterator[nodes.Block]:
    """One block for each object, none for null; above them stand as many levels of objects as there are labels."""
    if node.value is None:
        return
    for members in _objects(node):
        if len(labels) < shape.labels:
            for name, member in members.items():
                if name != _COMMENT:
                    place = _Placed(member.location, name)
                    label = nodes.Label(place, 0, len(name), name)
                    yield from _blocks(kind, shape, member.node, [*labels, label], place)
            continue
        body = nodes.Body(source, 0, 0)
        _fill(body, members, shape.blocks)
        yield nodes.Block(source, 0, 0, kind, labels, body)


def _expression(node: Node, *, literal: bool = False) -> nodes.Expression:
    """The value; strings in it are templates, unless they are taken literally."""
    value = node.value
    if isinstance(value, str):
        source = _Placed(node.location, value)
        if literal or ("${" not in value and "%{" not in value):
            return nodes.Literal(source, 0, len(value), string(value))
        return parse_template(source)
    source = _Placed(node.location, "")
    if isinstance(value, dict):
        items = [
            (_key(name, member, literal=literal), _expression(member.node, literal=literal))
            for name, member in value.items()
            if name != _COMMENT
        ]
        return nodes.ObjectItems(source, 0, 0, items)
    if isinstance(value, list):
        return nodes.TupleItems(source, 0, 0, [_expression(item, literal=literal) for item in value])
    if value is None:
        return nodes.Literal(source, 0, 0, NULL)
    if isinstance(value, bool):
        return nodes.Literal(source, 0, 0, boolean(value))
    return nodes.Literal(source, 0, 0, number(value if isinstance(value, int) else Fraction(repr(value))))


def _key(name: str, member: Member, *, literal: bool) -> nodes.Expression:
    source = _Placed(member.location, name)
    if not literal and ("${" in name or "%{" in name):
        return nodes.Parentheses(source, 0, len(name), parse_template(source))
    return nodes.Literal(source, 0, len(name), string(name))
