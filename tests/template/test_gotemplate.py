"""The Go template engine: what it renders, where it says that something is wrong, and that it is bounded."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.template.gotemplate.errors import GoTemplateError
from imagesmith.template.gotemplate.render import Function, check, render

DATA = {"Name": "web", "List": ["a", "b"], "Map": {"y": 2, "x": 1}, "Empty": [], "Deep": {"Er": {"Est": "z"}}}
FUNCTIONS = {
    "upper": Function(str.upper, (str,)),
    "repeat": Function(lambda text, count: text * count, (str, int)),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{.Name}} {{.Nope}} {{.Deep.Er.Est}} {{.Nope.More}}", "web <no value> z <no value>"),
        ("{{range .List}}<{{.}}>{{end}}", "<a><b>"),
        ("{{range $i, $x := .List}}{{$i}}={{$x}} {{end}}", "0=a 1=b "),
        ("{{range $x := .List}}{{$x}}{{$.Name}}{{end}}", "awebbweb"),
        ("{{range $k, $v := .Map}}{{$k}}{{$v}}{{end}}", "x1y2"),
        ("{{range .Empty}}x{{else}}none{{end}}", "none"),
        ("{{range .List}}{{if eq . `b`}}{{break}}{{end}}{{.}}{{end}}", "a"),
        ("{{range .List}}{{if eq . `a`}}{{continue}}{{end}}{{.}}{{end}}", "b"),
        ("{{$last := ``}}{{range .List}}{{$last = .}}{{end}}{{$last}}", "b"),
        ("{{index .Map `x`}}{{index .List 1}}{{index .Deep `Er` `Est`}}", "1bz"),
        ("{{len .List}}{{len .Map}}{{slice .List 1}}", "22[b]"),
        ("{{.Map}} {{.List}}", "map[x:1 y:2] [a b]"),
        ("{{with .Deep}}{{.Er.Est}}{{end}}", "z"),
        ("{{(index .List 0) | upper}}", "A"),
        ("{{(.Deep).Er.Est}}", "z"),
        ("{{define `d`}}[{{.Er.Est}}]{{end}}{{template `d` .Deep}}", "[z]"),
        ("{{if and .Name (not .Empty)}}yes{{end}}", "yes"),
        ("no action at all }}", "no action at all }}"),
    ],
)
def test_data_is_reached_and_walked(text: str, expected: str) -> None:
    assert render(text, DATA, FUNCTIONS) == expected


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a\nbc {{ nosuch }}", 2, 7, "nosuch"),
        ("{{ uper `a` }}", 1, 4, "uper"),
        ("a {{ `open }}", 1, 6, "raw string"),
        ("{{ if .Name }}x", 1, 4, "no {{end}}"),
        ("x{{ end }}", 1, 5, "no beginning"),
        ("{{ .Name\n", 1, 1, "not closed"),
        ("{{ $x }}", 1, 4, "undefined variable $x"),
        ("{{ upper 5 }}", 1, 4, "must be a string, not a whole number"),
        ("\n\n  {{ upper }}", 3, 6, "takes 1 argument, not 0"),
        ("{{ .Name.More }}", 1, 4, "has no field"),
        ("{{ upper `a` | upper `b` }}", 1, 16, "takes 1 argument"),
        ("{{ range 5 }}{{ end }}", 1, 10, "can't go through"),
        ("{{ template `x` }}", 1, 4, 'no template "x"'),
        ("{{ index .List 7 }}", 1, 4, "out of range"),
    ],
)
def test_errors_tell_the_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(GoTemplateError) as caught:
        render(text, DATA, FUNCTIONS)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert words in caught.value.message


def test_an_unknown_function_gets_a_suggestion_even_where_it_is_never_run() -> None:
    with pytest.raises(GoTemplateError) as caught:
        check("{{if false}}{{uper `a`}}{{end}}", FUNCTIONS)
    assert caught.value.hint == 'Did you mean "upper"?'


@pytest.mark.parametrize(
    "text",
    [
        "{{define `x`}}{{template `x`}}{{end}}{{template `x`}}",
        "{{define `x`}}{{template `x`}}{{template `x`}}{{end}}{{template `x`}}",
        "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
        "{{if 1}}" * 5000 + "{{end}}" * 5000,
        "{{if 0}}" + "{{else if 0}}" * 5000 + "{{end}}",
        "{{" + "print 1 | " * 200_000 + "print}}",
        "{{1}}" * 200_000,
        "{{$x := `a`}}" * 600,
        "{{$x := repeat `a` 1000000}}" + "{{$x = upper $x}}" * 5000,
        "{{repeat `a` 1000000}}" * 20,
        "{{printf `%999999999d` 1}}{{printf `%.99999999f` 1.0}}" + "{{" * 3,
        "x" * (5 << 20) + "{{1}}",
        "{{" + "9" * 5000 + "}}",
        "{{`" + "a" * 1000,
        "{{/*" * 10000,
    ],
)
def test_hostile_text_ends_quickly_with_an_error(text: str) -> None:
    started = time.monotonic()
    with pytest.raises(GoTemplateError):
        render(text, {}, FUNCTIONS)
    assert time.monotonic() - started < 10


WORDS = """{{ }} {{- -}} ( ) | .Name .List $ $x := = , if else end range with define template block break `a` "b" 'c' 1
-2.5 nil true upper print printf index slice len eq and /* */ {{end}} {{if é %5d"""
PIECES = st.sampled_from([*WORDS.split(), " ", "  ", "\n"])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_no_text_raises_anything_but_a_template_error(text: str) -> None:
    with contextlib.suppress(GoTemplateError):
        assert isinstance(render(text, DATA, FUNCTIONS), str)


def test_fields_can_be_kept_for_a_later_rendering() -> None:
    text = "{{ .X }}-{{.A.B | upper}}-{{upper `u`}}"
    assert render(text, {}, FUNCTIONS, keep_fields=True) == "{{ .X }}-{{.A.B | upper}}-U"
