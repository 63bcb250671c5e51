"""Functions of lists, sets, maps and objects."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from imagesmith.template.hcl2 import graphemes, numeric
from imagesmith.template.hcl2.budget import spend
from imagesmith.template.hcl2.conversion import NotConvertible, convert, unified, unify
from imagesmith.template.hcl2.cty import (
    BOOL,
    DYNAMIC,
    NULL,
    NUMBER,
    STRING,
    ListOf,
    MapOf,
    Number,
    ObjectOf,
    SetOf,
    TupleOf,
    Type,
    Value,
    identity,
    list_of,
    map_of,
    number,
    object_of,
    set_of,
    string,
    tuple_of,
)
from imagesmith.template.hcl2.functions.registry import FunctionProblem, Parameter, function
from imagesmith.template.hcl2.operators import equal

_ANY_LIST = ListOf(DYNAMIC)
_HOLDER = Parameter(inside=True)
_HOLDER_OR_NULL = Parameter(null=True, inside=True)
_MOST_NUMBERS = 1024


def _items(value: Value, position: int, *, sets: bool = True) -> Sequence[Value]:
    """The elements of a list, tuple or set."""
    if isinstance(value.type, ListOf | TupleOf) or (sets and isinstance(value.type, SetOf)):
        items: Sequence[Value] = value.raw
        return items
    raise FunctionProblem("a list is wanted", position)


def _attributes(value: Value, position: int) -> dict[str, Value]:
    """The entries of a map or object."""
    if isinstance(value.type, MapOf | ObjectOf):
        entries: dict[str, Value] = value.raw
        return entries
    raise FunctionProblem("a map or an object is wanted", position)


def _whole(value: Number, position: int) -> int:
    if not isinstance(value, int):
        raise FunctionProblem("a whole number is wanted", position)
    return value


@function("alltrue(list)", ListOf(BOOL), returns=BOOL)
def alltrue(values: Value) -> bool:
    """Whether all elements are true; an empty list is."""
    return all(item.raw is True for item in values.raw)


@function("anytrue(list)", ListOf(BOOL), returns=BOOL)
def anytrue(values: Value) -> bool:
    """Whether any element is true."""
    return any(item.raw is True for item in values.raw)


@function("chunklist(list, size)", Parameter(_ANY_LIST, inside=True), NUMBER)
def chunklist(values: Value, size: Number) -> Value:
    """The list cut into lists of so many elements."""
    items, kind = values.raw, values.type
    if not items:
        return list_of(kind, [])
    step = _whole(size, 1)
    if step < 0:
        raise FunctionProblem("the size can't be negative", 1)
    parts = [items[at : at + (step or len(items))] for at in range(0, len(items), step or len(items))]
    return list_of(kind, [Value(kind, part) for part in parts])


@function("coalesce(value, …)", rest=Parameter(null=True))
def coalesce(*values: Value) -> Value:
    """The first that is neither null nor an empty string."""
    for value in unified(values):
        if not value.is_null and value.raw != "":
            return value
    raise FunctionProblem("all values are null or empty")


@function("coalescelist(list, …)", rest=_HOLDER_OR_NULL)
def coalescelist(*lists: Value) -> Value:
    """The first that isn't empty."""
    for position, value in enumerate(lists):
        if not isinstance(value.type, ListOf | TupleOf):
            raise FunctionProblem("a list is wanted", position)
    for value in lists:
        if not value.is_null and value.raw:
            return value
    raise FunctionProblem("all lists are null or empty")


@function("compact(list)", ListOf(STRING), returns=ListOf(STRING))
def compact(values: Value) -> Value:
    """The strings that are neither null nor empty."""
    return list_of(STRING, [item for item in values.raw if item.raw])


@function("concat(list, …)", rest=_HOLDER)
def concat(*lists: Value) -> Value:
    """All elements in one list."""
    if not lists:
        raise FunctionProblem("at least one list is wanted")
    items = [item for position, value in enumerate(lists) for item in _items(value, position, sets=False)]
    if all(isinstance(value.type, ListOf) for value in lists):
        common = unify([value.type for value in lists])
        if isinstance(common, ListOf):
            return list_of(common.element, [convert(item, common.element) for item in items])
    return tuple_of(items)


@function("contains(list, value)", DYNAMIC, DYNAMIC, returns=BOOL)
def contains(collection: Value, wanted: Value) -> bool:
    """Whether the value is an element of the list or set."""
    return any(equal(item, wanted) for item in _items(collection, 0))


