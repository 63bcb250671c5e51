"""Turning a value into another type, and finding the type that several values have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from imagesmith.template.hcl2 import numeric
from imagesmith.template.hcl2.cty import (
    ANYTHING,
    BOOL,
    DYNAMIC,
    NUMBER,
    STRING,
    UNKNOWN,
    ListOf,
    MapOf,
    ObjectOf,
    Primitive,
    SetOf,
    TupleOf,
    Type,
    Value,
    boolean,
    children,
    friendly,
    list_of,
    map_of,
    number,
    set_of,
    string,
)

_SEQUENCES = (ListOf, SetOf, TupleOf)
_KEYED = (MapOf, ObjectOf)
_SOURCES: dict[type[Type], tuple[type[Type], ...]] = {
    ListOf: _SEQUENCES,
    SetOf: _SEQUENCES,
    TupleOf: (TupleOf,),
    MapOf: _KEYED,
    ObjectOf: _KEYED,
}
"""What each kind of collection can be made of."""
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_CASE_HINTS = {"true", "false", "yes", "no", "on", "off"}


class NotConvertible(ValueError):
    """The value can't become what is wanted; the text says why."""


def convert(value: Value, wanted: Type) -> Value:
    """The value as this type, or `NotConvertible`."""
    if value.type is wanted and isinstance(wanted, Primitive):
        return value
    if wanted == DYNAMIC or (value.type == wanted and not _has_optional(wanted)):
        return value
    if value.raw is None or value.raw is UNKNOWN:
        if value.type != DYNAMIC:
            _check_possible(value.type, wanted)
        return Value(_settled(wanted), value.raw)
    match wanted:
        case Primitive():
            return _to_primitive(value, wanted)
        case ListOf(element):
            return _to_sequence(value, element, as_set=False)
        case SetOf(element):
            return _to_sequence(value, element, as_set=True)
        case MapOf(element):
            return _to_map(value, element)
        case TupleOf(elements):
            return _to_tuple(value, elements)
        case ObjectOf():
            return _to_object(value, wanted)
    raise NotConvertible(f"{friendly(wanted)} is wanted")


def text_of(value: Value) -> str:
    """The text of a known string, number or bool; `NotConvertible` for others."""
    converted = convert(value, STRING)
    if not isinstance(converted.raw, str):
        raise NotConvertible("a string is wanted, not null")
    return converted.raw


def _has_dynamic_inside(kind: Type) -> bool:
    return kind == DYNAMIC or any(map(_has_dynamic_inside, _inner_types(kind)))


def _has_optional(kind: Type) -> bool:
    return (isinstance(kind, ObjectOf) and bool(kind.optional)) or any(map(_has_optional, _inner_types(kind)))


def _inner_types(kind: Type) -> Sequence[Type]:
    match kind:
        case ListOf(element) | SetOf(element) | MapOf(element):
            return (element,)
        case TupleOf(elements):
            return elements
        case ObjectOf(attributes):
            return tuple(inner for _, inner in attributes)
    return ()


def _settled(kind: Type) -> Type:
    """The type without a constraint's optional marks."""
    match kind:
        case ListOf(element):
            return ListOf(_settled(element))
        case SetOf(element):
            return SetOf(_settled(element))
        case MapOf(element):
            return MapOf(_settled(element))
        case TupleOf(elements):
            return TupleOf(tuple(map(_settled, elements)))
        case ObjectOf(attributes):
            return ObjectOf(tuple((name, _settled(inner)) for name, inner in attributes))
    return kind


def _check_possible(given: Type, wanted: Type) -> None:
    if isinstance(wanted, Primitive) and not isinstance(given, Primitive):
        raise NotConvertible(f"{friendly(wanted)} is wanted, not {friendly(given)}")
    if isinstance(given, Primitive) and not isinstance(wanted, Primitive):
        raise NotConvertible(f"{friendly(wanted)} is wanted, not {friendly(given)}")
    if {given, wanted} == {BOOL, NUMBER}:
        raise NotConvertible(f"{friendly(wanted)} is wanted, not {friendly(given)}")
    possible = _SOURCES.get(type(wanted))
    if possible is not None and not isinstance(given, possible):
        raise NotConvertible(f"{friendly(wanted)} is wanted, not {friendly(given)}")


def _to_primitive(value: Value, wanted: Primitive) -> Value:
    raw = value.raw
    if wanted == STRING and isinstance(raw, bool):
        return string("true" if raw else "false")
    if wanted == STRING and isinstance(raw, int | float | Fraction):
        return string(numeric.text(raw))
    if wanted == NUMBER and isinstance(raw, str):
        return _parsed(raw)
    if wanted == BOOL and isinstance(raw, str):
        if raw in _TRUTHS:
            return boolean(_TRUTHS[raw])
        extra = "; write it as true or false" if raw.lower() in _CASE_HINTS else ""
        raise NotConvertible(f"a bool is wanted{extra}")
    raise NotConvertible(f"a {wanted} is wanted, not {_article(value.type)}")


def _parsed(text: str) -> Value:
    try:
        return number(numeric.parse(text))
    except numeric.NumberProblem as problem:
        raise NotConvertible(str(problem)) from None
    except ValueError:
        raise NotConvertible("a number is wanted") from None


def _article(kind: Type) -> str:
    words = friendly(kind)
    return f"an {words}" if words.startswith(("o", "a")) else f"a {words}"


def _to_sequence(value: Value, element: Type, *, as_set: bool) -> Value:
    if not isinstance(value.type, ListOf | SetOf | TupleOf):
        raise NotConvertible(f"a {'set' if as_set else 'list'} is wanted, not {_article(value.type)}")
    items = _converted(enumerate(children(value)), element)
    kind, unified = _one_type(items.values(), element, value.type)
    return set_of(kind, unified) if as_set else list_of(kind, unified)


