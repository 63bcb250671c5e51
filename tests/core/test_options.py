"""Option tables: Packer's weak typing, every error at once with its place, and what follows from a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from imagesmith import coercion, options
from imagesmith.errors import Location, TemplateError
from imagesmith.options import Duration, Given, Options, decode, option


class Disk(Options):
    disk_size: int = option(default=0, doc="GiB.")
    disk_encrypted: bool | None = option(default=None, doc="Encrypt it.")


class Table(Options):
    name: str = option(doc="The name.")
    tags: Mapping[str, str] = option(default={}, doc="Tags.")
    timeout: Duration = option(default=300.0, doc="How long.")
    regions: Sequence[str] = option(default=(), doc="Where.")
    optimized: bool | None = option(default=None, doc="Three states.")
    port: int = option(default=22, doc="A port.", aliases=("old_port",))
    disks: Sequence[Disk] = option(default=(), doc="Data disks.")
    system: Disk | None = option(default=None, doc="The system disk.")
    key: str = option(default="", doc="A key.", env=("TEST_KEY", "OTHER_KEY"), secret=True)
    mode: str = option(default="", doc="A mode.", choices=("BIOS", "UEFI"))
    later: str = option(default="", doc="Not there yet.", not_yet="use mode meanwhile")
    ignored: str = option(default="", doc="Nothing.", no_effect="Packer ignores it too")


def decoded(*given: tuple[str, object], environ: Mapping[str, str] | None = None) -> Table:
    return decode(Table, [Given("name", "x"), *(Given(*g) for g in given)], owner="table", environ=environ or {})[0]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("port", "2222", 2222),
        ("port", "", 0),
        ("port", 22.9, 22),
        ("old_port", 5, 5),
        ("PORT", 5, 5),
        ("name", 5, "5"),
        ("name", True, "1"),
        ("name", 1.5, "1.5"),
        ("optimized", "true", True),
        ("optimized", "T", True),
        ("optimized", 0, False),
        ("optimized", "", None),
        ("timeout", "1h30m", 5400.0),
        ("timeout", "500ms", 0.5),
        ("timeout", "-1s", -1.0),
        ("timeout", 1_000_000_000, 1.0),
        ("regions", "a,b", ("a", "b")),
        ("regions", "", ()),
        ("regions", 5, ("5",)),
        ("tags", {"a": 1}, {"a": "1"}),
        ("tags", [{"a": "b"}], {"a": "b"}),
    ],
)
def test_values_are_coerced_as_packer_does(name: str, value: object, expected: object) -> None:
    field = {"old_port": "port"}.get(name, name.lower())
    assert getattr(decoded((name, value)), field) == expected


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("port", "many", "Write a whole number"),
        ("optimized", "yes", "Write true or false"),
        ("timeout", "5", 'such as "90s"'),
        ("tags", "text", "a string was given"),
        ("name", {"a": 1}, "a map was given"),
        ("disks", "text", "a block"),
        ("system", [{"disk_size": 1}], "a block"),
    ],
)
def test_what_cannot_be_coerced_is_refused_with_the_reason(name: str, value: object, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason):
        decoded((name, value))


def test_nested_blocks_keep_their_own_locations() -> None:
    place = Location("a.json", 7, 3)
    with pytest.raises(TemplateError) as caught:
        decoded(("disks", [[Given("disk_sise", 40, place)]]))
    (problem,) = caught.value.diagnostics
    assert problem.location == place
    assert problem.hint == 'Did you mean "disk_size"?'


def test_one_block_stands_for_a_list_of_one() -> None:
    assert decoded(("disks", {"disk_size": "40"})).disks == (Disk(disk_size=40),)
    assert decoded(("disks", [Given("disk_size", 40)])).disks == (Disk(disk_size=40),)


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(TemplateError) as caught:
        decode(Table, [Given("nam", 1), Given("mode", "DOS"), Given("later", "x")], owner="table", environ={})
    texts = [str(problem) for problem in caught.value.diagnostics]
    assert texts == [
        'table: unknown option "nam". Did you mean "name"?',
        'table: the option "mode" can\'t be "DOS". Allowed are BIOS, UEFI.',
        'table: the option "later" is not supported yet. use mode meanwhile.',
        'table: the option "name" is required. The name.',
    ]


def test_a_secret_never_shows_in_an_error_or_a_repr() -> None:
    with pytest.raises(TemplateError) as caught:
        decoded(("key", {"a": "hunter2"}))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Table(name="x", key="hunter2"))


def test_unset_options_come_from_the_environment_in_order() -> None:
    assert decoded(environ={"OTHER_KEY": "b"}).key == "b"
    assert decoded(environ={"OTHER_KEY": "b", "TEST_KEY": "a"}).key == "a"
    assert decoded(("key", "c"), environ={"TEST_KEY": "a"}).key == "c"


def test_an_option_without_effect_is_a_warning() -> None:
    _, warnings = decode(Table, [Given("name", "x"), Given("ignored", "y")], owner="table", environ={})
    assert [warning.severity for warning in warnings] == ["warning"]


def test_public_options_come_back_the_same_without_the_secret_ones() -> None:
    table = decoded(
        ("timeout", "90s"), ("disks", [{"disk_size": 40}]), ("key", "k"), ("regions", "a"), ("tags", {"a": "b"})
    )
    again = options.restore(Table, options.public(table))
    assert again == Table(name="x", timeout=90.0, disks=(Disk(disk_size=40),), regions=("a",), tags={"a": "b"})
    assert list(options.secrets(table)) == ["k"]


@pytest.mark.parametrize(
    ("annotation", "text"), [(int, "a whole number"), (Sequence[str], "a list of strings"), (Disk, "a block")]
)
def test_types_are_described_in_words(annotation: object, text: str) -> None:
    assert coercion.describe(annotation) == text


def test_the_choices_of_an_option_hold_in_python_too() -> None:
    with pytest.raises(TemplateError, match=r'"mode" can\'t be "DOS".*BIOS, UEFI'):
        options.complete(Table(name="x", mode="DOS"), {})
    assert options.complete(Table(name="x", mode="UEFI"), {}).mode == "UEFI"
