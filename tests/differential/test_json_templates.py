"""The same JSON template through Debian's packer 1.6.6 and through us."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import ImagesmithError, TemplateError
from imagesmith.options import Options, option
from imagesmith.plan import Plan, TemplateRequest
from imagesmith.template import load
from imagesmith.template.gotime import go_format, strftime

PACKER = shutil.which("packer") or ""

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]

RENDERED = [
    # values and functions
    "{{user `name`}}",
    "{{ user `name` | upper }}",
    '{{user "name"}}',
    "{{user `nope`}}|",
    "{{.Foo}}",
    "{{.Foo.Bar}}",
    "{{ .Foo | print }}",
    "{{build_name}}-{{build_type}}",
    "{{upper `straße`}}",
    "{{lower `ÀÉ İ`}}",
    "{{split `a-b-c` `-` 1}}",
    "{{split (user `dashed`) `-` 0}}",
    "{{split `abc` `` 1}}",
    "{{replace `a` `b` 1 `aaa`}}",
    "{{replace `a` `b` -1 `aaa`}}",
    "{{user `dashed` | replace `-` `_` 1}}",
    "{{replace `` `-` 2 `abc`}}",
    "{{replace_all `a` `b` `banana`}}",
    "{{replace_all `` `-` `ab`}}",
    "{{user `dashed` | replace_all `-` `.`}}",
    "{{template_dir}}",
    "{{pwd}}",
    "{{timestamp | printf `%T`}}",
    "{{len uuid}}",
    "{{user `templated`}}",
    "{{strftime `%d`| len}}",
    # literals
    "{{`raw {{ text }}`}}",
    '{{"quoted \\"x\\" \\t|"}}',
    '{{"\\u00e9\\x41\\101"}}',
    "{{1}} {{-5}} {{1.5}} {{1e3}} {{0x1F}} {{1_000}} {{010}} {{0b11}} {{0o17}}",
    "{{'a'}} {{'\\n'}}",
    "{{true}} {{false}}",
    "{{1.0}} {{100000000000000000000.0}} {{1e21}} {{1e-7}} {{0.0001}} {{.5}}",
    # white space and comments
    "a {{- 1 -}} b",
    "a {{- /* c */ -}} b",
    "a{{/* c */}}b",
    "a\n  {{- 1}}\n{{2 -}}\n b",
    "{{-3}}",
    "{{- -3}}",
    "{{ 1\n}}",
    "}} {{`x`}} {{`}}`}}",
    "{ {1} }",
    # control
    "{{if true}}a{{end}}",
    "{{if .Foo}}a{{else}}b{{end}}",
    "{{if user `name`}}yes{{end}}",
    "{{if false}}a{{else if true}}b{{else}}c{{end}}",
    "{{if 0}}a{{else if ``}}b{{else}}c{{end}}",
    "{{with user `name`}}<{{.}}>{{end}}",
    "{{with ``}}a{{else}}b{{end}}",
    "{{with $x := 5}}{{$x}}{{.}}{{end}}",
    "{{range .Foo}}a{{else}}empty{{end}}",
    "{{range .Foo}}{{break}}{{end}}",
    "{{define `t`}}<{{.}}>{{end}}{{template `t` 5}}{{template `t`}}",
    "{{block `t` 1}}[{{.}}]{{end}}",
    "{{define `t`}}{{.A}}{{end}}{{template `t` .}}",
    # variables
    "{{$x := 1}}{{$x}}",
    "{{$x := 1}}{{$x = 2}}{{$x}}",
    "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}",
    "{{$}}",
    "{{$.Foo}}",
    # pipelines
    "{{1 | printf `%d-%d` 2}}",
    "{{(print `a`) | upper}}",
    "{{upper (lower `A`)}}",
    "{{`a`|upper|lower}}",
    "{{1 |}}",
    # built-in functions
    "{{and 1 0 2}} {{and 1 2}} {{or 0 `` 3}} {{or 0 false}}",
    "{{not 1}} {{not ``}} {{not .Foo}}",
    "{{len `héllo`}}",
    "{{index `abc` 1}}",
    "{{slice `abcdef` 1 3}} {{slice `abc` 1}} {{slice `abc`}}",
    "{{print 1 2 `a` `b` 3 4}}|{{print true false}}|{{print}}",
    "{{println 1 `a`}}",
    '{{html `<a href="x">\'&`}}',
    "{{js `<a>'\"&=\\ \n`}}",
    "{{urlquery `a b&c/é~*`}}",
    "{{eq 1 1}} {{eq `a` `b` `a`}} {{ne 1 2}} {{eq true true}}",
    "{{eq .Foo .Foo}} {{eq .Foo 1}}",
    "{{lt 1 2}} {{le 2 2}} {{gt `b` `a`}} {{ge 1.5 1.5}}",
    # printf
    '{{printf `%s|%v|%d|%q|%x|%X` `a` `b` 3 `c"` `hi` 255}}',
    "{{printf `%5d|%-5d|%05d|%+d|% d` 42 42 42 42 42}}",
    "{{printf `%5s|%-5s|%.2s|%5.1s|` `ab` `ab` `abc` `xyz`}}",
    "{{printf `%t %v` true false}}",
    "{{printf `%f %.2f %e %g %8.3f` 1.5 1.005 12345.678 0.00001 2.5}}",
    "{{printf `%v %v %v` 1e6 1e21 123456789.0}}",
    "{{printf `%c %U %q` 65 65 65}}",
    "{{printf `%b %o %x %#x` 5 8 255 255}}",
    "{{printf `%d` `a`}} {{printf `%s` 5}}",
    "{{printf `%d`}}",
    "{{printf `a` 1 `b`}}",
    "{{printf `%`}} {{printf `%%`}} {{printf `%z` 1}}",
    "{{printf `%T %T %T %T` 1 `a` 1.5 true}}",
    "{{printf `%*d|` 5 42}}",
    "{{printf `%v %s %d` .Foo .Foo .Foo}}",
    "{{printf `%q` `a\tb\n`}}",
    "{{printf `%6.2f%%|%08.3f|%+.1e` 12.345 3.14159 1234.5}}",
    "{{printf `%x %X` `hello` -255}}",
    "{{printf `%03d %x` -5 -5}}",
    "{{printf `%[1]d` 5}}",
    "{{printf `%[2]d %[1]d` 1 2}} {{printf `%[3]d` 1}}",
    "{{1000000.0}} {{999999.0}} {{123456.789}} {{1234567.5}} {{-0.00001}} {{0.0}}",
    "{{ 1 | }}",
    "{{printf `%q %q` 10 955}} {{printf `%U` 128512}}",
    "{{printf `%+q|%#q|%#v` `é` `a` `b`}}",
    "{{printf `%-8v|%8v|%08v` true 1.5 `x`}}",
    "{{printf `%s %v %d` true nil 1.5}}",
    "{{printf `%e %E %G %.3g` 0.0 1.5 1e10 1234.5678}}",
    "{{printf `%5c|%-5q|` 65 65}}",
    "{{printf `%v|%6v|%-6v|` 12 12 12}}",
    "{{printf `%#o %#b %08b` 8 5 5}}",
    "{{printf `%.3d %+.2f %+d` 5 1.0 -3}}",
    "{{range $i, $c := .Foo}}{{$i}}{{else}}none{{end}}",
    "{{if true}}{{/* c */}}x{{- end -}} y",
    "{{if $x := user `name`}}{{$x}}{{end}}",
    "{{split `a,b` `,` 1.0}}",
    "{{print nil}}",
    "{{user (printf `%s` `name`)}}",
    "{{'\\\\'}}{{'é'}}",
    "{{len (slice `abcd` 1)}}",
    "{{- `a` -}}  b  {{- `c`}}",
    "a{{-1}}",
    "{{`multi\nline`}}",
    "é{{`ü`}}😀",
    "{{gt `é` `z`}}",
    "{{upper\n`a`}}",
    "{{1 | and 2}} {{0 | or ``}}",
    "{{eq 1 2 3 1}}",
    "{{packer_version | len | lt 2}}",
]

REFUSED = [
    "{{split `a-b` `-` 5}}",
    "{{split `a-b` `-` -1}}",
    "{{sed `s/a/b/` `a`}}",
    "{{clean_resource_name `a`}}",
    "{{consul_key `a`}}",
    "{{env `HOME`}}",
    "{{nosuch}}",
    "{{nil}}",
    "{{99999999999999999999999}}",
    "{{'ab'}}",
    '{{"open}}',
    "{{`open}}",
    "a{{ /* c */ }}b",
    "{{/* open }}",
    "{{",
    "{{}}",
    "{{1",
    "{{if}}a{{end}}",
    "{{if true}}a",
    "{{end}}",
    "{{else}}",
    "{{if true}}a{{else}}b{{else}}c{{end}}",
    "{{range `abc`}}a{{end}}",
    "{{break}}",
    "{{template `none`}}",
    "{{if true}}{{define `t`}}{{end}}{{end}}",
    "{{$x}}",
    "{{if true}}{{$x := 1}}{{end}}{{$x}}",
    "{{$x = 1}}",
    "{{1 | 2}}",
    "{{`a` `b`}}",
    "{{upper}}",
    "{{upper `a` `b`}}",
    "{{upper 5}}",
    "{{upper .Foo}}",
    "{{upper(`a`)}}",
    "{{upper `a``b`}}",
    "{{)}}",
    "{{(1}}",
    "{{| upper}}",
    "{{uuid.Foo}}",
    "{{.Foo`x`}}",
    "{{#}}",
    "{{len 5}}",
    "{{index `abc` 3}}",
    "{{slice `abc` 2 1}}",
    "{{eq 1 `1`}}",
    "{{eq 1 1.0}}",
    "{{eq 1}}",
    "{{lt 1 `a`}}",
    "{{lt true false}}",
    "{{call 1}}",
    "{{index .Foo 1}}",
    "{{printf 5}}",
    "{{define `a`}}1{{end}}{{define `a`}}2{{end}}{{template `a`}}",
    "{{block `b` .}}{{else}}{{end}}",
    "{{replace `a` `b` 1}}",
    "{{upper nil}}",
    "{{true false}}",
    "{{$x := upper}}",
    "{{user}}",
    "{{isotime `2006` `01`}}",
    "{{not}}",
    "{{slice `abc` 1 2 3}}",
    "{{slice 5 1}}",
    "{{template `a` `b` `c`}}",
    "{{template a}}",
    '{{"a\\z"}}',
    '{{"a\\\'b"}}',
    "{{1a}}",
    "{{0x}}",
    "{{a.b}}",
    "a{{- }}b",
    '{{"multi\nline"}}',
    "{{ne `a` `b` `c`}}",
    "{{and}}",
]

TIME_LAYOUTS = [
    "2006-01-02T15:04:05Z07:00",
    "Mon Jan _2 15:04:05 MST 2006",
    "Monday, 2 January 06 3:4:5 PM pm -0700 -07:00 -07 Z0700 Z07",
    "20060102150405",
    "002 __2 03 .000 .000000 .999 ,000 _2006 January Janet Monique 2006010215",
    "at 15h04 05.999999s (6 1 02)",
]
STRFTIME = ["%Y-%m-%d %H:%M:%S", "%a %A %b %B %I %p %y %z %Z %%", "%e %j %s %Q%L", "%", "%Y%"]


class FileBuilder(Options):
    """Packer's ``file`` builder: it writes its rendered content."""

    target: str = option(doc="Where to.")
    content: str = option(default="", doc="What.")