def _to_map(value: Value, element: Type) -> Value:
    if not isinstance(value.type, MapOf | ObjectOf):
        raise NotConvertible(f"a map is wanted, not {_article(value.type)}")
    items = _converted(value.raw.items(), element)
    kind, unified = _one_type(items.values(), element, value.type)
    return map_of(kind, dict(zip(items, unified, strict=True)))


def _converted(items: Iterable[tuple[object, Value]], element: Type) -> dict[str, Value]:
    result = {}
    for key, item in items:
        try:
            result[str(key)] = convert(item, element)
        except NotConvertible as problem:
            raise NotConvertible(f"element {key}: {problem}") from None
    return result


def _one_type(items: Iterable[Value], element: Type, given: Type) -> tuple[Type, list[Value]]:
    """The items brought to one type where the constraint leaves it open."""
    values = list(items)
    settled = _settled(element)
    if not _has_dynamic_inside(settled):
        return settled, values
    if not values:
        inner = _inner_types(given)
        return (inner[0] if len(inner) == 1 and isinstance(given, ListOf | SetOf | MapOf) else settled), values
    common = unify([item.type for item in values])
    if common is None:
        raise NotConvertible("all elements must have the same type")
    return common, [convert(item, common) for item in values]


def _to_tuple(value: Value, elements: Sequence[Type]) -> Value:
    if not isinstance(value.type, TupleOf):
        raise NotConvertible(f"a tuple is wanted, not {_article(value.type)}")
    if len(value.raw) != len(elements):
        raise NotConvertible(f"a tuple of {len(elements)} elements is wanted, not of {len(value.raw)}")
    items: list[Value] = []
    for position, (item, kind) in enumerate(zip(value.raw, elements, strict=True)):
        items += _converted([(position, item)], kind).values()
    return Value(TupleOf(tuple(item.type for item in items)), tuple(items))


def _to_object(value: Value, wanted: ObjectOf) -> Value:
    if not isinstance(value.type, MapOf | ObjectOf):
        raise NotConvertible(f"an object is wanted, not {_article(value.type)}")
    given: Mapping[str, Value] = value.raw
    missing = [name for name, _ in wanted.attributes if name not in given and name not in wanted.optional]
    if missing:
        names = ", ".join(f'"{name}"' for name in missing)
        raise NotConvertible(f"the attribute{'s' if len(missing) > 1 else ''} {names} must be given")
    raw = {}
    for name, kind in wanted.attributes:
        item = given.get(name)
        default = wanted.optional.get(name)
        if default is not None and (item is None or item.raw is None):
            item = default
        try:
            raw[name] = convert(item, kind) if item is not None else Value(_settled(kind), None)
        except NotConvertible as problem:
            raise NotConvertible(f'attribute "{name}": {problem}') from None
    return Value(ObjectOf(tuple((name, item.type) for name, item in raw.items())), raw)


def unify(types: Sequence[Type]) -> Type | None:
    """The one type that values of all these types can become, or None."""
    distinct = list(dict.fromkeys(kind for kind in types if kind != DYNAMIC))
    if not distinct:
        return DYNAMIC
    if len(distinct) == 1:
        return distinct[0]
    if all(isinstance(kind, Primitive) for kind in distinct):
        return STRING if STRING in distinct else None
    if all(isinstance(kind, ObjectOf) for kind in distinct):
        return _unify_objects([kind for kind in distinct if isinstance(kind, ObjectOf)])
    if all(isinstance(kind, TupleOf) for kind in distinct):
        return _unify_tuples([kind for kind in distinct if isinstance(kind, TupleOf)])
    if all(isinstance(kind, ObjectOf | MapOf) for kind in distinct):
        element = unify([inner for kind in distinct for inner in _inner_types(kind)])
        return MapOf(element) if element is not None else None
    if all(isinstance(kind, ListOf | SetOf | TupleOf) for kind in distinct):
        element = unify([inner for kind in distinct for inner in _inner_types(kind)])
        if element is None:
            return None
        return ListOf(element) if any(isinstance(kind, ListOf) for kind in distinct) else SetOf(element)
    return None


def _unify_objects(kinds: Sequence[ObjectOf]) -> Type | None:
    names = [name for name, _ in kinds[0].attributes]
    if all([name for name, _ in kind.attributes] == names for kind in kinds):
        unified = [unify([kind.attributes[i][1] for kind in kinds]) for i in range(len(names))]
        attributes = [(name, inner) for name, inner in zip(names, unified, strict=True) if inner is not None]
        if len(attributes) == len(names):
            return ObjectOf(tuple(attributes))
        return None
    element = unify([inner for kind in kinds for _, inner in kind.attributes])
    return MapOf(element) if element is not None else None


def _unify_tuples(kinds: Sequence[TupleOf]) -> Type | None:
    if all(len(kind.elements) == len(kinds[0].elements) for kind in kinds):
        unified = [unify([kind.elements[i] for kind in kinds]) for i in range(len(kinds[0].elements))]
        elements = [inner for inner in unified if inner is not None]
        return TupleOf(tuple(elements)) if len(elements) == len(unified) else None
    element = unify([inner for kind in kinds for inner in kind.elements])
    return ListOf(element) if element is not None else None


def unified(values: Sequence[Value]) -> list[Value]:
    """The values brought to one type; `NotConvertible` where they have none in common."""
    common = unify([value.type for value in values])
    if common is None:
        raise NotConvertible("all must have the same type")
    return [
        convert(value, common) if value.raw is not UNKNOWN or value.type != DYNAMIC else ANYTHING for value in values
    ]
