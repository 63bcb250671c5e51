"""Reading bodies: what may stand in them, dynamic blocks, and what plugins are given."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from imagesmith.options import Given
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.comprehension import pairs
from imagesmith.template.hcl2.conversion import NotConvertible, convert, text_of
from imagesmith.template.hcl2.cty import ANYTHING, STRING, Type, Value, friendly, object_of, to_plain, wholly_known
from imagesmith.template.hcl2.evaluator import evaluate
from imagesmith.template.hcl2.problems import Problems
from imagesmith.template.hcl2.scope import Scope, did_you_mean
from imagesmith.template.hcl2.source import failure


@dataclass(frozen=True, slots=True)
class Instance:
    """One block after dynamic blocks are expanded, and what its expressions can see."""

    block: nodes.Block
    labels: tuple[str, ...]
    scope: Scope


def instances(body: nodes.Body, scope: Scope, problems: Problems) -> Iterator[Instance]:
    """The blocks of a body; a dynamic block is none, one or several."""
    for block in body.blocks:
        if block.type == "dynamic":
            with problems.collecting():
                yield from _expanded(block, scope)
        else:
            yield Instance(block, tuple(label.name for label in block.labels), scope)


def _expanded(dynamic: nodes.Block, scope: Scope) -> Iterator[Instance]:
    """The blocks that a dynamic block stands for."""
    arguments, content = _dynamic_parts(dynamic)
    for_each = arguments["for_each"].expression
    found = pairs(evaluate(for_each, scope), for_each)
    name = _iterator(arguments.get("iterator"), dynamic.labels[0].name)
    # While it isn't known what there is to walk over, one block of unknown things stands for all.
    for key, value in found if found is not None else ((ANYTHING, ANYTHING),):
        inner = scope.with_variables({name: object_of({"key": key, "value": value})})
        labels = _dynamic_labels(arguments.get("labels"), inner)
        if labels is None:
            continue
        block = nodes.Block(
            dynamic.source, dynamic.start, dynamic.end, dynamic.labels[0].name, dynamic.labels[:1], content.body
        )
        yield Instance(block, labels, inner)


def _dynamic_parts(dynamic: nodes.Block) -> tuple[dict[str, nodes.Argument], nodes.Block]:
    place = dynamic.location
    if len(dynamic.labels) != 1:
        hint = 'Write dynamic "disk" { … }'
        raise failure("A dynamic block has one label, the type of the blocks to make", hint=hint, location=place)
    known = ("for_each", "iterator", "labels")
    for argument in dynamic.body.arguments.values():
        if argument.name not in known:
            hint = did_you_mean(argument.name, known) or "What belongs to the made blocks goes into content { }"
            raise failure(f'A dynamic block has no argument "{argument.name}"', hint=hint, location=argument.location)
    if "for_each" not in dynamic.body.arguments:
        raise failure('A dynamic block needs the argument "for_each"', location=place)
    others = [block for block in dynamic.body.blocks if block.type != "content"]
    if others:
        title = f'Only "content" can stand in a dynamic block, found "{others[0].type}"'
        raise failure(title, location=others[0].location)
    if len(dynamic.body.blocks) != 1:
        raise failure('A dynamic block needs one block "content"', location=place)
    return dynamic.body.arguments, dynamic.body.blocks[0]


def _iterator(argument: nodes.Argument | None, default: str) -> str:
    if argument is None:
        return default
    if not isinstance(argument.expression, nodes.Variable):
        raise failure("The iterator must be a plain name", location=argument.expression.location)
    return argument.expression.name


def _dynamic_labels(argument: nodes.Argument | None, scope: Scope) -> tuple[str, ...] | None:
    """The labels of one block; None while they aren't known."""
    if argument is None:
        return ()
    value = evaluate(argument.expression, scope)
    if not wholly_known(value):
        return None
    labels = []
    for _, label in pairs(value, argument.expression) or ():
        try:
            labels.append(text_of(label))
        except NotConvertible as problem:
            raise failure("A label must be a string", str(problem), location=argument.expression.location) from None
    return tuple(labels)


