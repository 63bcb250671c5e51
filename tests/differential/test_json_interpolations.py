"""Text with ``{{ }}`` through ``packer console`` 1.6.6 in JSON mode and through ours: same texts, same refusals."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from imagesmith.console import Session, open_session
from imagesmith.errors import TemplateError
from imagesmith.plan import TemplateRequest
from tests.differential.consoles import PACKER, packer_console

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]

BETWEEN = "\x1f"
VALUES = ["0", "42", "-7", "1.5", "-2.25", "1e21", "`a`", '`é"b`', "``", "true", "'x'"]
VERBS = ["v", "d", "s", "q", "x", "X", "o", "b", "c", "U", "f", "e", "g", "t", "T", "5d", "-5d|", "05d", "+d", "8.3f",
         "-8s|", "08v", "#x", "#v", "+v", "6.2f", ".1s", "+q", "% d", ".3g"]  # fmt: skip
DIFFERENT = {
    r"%#x` -?[12]\.?|%#x` 1e21|%[bo]` (1\.5|-2|1e21)": "floats in base 2 are not written",
    r"%\+?[cqU]` -7": "negative numbers are no characters",
}
"""Where we differ, and why."""
TEMPLATE = {
    "variables": {"name": "web", "version": "v1.2.3", "list": "a,b,c", "empty": "", "yes": "true", "n": "5"},
    "builders": [{"type": "null", "communicator": "none"}],
}
USED = [
    "{{user `name`}}-{{user `version`}}",
    "{{user `version` | replace `v` `` 1}}",
    "{{user `version` | replace_all `.` `-`}}",
    "{{user `name` | upper}}",
    "{{ user `name` | upper | lower }}",
    "{{split (user `list`) `,` 1}}",
    "{{split (user `version`) `.` 0 | upper}}",
    "{{if user `empty`}}set{{else}}unset{{end}}",
    "{{if user `yes`}}set{{end}}",
    "{{if eq (user `n`) `5`}}five{{else}}other{{end}}",
    "{{if and (user `yes`) (user `name`)}}both{{end}}",
    "{{if or (user `empty`) (user `name`)}}one{{end}}",
    "{{if not (user `empty`)}}none{{end}}",
    "{{with user `name`}}{{.}}-{{. | upper}}{{end}}",
    "{{with user `empty`}}x{{else}}y{{end}}",
    "{{$v := user `version`}}{{$v}}{{$v | len}}",
    "{{printf `%s_%05d` (user `name`) 42}}",
    "{{printf `%q` (user `name`)}}",
    "{{user `name` | printf `%s.%s` `x`}}",
    "{{define `t`}}<{{.}}>{{end}}{{template `t` user `name`}}",
    "{{len (user `list`)}}",
    "{{index (user `list`) 0}}",
    "{{slice (user `list`) 0 3}}",
    "{{html (user `list`)}}{{js `'`}}{{urlquery `a b`}}",
    "{{isotime `2006` | len}}",
    "{{timestamp | len}}",
    "{{uuid | len}}",
    "{{pwd | len | lt 0}}",
    "{{template_dir | len | lt 0}}",
    "{{strftime `%%`}}",
    "{{.Vars}} {{.Path}}",
    "{{.Name}}{{ .HTTPIP }}:{{ .HTTPPort }}",
    "{{- user `name` -}}",
    "a {{- /* comment */ -}} b",
    "{{/* comment */}}",
    "{{`{{.Name}}`}}",
    '{{"quoted"}} {{`raw`}}',
    "plain { braces } } {",
    "{{eq 1 1}}{{ne 1 2}}{{lt 1 2}}{{le 1 1}}{{gt 2 1}}{{ge 1 1}}",
    "{{range $i, $e := .List}}{{$i}}{{else}}empty{{end}}",
    "{{clean_resource_name `a`}}",
    "{{build_name}}",
    "{{build_type}}",
    "{{build `ID`}}",
    "{{env `HOME`}}",
    "{{sed `s/a/b/` `a`}}",
    "{{user}}",
    "{{user `a` `b`}}",
    "{{user 5}}",
    "{{upper}}",
    "{{isotime 5}}",
    "{{split `a` `b` 7}}",
    "{{nosuch}}",
    "{{nosuch `x`}}",
    "{{ user `name`",
    "{{ user `name }}",
    "{{ user 'name' }}",
    "{{ user name }}",
    "{{if}}{{end}}",
    "{{end}}",
    "{{else}}",
    "{{template `none`}}",
    "{{$x}}",
    "{{1 | 2}}",
    "{{.Foo.Bar.Baz}}",
    "{{replace `a` `b` `c`}}",
    "{{replace_all `a` `b`}}",
    "{{lower 5}}",
    "{{range 5}}{{end}}",
    "{{strftime}}",
    "{{timestamp `x`}}",
    "{{uuid `x`}}",
]  # fmt: skip


def combined() -> Iterator[str]:
    """Every verb with every value, and every comparison with pairs of values."""
    for verb, value in itertools.product(VERBS, VALUES):
        yield f"{{{{printf `%{verb}` {value}}}}}"
    for name, left, right in itertools.product(["eq", "ne", "lt", "le"], VALUES[:8], VALUES[:8]):
        yield f"{{{{{name} {left} {right}}}}}"
    for name, value in itertools.product(["len", "not", "upper", "lower", "print", "html", "urlquery", "js"], VALUES):
        yield f"{{{{{name} {value}}}}}"


def mine(session: Session, text: str) -> str | None:
    try:
        return session.answer(text)
    except TemplateError:
        return None


def run(text: str, folder: Path) -> str | None:
    """What packer makes of a line; None where it reports an error."""
    done = packer_console(text, folder, "t.json").stdout
    return None if "Interpolation error" in done else done.removesuffix("\n")


def rendered(expressions: list[str], folder: Path) -> list[str | None]:
    """What packer makes of each; a line that fails is halved until it is known which part is refused."""
    text = run(BETWEEN.join(expressions), folder)
    if text is not None:
        return list(text.split(BETWEEN))
    if len(expressions) == 1:
        return [None]
    half = len(expressions) // 2
    return rendered(expressions[:half], folder) + rendered(expressions[half:], folder)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    (tmp_path / "t.json").write_text(json.dumps(TEMPLATE))
    monkeypatch.chdir(tmp_path)
    return open_session(TemplateRequest("t.json"))


def test_what_templates_use_is_rendered_as_in_packer(session: Session, tmp_path: Path) -> None:
    lines = [text for text in USED if "\n" not in text]
    with ThreadPoolExecutor(2) as pool:
        expected = list(pool.map(lambda text: run(text, tmp_path), lines))
    assert {text: mine(session, text) for text in lines} == dict(zip(lines, expected, strict=True))


def test_combined_interpolations_are_rendered_as_in_packer(session: Session, tmp_path: Path) -> None:
    expressions = list(dict.fromkeys(combined()))
    assert len(expressions) >= 500
    ours = {text: mine(session, text) for text in expressions}
    accepted = [text for text in expressions if ours[text] is not None]
    groups = [accepted[start : start + 16] for start in range(0, len(accepted), 16)]
    groups += [[text] for text in expressions if ours[text] is None]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda group: rendered(group, tmp_path), groups))
    theirs = dict(zip(itertools.chain(*groups), itertools.chain(*found), strict=True))
    pairs = {text: (ours[text], theirs[text]) for text in expressions}
    differing = {text: pair for text, pair in pairs.items() if pair[0] != pair[1]}
    assert {text: pair for text, pair in differing.items() if not any(map(partial(_says, text), DIFFERENT))} == {}


def _says(text: str, pattern: str) -> bool:
    return re.search(pattern, text) is not None