@function("distinct(list)", _ANY_LIST)
def distinct(values: Value) -> Value:
    """The elements without repetition, in their order."""
    unique: dict[object, Value] = {}
    for item in values.raw:
        unique.setdefault(identity(item), item)
    return Value(values.type, tuple(unique.values()))


@function("element(list, index)", _HOLDER, NUMBER)
def element(values: Value, position: Number) -> Value:
    """An element; the index starts again at 0 after the last one."""
    items = _items(values, 0, sets=False)
    if not items:
        raise FunctionProblem("an empty list has no elements", 0)
    return items[_whole(position, 1) % len(items)]


@function("flatten(list)", _HOLDER)
def flatten(values: Value) -> Value:
    """The elements of all lists inside lists, as one list."""
    return tuple_of(_flat(_items(values, 0)))


def _flat(items: Sequence[Value]) -> list[Value]:
    result: list[Value] = []
    for item in items:
        nested = isinstance(item.type, ListOf | SetOf | TupleOf) and not item.is_null
        result += _flat(item.raw) if nested else [item]
    return result


@function("index(list, value)", DYNAMIC, DYNAMIC)
def index(values: Value, wanted: Value) -> Number:
    """The position of the value in the list."""
    for position, item in enumerate(_items(values, 0, sets=False)):
        if equal(item, wanted):
            return position
    raise FunctionProblem("the value is not in the list", 1)


@function("keys(map)", _HOLDER)
def keys(collection: Value) -> Value:
    """The keys in order."""
    names = [string(name) for name in _attributes(collection, 0)]
    return list_of(STRING, names) if isinstance(collection.type, MapOf) else tuple_of(names)


@function("values(map)", _HOLDER)
def values_of(collection: Value) -> Value:
    """The values in the order of their keys."""
    items = list(_attributes(collection, 0).values())
    return list_of(collection.type.element, items) if isinstance(collection.type, MapOf) else tuple_of(items)


@function("length(collection or string)", _HOLDER, returns=NUMBER)
def length(value: Value) -> int:
    """How many elements or characters it has."""
    if isinstance(value.raw, tuple | dict):
        return len(value.raw)
    if isinstance(value.raw, str):
        return graphemes.count(value.raw)
    raise FunctionProblem("a collection or a string is wanted", 0)


@function("lookup(map, key, default)", _HOLDER, STRING, _HOLDER)
def lookup(collection: Value, name: str, default: Value) -> Value:
    """The value of the key, or the default."""
    entries = _attributes(collection, 0)
    if name in entries:
        return entries[name]
    if isinstance(collection.type, MapOf):
        try:
            return convert(default, collection.type.element)
        except NotConvertible as problem:
            raise FunctionProblem(str(problem), 2) from None
    return default


@function("merge(map, …)", rest=_HOLDER_OR_NULL)
def merge(*collections: Value) -> Value:
    """All entries in one map; later ones win."""
    for position, value in enumerate(collections):
        if value.type != DYNAMIC and not isinstance(value.type, MapOf | ObjectOf):
            raise FunctionProblem("a map or an object is wanted", position)
    given = [(position, value) for position, value in enumerate(collections) if not value.is_null]
    if not given:
        return NULL
    entries: dict[str, Value] = {}
    for position, value in given:
        entries.update(_attributes(value, position))
    kinds = {value.type for _, value in given}
    if len(kinds) == 1 and isinstance(kind := next(iter(kinds)), MapOf):
        return map_of(kind.element, entries)
    return object_of(entries)


@function("range(start, limit, step)", NUMBER, rest=NUMBER, returns=ListOf(NUMBER))
def number_range(first: Number, *rest: Number) -> Value:
    """The numbers from the start up to, but not including, the limit."""
    if len(rest) > 2:
        raise FunctionProblem(f"1 to 3 arguments wanted, {len(rest) + 1} given")
    start, limit = (first, rest[0]) if rest else (0, first)
    down = limit < start
    step = rest[1] if len(rest) == 2 else (-1 if down else 1)
    if (step == 0 or (step < 0) != down) and limit != start:
        raise FunctionProblem("the step must lead from the start to the limit", 2)
    numbers: list[Value] = []
    current = start
    while (current > limit) if down else (current < limit):
        if len(numbers) >= _MOST_NUMBERS:
            raise FunctionProblem(f"more than {_MOST_NUMBERS} numbers")
        numbers.append(number(current))
        current = numeric.add(current, step)
    return list_of(NUMBER, numbers)