def given(body: nodes.Body, scope: Scope, problems: Problems, without: Collection[str] = ()) -> list[Given]:
    """A plugin's options as the body has them: arguments as plain data, blocks as lists of further `Given`."""
    options = [
        _given(argument, scope, problems) for argument in body.arguments.values() if argument.name not in without
    ]
    blocks: dict[str, list[tuple[Instance, list[Given]]]] = {}
    for instance in instances(body, scope, problems):
        if instance.labels:
            hint = f"Write {instance.block.type} {{ … }}"
            problems.add(f'The block "{instance.block.type}" has no labels', "", hint, instance.block.location)
            continue
        inner = given(instance.block.body, instance.scope, problems)
        blocks.setdefault(instance.block.type, []).append((instance, inner))
    for name, found in blocks.items():
        first = found[0][0].block.location
        if name in body.arguments:
            problems.add(f'"{name}" is given both as an argument and as a block', location=first)
            continue
        bodies = [inner for _, inner in found]
        options.append(Given(name, bodies[0] if len(bodies) == 1 else bodies, first))
    return options


def _given(argument: nodes.Argument, scope: Scope, problems: Problems) -> Given:
    with problems.collecting():
        value = evaluate(argument.expression, scope)
        return Given(argument.name, to_plain(value), argument.location, unknown=not wholly_known(value))
    return Given(argument.name, None, argument.location)


_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
_WITHOUT_LABELS = frozenset({"validation", "post-processors", "required_plugins", "hcp_packer_registry"})


def is_identifier(name: str) -> bool:
    """Whether this can be the name of a variable or a source."""
    return _IDENTIFIER.fullmatch(name) is not None


def refuse_unknown(
    body: nodes.Body, owner: str, arguments: Collection[str], blocks: Collection[str], problems: Problems
) -> None:
    """Note every argument and block that doesn't belong in a body."""
    for argument in body.arguments.values():
        if argument.name not in arguments:
            hint = did_you_mean(argument.name, arguments)
            if argument.name in blocks:
                hint = f"It is a block: write {argument.name} {{ … }} without ="
            problems.add(f'{owner} has no argument "{argument.name}"', "", hint, argument.location)
    for block in body.blocks:
        made = block.labels[0] if block.type == "dynamic" and len(block.labels) == 1 and "dynamic" in blocks else None
        if made is not None and made.name not in blocks:
            hint = did_you_mean(made.name, blocks)
            problems.add(f'{owner} has no block "{made.name}"', "", hint, made.location)
        if block.type not in blocks:
            hint = did_you_mean(block.type, blocks)
            if block.type in arguments:
                hint = f"It is an argument: write {block.type} = …"
            problems.add(f'{owner} has no block "{block.type}"', "", hint, block.location)
        elif block.labels and block.type in _WITHOUT_LABELS:
            problems.add(f'The block "{block.type}" has no labels', "", f"Write {block.type} {{ … }}", block.location)


def value_of(body: nodes.Body, name: str, wanted: Type, scope: Scope, problems: Problems) -> Value | None:
    """An argument's value as this type; None where it isn't given, is null, isn't known yet, or is wrong."""
    argument = body.arguments.get(name)
    if argument is None:
        return None
    with problems.collecting():
        value = evaluate(argument.expression, scope)
        try:
            converted = convert(value, wanted)
        except NotConvertible as problem:
            title = f'"{name}" must be a {friendly(wanted)}'
            raise failure(title, str(problem), location=argument.expression.location) from None
        return None if converted.is_null or not converted.known else converted
    return None


def text_value(body: nodes.Body, name: str, scope: Scope, problems: Problems) -> str:
    """An argument that is a string; "" where it isn't given."""
    value = value_of(body, name, STRING, scope, problems)
    return str(value.raw) if value is not None else ""