# What packer says when one of its own processes, of which every builder is one, could not be started or was lost.
TROUBLE = re.compile(r"plugin|panic|unexpected EOF|connection (is shut down|refused|reset)|temporarily unavailable")


def packer(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, **(environ or {})}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PACKER, *arguments],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    done = run()
    for _ in range(2):
        if done.returncode and TROUBLE.search(done.stdout + done.stderr):
            done = run()
    return done


def write(folder: Path, template: Mapping[str, Any], name: str = "t.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(template))
    return path


def file_builders(contents: Sequence[str], folder: Path, **more: Any) -> dict[str, Any]:
    builders = [
        {"type": "file", "name": f"b{number}", "target": str(folder / f"out{number}"), "content": content}
        for number, content in enumerate(contents)
    ]
    return {"builders": builders, **more}


def theirs(
    contents: Sequence[str], folder: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> list[str | None]:
    """What packer writes for each content; None where it reports an error for that builder."""
    packer(["build", "-color=false", "-parallel-builds=4", *arguments, "t.json"], folder, environ)
    outputs = [folder / f"out{number}" for number in range(len(contents))]
    return [output.read_text() if output.exists() else None for output in outputs]


def ours(plan: Plan) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for build in plan.builds:
        try:
            found[build.short_name] = build.source.decode(FileBuilder).content
        except TemplateError:
            found[build.short_name] = None
    return found


NAMES = {"name": "web", "dashed": "v1-2-3", "templated": "{{`{{.X}}`}}"}
BETWEEN = "\x1f"


def grouped(expressions: Sequence[str]) -> list[str]:
    """Several expressions per builder, because every builder is a process; those that define names stand alone."""
    alone = [text for text in expressions if "define" in text or "block" in text]
    others = [text for text in expressions if text not in alone]
    return alone + [BETWEEN.join(others[start : start + 12]) for start in range(0, len(others), 12)]


def test_expressions_render_as_in_packer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    contents = grouped(RENDERED)
    write(tmp_path, file_builders(contents, tmp_path, variables=NAMES))
    expected = theirs(contents, tmp_path)
    got = ours(load(TemplateRequest("t.json")))
    assert len(RENDERED) >= 80
    for number, content in enumerate(contents):
        texts, mine = expected[number], got[f"b{number}"]
        assert texts is not None, content
        assert mine is not None, content
        shown = [dict(zip(content.split(BETWEEN), text.split(BETWEEN), strict=True)) for text in (mine, texts)]
        assert shown[0] == shown[1]


def test_what_packer_refuses_to_render_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, file_builders(REFUSED, tmp_path, variables=NAMES))
    report = packer(["validate", "t.json"], tmp_path).stdout
    got = ours(load(TemplateRequest("t.json")))
    assert [text for number, text in enumerate(REFUSED) if f'build: "b{number}"' not in report] == [], report
    assert [text for number, text in enumerate(REFUSED) if got[f"b{number}"] is not None] == []


def test_times_are_written_as_in_packer(tmp_path: Path) -> None:
    moment = "{{isotime `2006-01-02T15:04:05.000000000`}}"
    contents = [f"{moment}\n{{{{isotime `{layout}`}}}}" for layout in TIME_LAYOUTS]
    contents += [f"{moment}\n{{{{strftime `{layout}`}}}}" for layout in STRFTIME]
    write(tmp_path, file_builders(contents, tmp_path))
    for number, text in enumerate(theirs(contents, tmp_path)):
        assert text is not None
        when, _, shown = text.partition("\n")
        started = datetime.fromisoformat(when[:26]).replace(tzinfo=UTC)
        if number < len(TIME_LAYOUTS):
            assert go_format(started, TIME_LAYOUTS[number]) == shown
        else:
            assert strftime(started, STRFTIME[number - len(TIME_LAYOUTS)]) == shown


VARIABLES = {
    "kept": "x{{ .X }}y",
    "kept_deep": "{{.A.B}}|{{  .C  }}|{{ .A.B.C}}|{{.A\n}}",
    "trimmed": "a {{- .C -}} z",
    "kept_inside": "{{if true}}{{.X}}{{else}}{{.Y}}{{end}}",
    "dot": "[{{.}}] [{{$.X}}] [{{(.X)}}] [{{with 5}}{{.}}{{end}}]",
    "escaped": "{{`{{.Z}}`}}",
    "condition": "{{if .X}}a{{else}}b{{end}}",
    "printed": "{{ printf `%s` .Y }}",
    "mixed": "{{.X}}{{env `FROM_ENVIRONMENT`}}",
    "unset_environment": "[{{env `NOT_SET_ANYWHERE`}}]",
    "last": "{{user `second`}}!",
    "second": "{{user `third` | upper}}",
    "third": "deep {{user `kept`}}",
    "given": "default",
    "given_template": "",
    "from_file": "default",
    "dir": "{{template_dir}}",
    "lines": "a\nb\tc",
}


def test_variables_get_the_values_that_packer_gives_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"FROM_ENVIRONMENT": "e"}
    contents = [f"{{{{user `{name}`}}}}" for name in [*VARIABLES, "undeclared"]]
    write(tmp_path, file_builders(contents, tmp_path, variables=VARIABLES))
    write(tmp_path, {"from_file": "first", "given": "file"}, "one.json")
    write(tmp_path, {"from_file": "second {{user `given`}}"}, "two.json")
    given = [("given", "x=y,z"), ("given_template", "<{{user `last`}}>"), ("undeclared", "u")]
    flags = ["-var-file=one.json", "-var-file=two.json", *[f"-var={name}={value}" for name, value in given]]
    expected = theirs(contents, tmp_path, *flags, environ=environ)
    files = ["one.json", "two.json"]
    got = ours(load(TemplateRequest("t.json", variables=given, variable_files=files, environ=environ)))
    assert None not in expected
    assert {text: got[f"b{n}"] for n, text in enumerate(contents)} == dict(zip(contents, expected, strict=True))