@function("reverse(list)", _HOLDER)
def reverse(values: Value) -> Value:
    """The elements in reverse order."""
    items = tuple(reversed(_items(values, 0)))
    if isinstance(values.type, ListOf | SetOf):
        return list_of(values.type.element, items)
    return tuple_of(items)


@function("slice(list, start, end)", _HOLDER, NUMBER, NUMBER)
def slice_of(values: Value, start: Number, end: Number) -> Value:
    """The elements from the start up to, but not including, the end."""
    items = _items(values, 0, sets=False)
    first, last = _whole(start, 1), _whole(end, 2)
    if not 0 <= first <= len(items):
        raise FunctionProblem(f"the start must be between 0 and {len(items)}", 1)
    if not first <= last <= len(items):
        raise FunctionProblem(f"the end must be between {first} and {len(items)}", 2)
    part = items[first:last]
    return list_of(values.type.element, part) if isinstance(values.type, ListOf) else tuple_of(part)


@function("sort(list)", ListOf(STRING), returns=ListOf(STRING))
def sort(values: Value) -> Value:
    """The strings in the order of their bytes."""
    if any(item.is_null for item in values.raw):
        raise FunctionProblem("null can't be sorted", 0)
    return list_of(STRING, sorted(values.raw, key=lambda item: item.raw.encode("utf-8", "surrogatepass")))


@function("zipmap(keys, values)", ListOf(STRING), _HOLDER)
def zipmap(names: Value, values: Value) -> Value:
    """A map of the keys to the values."""
    items = _items(values, 1, sets=False)
    if len(items) != len(names.raw):
        raise FunctionProblem(f"{len(names.raw)} keys but {len(items)} values", 1)
    if any(name.is_null for name in names.raw):
        raise FunctionProblem("a key can't be null", 0)
    entries = {name.raw: item for name, item in zip(names.raw, items, strict=True)}
    return map_of(values.type.element, entries) if isinstance(values.type, ListOf) else object_of(entries)


_Combine = Callable[[set[object], set[object]], set[object]]


def _as_sets(collections: Sequence[Value]) -> tuple[Type, list[Sequence[Value]]]:
    """All as sets of one element type."""
    if not collections:
        raise FunctionProblem("at least one set is wanted")
    converted = []
    for position, collection in enumerate(collections):
        _items(collection, position)
        try:
            converted.append(convert(collection, SetOf(DYNAMIC)))
        except NotConvertible as problem:
            raise FunctionProblem(str(problem), position) from None
    common = unify([value.type for value in converted if value.raw or value.type != SetOf(DYNAMIC)])
    if common is None:
        raise FunctionProblem("all sets must have elements of the same type")
    element = common.element if isinstance(common, SetOf) else DYNAMIC
    return element, [convert(value, SetOf(element)).raw for value in converted]


def _combine(collections: Sequence[Value], combine: _Combine) -> Value:
    kind, sets = _as_sets(collections)
    known = {identity(item): item for items in sets for item in items}
    result = {identity(item) for item in sets[0]}
    for items in sets[1:]:
        result = combine(result, {identity(item) for item in items})
    return set_of(kind, [known[key] for key in known if key in result])


@function("setintersection(set, …)", rest=DYNAMIC)
def setintersection(*collections: Value) -> Value:
    """The elements that are in all sets."""
    return _combine(collections, set.intersection)


@function("setunion(set, …)", rest=DYNAMIC)
def setunion(*collections: Value) -> Value:
    """The elements that are in any of the sets."""
    return _combine(collections, set.union)


@function("setproduct(set, …)", rest=DYNAMIC)
def setproduct(*collections: Value) -> Value:
    """Every combination of one element from each."""
    if len(collections) < 2:
        raise FunctionProblem("at least two sets are wanted")
    rows = [_items(collection, position) for position, collection in enumerate(collections)]
    ordered = not any(isinstance(collection.type, SetOf) for collection in collections)
    if any(isinstance(collection.type, TupleOf) for collection in collections):
        rows = [convert(collection, _ANY_LIST).raw for collection in collections]
    spend(math.prod(map(len, rows)) * (len(rows) + 1))
    combinations = [tuple_of(items) for items in itertools.product(*rows)]
    kind = combinations[0].type if combinations else TupleOf(())
    return list_of(kind, combinations) if ordered else set_of(kind, combinations)
