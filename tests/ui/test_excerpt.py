"""The source line below an error: the caret, long lines, odd characters, and nothing secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagesmith import redact
from imagesmith.errors import Location
from imagesmith.ui import excerpt
from imagesmith.ui.secret_places import secret_spans, sounds_secret


def shown(tmp_path: Path, text: str | bytes, line: int, column: int) -> tuple[str, int | None]:
    path = tmp_path / "t.pkr.hcl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = excerpt.of(Location(str(path), line, column))
    assert found
    return found.text, found.caret


def hidden(text: str) -> str:
    """The text with everything masked that may be a secret."""
    for begin, end in reversed(secret_spans(text)):
        text = f"{text[:begin]}…{text[end:]}"
    return text


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("a = b\n", (1, 5), ("a = b", 4)),
        ("\t\ta = b\n", (1, 7), ("a = b", 4)),
        ("a = b\r\n", (1, 5), ("a = b", 4)),
        ("x = \ry\na = b\n", (2, 5), ("a = b", 4)),
        ("\ufeffa = b\n", (1, 5), ("a = b", 4)),
        ("a = b", (1, 6), ("a = b", 5)),
        ("e\u0301 = b\n", (1, 5), ("e\u0301 = b", 5)),
        ("a = \x1b[31m\n", (1, 5), ("a = \ufffd[31m", 4)),
        (b"a = \xff\n", (1, 5), ("a = \ufffd", 4)),
        ("a = b\n", (1, 0), ("a = b", None)),
    ],
)
def test_the_caret_stands_at_the_place(
    tmp_path: Path, text: str | bytes, place: tuple[int, int], expected: tuple[str, int | None]
) -> None:
    assert shown(tmp_path, text, *place) == expected


@pytest.mark.parametrize(
    ("text", "column", "indent"), [("日本 = x", 6, 7), ("e\u0301 = x", 5, 4), ("🇩🇪👍🏽 = x", 6, 7)]
)
def test_under_wide_and_combining_characters_the_caret_is_where_people_see_it(
    tmp_path: Path, text: str, column: int, indent: int
) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    lines = excerpt.excerpt(Location(str(path), 1, column))
    assert lines[2] == "    | " + " " * indent + "^"


@pytest.mark.parametrize("column", [1, 60, 5_000, 99_990])
@pytest.mark.parametrize("letter", ["a", "日"])
def test_a_long_line_is_cut_around_the_caret(tmp_path: Path, column: int, letter: str) -> None:
    line = letter * (column - 1) + "!" + letter * (100_000 - column)
    text, caret = shown(tmp_path, line, 1, column)
    assert caret is not None
    assert text[caret] == "!"
    assert len(text) <= 112


def test_a_line_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    place = Location(str(tmp_path / "gone.hcl"), 3, 1)
    assert excerpt.excerpt(place) == [f"  on {place}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('access_key = "LTAI5t"', 'access_key = "…"'),
        ('secret_kye = "hush"', 'secret_kye = "…"'),
        ('acces_key = "hush"', 'acces_key = "…"'),
        ('db_password = "hush" # token = x', 'db_password = "…" # token = …'),
        ('"secret_key"\n  : "hush", "region": "cn"', '"secret_key"\n  : "…", "region": "cn"'),
        ("password = 12345", "password = …"),
        ('password = c ? "a" : "b"\nregion = "cn"', 'password = c ? "…" : "…"\nregion = "cn"'),
        ('passwords = ["a",\n "b"]\nregion = "cn"', 'passwords = ["…",\n "…"]\nregion = "cn"'),
        ('m = { token = "a", other = "b" }', 'm = { token = "…", other = "b" }'),
        ("ssh_password = <<EOT\nhush\nEOT\nregion = 1", "ssh_password = <<EOT\n…EOT\nregion = 1"),
        ('secret_key = "hush\nregion = "cn"', 'secret_key = "…\nregion = "cn"'),
        ('secret_key = "${var.a}hush"', 'secret_key = "…"'),
        ('token = base64decode("aHVzaA==")', 'token = base64decode("…")'),
        (
            'variable "x" {\n default = "hush"\n sensitive = true\n}',
            'variable "x" {\n default = "…"\n sensitive = true\n}',
        ),
        ('variable "db_token" { default = "hush" }', 'variable "db_token" { default = "…" }'),
        (
            '{"variables": {"a": "hush", "b": "x"}, "sensitive-variables": ["a"]}',
            '{"variables": {"a": "…", "b": "x"}, "sensitive-variables": ["a"]}',
        ),
        (
            '{"variable": {"x": {"sensitive": true, "default": "hush"}, "y": {"default": "z"}}}',
            '{"variable": {"x": {"sensitive": true, "default": "…"}, "y": {"default": "z"}}}',
        ),
        ("x = <<E\n-----BEGIN RSA PRIVATE KEY-----\nhush\n", "x = <<E\n…"),
    ],
)
def test_what_may_be_a_secret_is_found_however_it_is_written(text: str, expected: str) -> None:
    assert hidden(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "secret_key = var.secretkye",
        'secret_key = "${var.secretkye}"',
        '"secret_key": "{{user `key`}}"',
        'access_key = env("ALICLOUD_ACCESS_KEY")',
        'access_key = "${env("ALICLOUD_ACCESS_KEY")}"',
        'ssh_private_key_file = "~/.ssh/id_ed25519"',
        'variable "x" {\n default = "open"\n}',
        'image_name = "token"',
        'tags = { name = "password" }',
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert secret_spans(text) == []


def test_every_secret_option_is_known() -> None:
    from imagesmith import plugin
    from imagesmith.options import table

    secret = {r.name for n in plugin.names("builders") for r in table(plugin.load("builders", n)).values() if r.secret}
    assert len(secret) >= 5
    assert all(sounds_secret(name) for name in secret)


def test_the_caret_moves_with_what_is_masked(tmp_path: Path) -> None:
    line = '{"secret_key": "a-long-long-secret", "bogus": 1}'
    text, caret = shown(tmp_path, line, 1, line.index('"bogus"') + 1)
    assert text == '{"secret_key": "<sensitive>", "bogus": 1}'
    assert caret == text.index('"bogus"')


def test_registered_values_and_names_are_not_shown(tmp_path: Path) -> None:
    with redact.scope():
        redact.register("registered-value")
        redact.register_names("plain_name")
        assert shown(tmp_path, 'x = "registered-value"; y = 1', 1, 25) == ('x = "<sensitive>"; y = 1', 19)
        secret_spans.cache_clear()
        assert shown(tmp_path, 'plain_name = "hush"', 1, 1) == ('plain_name = "<sensitive>"', 0)
    secret_spans.cache_clear()


def test_in_a_huge_file_every_string_of_the_line_is_masked(tmp_path: Path) -> None:
    text, _ = shown(tmp_path, 'x = "hush"\n' + "# filler\n" * 200_000, 1, 1)
    assert text == 'x = "<sensitive>"'