NULL: dict[str, Any] = {"type": "null", "communicator": "none"}
LOCAL: dict[str, Any] = {"type": "shell-local", "inline": ["true"]}
SHAPES: list[tuple[str, Any]] = [
    ("least", {"builders": [NULL]}),
    ("no builders", {"builders": []}),
    ("builders not a list", {"builders": NULL}),
    ("builder without type", {"builders": [{"name": "x"}]}),
    ("repeated name", {"builders": [NULL, NULL]}),
    ("unknown root key", {"builders": [NULL], "bogus": 1}),
    ("root comment", {"builders": [NULL], "_comment": "x"}),
    ("bad root comment", {"builders": [NULL], "_comment": 5}),
    ("push is ignored", {"builders": [NULL], "push": {"a": 1}}),
    ("root key in capitals", {"builders": [NULL], "Variables": {"a": "b"}}),
    ("description", {"builders": [NULL], "description": 5}),
    ("number as variable", {"builders": [NULL], "variables": {"a": 5}}),
    ("variables not a map", {"builders": [NULL], "variables": [{"a": "b"}]}),
    ("required variable", {"builders": [NULL], "variables": {"a": None}}),
    ("unknown variable in a variable", {"builders": [NULL], "variables": {"a": "{{user `zz`}}"}}),
    ("circle", {"builders": [NULL], "variables": {"a": "{{user `b`}}", "b": "{{user `a`}}"}}),
    ("build_name in a variable", {"builders": [NULL], "variables": {"a": "{{build_name}}"}}),
    ("sensitive not a list", {"builders": [NULL], "sensitive-variables": "a"}),
    ("old minimum", {"builders": [NULL], "min_packer_version": "1.2.0"}),
    ("new minimum", {"builders": [NULL], "min_packer_version": "99.0"}),
    ("bad minimum", {"builders": [NULL], "min_packer_version": "x"}),
    ("provisioners not a list", {"builders": [NULL], "provisioners": LOCAL}),
    ("provisioner is a string", {"builders": [NULL], "provisioners": ["shell"]}),
    ("only", {"builders": [NULL], "provisioners": [{**LOCAL, "only": ["null"]}]}),
    ("unknown only", {"builders": [NULL], "provisioners": [{**LOCAL, "only": ["nope"]}]}),
    ("unknown except", {"builders": [NULL], "provisioners": [{**LOCAL, "except": ["nope"]}]}),
    ("only and except", {"builders": [NULL], "provisioners": [{**LOCAL, "only": ["null"], "except": ["null"]}]}),
    ("unknown override", {"builders": [NULL], "provisioners": [{**LOCAL, "override": {"nope": {}}}]}),
    ("bad pause", {"builders": [NULL], "provisioners": [{**LOCAL, "pause_before": "5"}]}),
    ("bare pause", {"builders": [NULL], "provisioners": [{**LOCAL, "pause_before": 5}]}),
    ("retries", {"builders": [NULL], "provisioners": [{**LOCAL, "max_retries": "3"}]}),
    ("post-processor names", {"builders": [NULL], "post-processors": ["manifest", ["manifest", {"type": "manifest"}]]}),
    ("nested sequence", {"builders": [NULL], "post-processors": [[["manifest"]]]}),
    ("post-processors not a list", {"builders": [NULL], "post-processors": "manifest"}),
    ("keep as text", {"builders": [NULL], "post-processors": [{"type": "manifest", "keep_input_artifact": "true"}]}),
    ("keep", {"builders": [NULL], "post-processors": [{"type": "manifest", "keep_input_artifact": True}]}),
    ("cleanup", {"builders": [NULL], "error-cleanup-provisioner": LOCAL}),
    ("cleanup is a list", {"builders": [NULL], "error-cleanup-provisioner": [LOCAL]}),
]
TEXTS = [
    ("comma at the end", '{"builders": [{"type": "null", "communicator": "none"}],}'),
    ("duplicate root key", '{"builders": [], "builders": [{"type": "null", "communicator": "none"}]}'),
    ("duplicate option", '{"builders": [{"type": "null", "communicator": "none", "type": "null"}]}'),
    ("text after the end", '{"builders": [{"type": "null", "communicator": "none"}]} x'),
    ("single quotes", "{'builders': []}"),
    ("empty", ""),
    ("a list", "[]"),
]


def test_templates_are_accepted_or_refused_as_in_packer(tmp_path: Path) -> None:
    cases = [(what, json.dumps(template)) for what, template in SHAPES] + TEXTS
    accepted, mine = [], []
    for what, text in cases:
        path = tmp_path / "t.json"
        path.write_text(text)
        if packer(["validate", "t.json"], tmp_path).returncode == 0:
            accepted.append(what)
        with contextlib.suppress(ImagesmithError):
            load(TemplateRequest(str(path)))
            mine.append(what)
    assert mine == accepted


RUN_TIME = [
    "{{user `name`}} {{build_name}} {{build_type}}",
    "{{ build `ID` }}",
    "{{user `later`}}",
    "{{`{{.X}}`}}",
    "{{.X}}",
    "{{`{{`}}user `name`}}",
    "{{user `name` | upper | printf `%s-%s` `a`}}",
    "{{if eq (user `name`) `web`}}same{{end}}",
]


def test_text_of_the_running_build_is_rendered_as_in_packer(tmp_path: Path) -> None:
    lines = [f"cat <<'EOF' > out{number}\n{text}\nEOF" for number, text in enumerate(RUN_TIME)]
    shell = {"type": "shell-local", "inline": lines}
    names = {"name": "web", "later": "{{`{{user `}}`name`}}"}
    path = write(tmp_path, {"builders": [{**NULL, "name": "n"}], "provisioners": [shell], "variables": names})
    packer(["build", "-color=false", "t.json"], tmp_path)
    build = load(TemplateRequest(str(path))).builds[0]
    for number, text in enumerate(RUN_TIME):
        assert build.render(text + "\n", {}, {"ID": "Null"}) == (tmp_path / f"out{number}").read_text()
