# ruff: noqa: E501 - one template to a line
"""Legacy JSON: the parts of a template, variables, provisioners and post-processors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.differential.accepting.case import Case

NULL: dict[str, Any] = {"type": "null", "communicator": "none"}
REACHED: dict[str, Any] = {"type": "null", "ssh_host": "127.0.0.1", "ssh_username": "root", "ssh_password": "x"}
LOCAL: dict[str, Any] = {"type": "shell-local", "inline": ["true"]}
TWO: list[dict[str, Any]] = [{**NULL, "name": "a"}, {**NULL, "name": "b"}]
MANIFEST: dict[str, Any] = {"type": "manifest"}


def template(builders: Any = None, **more: Any) -> str:
    """A template; underscores in names of root keys are dashes, but for a leading one."""
    whole = {"builders": [NULL] if builders is None else builders}
    whole |= {(key[0] + key[1:].replace("_", "-") if key != "min_packer_version" else key): more[key] for key in more}
    return json.dumps(whole)


def provisioner(**options: Any) -> str:
    return template(TWO, provisioners=[{**LOCAL, **options}])


def shell(**options: Any) -> str:
    return template([REACHED], provisioners=[{"type": "shell", **options}])


def post(*post_processors: Any, builders: Any = None) -> str:
    return template(builders, post_processors=list(post_processors))


def using(text: str, **variables: Any) -> str:
    """A template whose one script uses variables."""
    return template(provisioners=[{**LOCAL, "inline": [text]}], variables=variables)


PAUSES: list[Any] = ["5s", "5", 5, "", "-5s", True, None, [], 1.5, "1h2m3s4ms", "5 s", "abc"]
RETRIES: list[Any] = ["3", 3, "", 0, -1, "-1", "x", 1.5, "1.5", True, None, [], "{{user `n`}}"]
KEEPS: list[Any] = [True, False, None, "true", "", 1, []]
ONE = '{"type": "null", "communicator": "none"}'

TEXTS: dict[str, str] = {
    # the document
    "least": template(),
    "empty text": "",
    "only spaces": " \n ",
    "a list": "[]",
    "a string": '"x"',
    "null": "null",
    "empty object": "{}",
    "comma at the end": f'{{"builders": [{ONE}],}}',
    "comma at the end of a list": f'{{"builders": [{ONE},]}}',
    "line comment": f'{{\n// c\n"builders": [{ONE}]}}',
    "hash comment": f'{{\n# c\n"builders": [{ONE}]}}',
    "block comment": f'{{/* c */"builders": [{ONE}]}}',
    "text after the end": f'{{"builders": [{ONE}]}} x',
    "second document": f'{{"builders": [{ONE}]}} {{}}',
    "single quotes": "{'builders': []}",
    "byte order mark": "\ufeff" + template(),
    "tabs and CRLF": f'{{\r\n\t"builders": [\r\n\t\t{ONE}\r\n\t]\r\n}}\r\n',
    "escaped key": f'{{"build\\u0065rs": [{ONE}]}}',
    "raw newline in a string": f'{{"description": "a\nb", "builders": [{ONE}]}}',
    "bad escape": f'{{"description": "\\x", "builders": [{ONE}]}}',
    "lone surrogate": f'{{"description": "\\ud800", "builders": [{ONE}]}}',
    "leading zero": '{"_c": "x", "builders": [{"type": "null", "communicator": "none", "ssh_port": 022}]}',
    "capital True": '{"builders": [{"type": "null", "communicator": "none", "ssh_pty": True}]}',
    # root keys
    "duplicate root key": f'{{"builders": [], "builders": [{ONE}]}}',
    "duplicate key in a builder": '{"builders": [{"type": "null", "communicator": "none", "type": "null"}]}',
    "duplicate in capitals": '{"builders": [{"type": "null", "communicator": "none", "Communicator": "none"}]}',
    "duplicate variable": f'{{"variables": {{"a": "1", "a": "2"}}, "builders": [{ONE}]}}',
    "duplicate key deep inside": template(
        provisioners=[{**LOCAL, "environment_vars": []}]
    ).replace('"environment_vars": []', '"env": {"a": "1", "a": "2"}'),
    "no builders": template([]),
    "builders missing": '{"provisioners": []}',
    "builders an object": template(NULL),
    "builders a string": template("null"),
    "builders null": '{"builders": null}',
    "builder a string": template(["null"]),
    "builder null": template([None]),
    "builder without type": template([{"name": "x"}]),
    "builder with empty type": template([{**NULL, "type": ""}]),
    "builder type a number": template([{**NULL, "type": 5}]),
    "unknown builder": template([{"type": "nope"}]),
    "type in capitals": template([{"Type": "null", "communicator": "none"}]),
    "type value in capitals": template([{"type": "Null", "communicator": "none"}]),
    "repeated name": template([NULL, NULL]),
    "repeated given name": template([{**NULL, "name": "a"}, {**NULL, "name": "a"}]),
    "name equal to another's type": template([NULL, {"type": "file", "target": "x", "content": "y", "name": "null"}]),
    "two types": template([NULL, {"type": "file", "target": "x", "content": "y"}]),
    "empty name": template([{**NULL, "name": ""}]),
    "name a number": template([{**NULL, "name": 5}]),
    "name null": template([{**NULL, "name": None}]),
    "templated name": template([{**NULL, "name": "x-{{user `v`}}"}], variables={"v": "1"}),
    "templated names that meet": template([{**NULL, "name": "x{{user `v`}}"}, {**NULL, "name": "x"}], variables={"v": ""}),
    "bad template in a name": template([{**NULL, "name": "x-{{nope}}"}]),
    "name with build_name": template([{**NULL, "name": "{{build_name}}"}]),
    "unknown root key": template(bogus=1),
    "variables misspelt": template(variable={"a": "b"}),
    "root comment": template(_comment="x"),
    "root comment a number": template(_comment=5),
    "root comment a list": template(_comment=["x"]),
    "root comment an object": template(_comment={"a": "b"}),
    "root comment null": template(_comment=None),
    "two comments": template(_a="x", _b="y"),
    "bare underscore": template(_="x"),
    "slashes as a key": json.dumps({"//": "x", "builders": [NULL]}),
    "comment in a builder": template([{**NULL, "_comment": "x"}]),
    "comment in a provisioner": provisioner(_comment="x"),
    "comment in a post-processor": post({**MANIFEST, "_comment": "x"}),
    "comment in variables": template(variables={"_comment": "x"}),
    "comment object in variables": template(variables={"_comment": {"a": 1}}),
    "push": template(push={"name": "a"}),
    "push a string": template(push="x"),
    "root key in capitals": template(Variables={"a": "b"}),
    "builders in capitals": json.dumps({"BUILDERS": [NULL]}),
    "description": template(description="x"),
    "description a number": template(description=5),
    "description a list": template(description=["a"]),
    "description null": template(description=None),
    # versions
    **{
        f"minimum {wanted!r}": template(min_packer_version=wanted)
        for wanted in ("1.2.0", "v1.2.0", "1.6", "1", "99.0", "x", "", ">= 1.0", "1.2.0-rc1", "1.2.x", 1, None, "1.6.6")
    },
    # variables
    "variables empty": template(variables={}),
    "variables null": template(variables=None),
    "variables a list": template(variables=[{"a": "b"}]),
    "variables a string": template(variables="a"),
    **{
        f"default {default!r}": template(variables={"a": default})
        for default in ("x", "", 5, 1.5, True, [], ["x"], {}, {"b": "c"})
    },
    "required variable": template(variables={"a": None}),
    "required variable, used": using("{{user `a`}}", a=None),
    "variable with spaces in its name": using("{{user `a b`}}", **{"a b": "x"}),
    "unknown variable in a variable": using("x", a="{{user `zz`}}"),
    "unknown variable in an option": using("{{user `zz`}}"),
    "variable of a variable": using("{{user `a`}}", a="{{user `b`}}", b="{{user `c`}}", c="x"),
    "variables in a circle": using("x", a="{{user `b`}}", b="{{user `a`}}"),
    "variable of itself": using("x", a="{{user `a`}}"),
    "variable of a required one without value": using("x", a="{{user `b`}}", b=None),
    "environment in a variable": using("x", a="{{env `HOME`}}"),
    "environment in an option": using("{{env `HOME`}}"),
    "build name in a variable": using("x", a="{{build_name}}"),
    "build in a variable": using("x", a="{{build `ID`}}"),
    "field in a variable": using("x", a="{{ .Name }}"),
    "function nobody knows in a variable": using("x", a="{{nope}}"),
    "open braces in a variable": using("x", a="{{"),
    "open braces in an option": using("{{"),
    "closing braces in an option": using("}}"),
    "build in a provisioner": using("{{build `ID`}}"),
    "field in an option": using("{{ .Vars }}"),
    "uuid and times": using("x", a="{{uuid}} {{timestamp}} {{isotime}} {{isotime `2006`}}"),
    "template_dir in a variable": using("x", a="{{template_dir}} {{pwd}} {{packer_version}}"),
    "consul in an option": using("{{consul_key `a`}}"),
    "vault in an option": using("{{vault `a` `b`}}"),
    "sed": using("{{sed `s/a/b/` `x`}}"),
    "split out of range": using("{{split `a-b` `-` 5}}"),
    "clean_resource_name": using("{{clean_resource_name `a`}}"),
    "if and else": using("{{if user `a`}}x{{else}}y{{end}}", a="1"),
    "sensitive": template(variables={"a": "x"}, sensitive_variables=["a"]),
    "sensitive unknown": template(sensitive_variables=["nope"]),
    "sensitive a string": template(variables={"a": "x"}, sensitive_variables="a"),
    "sensitive a number": template(sensitive_variables=[5]),
    "sensitive null": template(sensitive_variables=None),
    "sensitive an object": template(sensitive_variables={"a": True}),
    # provisioners
    "provisioners an object": template(provisioners=LOCAL),
    "provisioners null": template(provisioners=None),
    "provisioners empty": template(provisioners=[]),
    "provisioner a string": template(provisioners=["shell"]),
    "provisioner null": template(provisioners=[None]),
    "provisioner without type": template(provisioners=[{"inline": ["true"]}]),
    "provisioner type a number": template(provisioners=[{**LOCAL, "type": 1}]),
    "unknown provisioner": template(provisioners=[{"type": "nope"}]),
    "provisioner with a name": provisioner(name="x"),
    "only": provisioner(only=["a"]),
    "only both": provisioner(only=["a", "b"]),
    "only a string": provisioner(only="a"),
    "only with a comma": provisioner(only="a,b"),
    "only empty": provisioner(only=[]),
    "only null": provisioner(only=None),
    "only a number": provisioner(only=5),
    "only of numbers": provisioner(only=[5]),
    "only unknown": provisioner(only=["nope"]),
    "only the type": provisioner(only=["null"]),
    "only type and name": provisioner(only=["null.a"]),
    "only a glob": provisioner(only=["*"]),
    "except": provisioner(**{"except": ["a"]}),
    "except everything": provisioner(**{"except": ["a", "b"]}),
    "except unknown": provisioner(**{"except": ["nope"]}),
    "except empty": provisioner(**{"except": []}),
    "only and except": provisioner(only=["a"], **{"except": ["b"]}),
    "only and empty except": provisioner(only=["a"], **{"except": []}),
    "override": provisioner(override={"a": {"inline": ["false"]}}),
    "override empty": provisioner(override={}),
    "override unknown": provisioner(override={"nope": {}}),
    "override with a bad option": provisioner(override={"a": {"bogus": 1}}),
    "override for what only leaves out": provisioner(only=["b"], override={"a": {"bogus": 1}}),
    "override a list": provisioner(override=[]),
    "override a string": provisioner(override="a"),
    "override null": provisioner(override=None),
    "override of a builder a string": provisioner(override={"a": "x"}),
    "override of a builder null": provisioner(override={"a": None}),
    "override adds script to inline": provisioner(override={"a": {"script": "script.sh"}}),
    "override of the type": provisioner(override={"a": {"type": "nope"}}),
    **{f"pause_before {value!r}": provisioner(pause_before=value) for value in PAUSES},
    **{f"timeout {value!r}": provisioner(timeout=value) for value in ("5m", "5", 5, "")},
    **{f"max_retries {value!r}": provisioner(max_retries=value) for value in RETRIES},
    "continue_on_error": provisioner(continue_on_error=True),
    "max_retries from a variable": template(provisioners=[{**LOCAL, "max_retries": "{{user `n`}}"}], variables={"n": "3"}),
    "pause_before from a variable": template(provisioners=[{**LOCAL, "pause_before": "{{user `n`}}"}], variables={"n": "3s"}),
    "cleanup": template(error_cleanup_provisioner=LOCAL),
    "cleanup a list": template(error_cleanup_provisioner=[LOCAL]),
    "cleanup a string": template(error_cleanup_provisioner="shell-local"),
    "cleanup null": template(error_cleanup_provisioner=None),
    "cleanup unknown": template(error_cleanup_provisioner={"type": "nope"}),
    "cleanup without type": template(error_cleanup_provisioner={}),
    "cleanup with bad options": template(error_cleanup_provisioner={**LOCAL, "bogus": 1}),
    "cleanup with only": template(error_cleanup_provisioner={**LOCAL, "only": ["null"]}),
    "cleanup with unknown only": template(error_cleanup_provisioner={**LOCAL, "only": ["nope"]}),
    # post-processors
    "post-processors an object": template(post_processors=MANIFEST),
    "post-processors a string": template(post_processors="manifest"),
    "post-processors null": template(post_processors=None),
    "post-processors empty": post(),
    "post-processor by name": post("manifest"),
    "unknown post-processor": post("nope"),
    "empty post-processor name": post(""),
    "post-processor null": post(None),
    "post-processor a number": post(5),
    "sequence": post(["manifest", MANIFEST]),
    "empty sequence": post([]),
    "sequence in a sequence": post([["manifest"]]),
    "sequence with a number": post([5]),
    "post-processor without type": post({"output": "x"}),
    "post-processor name": post({**MANIFEST, "name": "m"}),
    "post-processor name twice": post({**MANIFEST, "name": "m"}, {**MANIFEST, "name": "m"}),
    "post-processor name a number": post({**MANIFEST, "name": 5}),
    "post-processor only": post({**MANIFEST, "only": ["a"]}, builders=TWO),
    "post-processor only unknown": post({**MANIFEST, "only": ["nope"]}),
    "post-processor except unknown": post({**MANIFEST, "except": ["nope"]}),
    "post-processor only and except": post({**MANIFEST, "only": ["a"], "except": ["b"]}, builders=TWO),
    "post-processor unknown option": post({**MANIFEST, "bogus": 1}),
    "post-processor override": post({**MANIFEST, "override": {}}),
    "post-processor pause_before": post({**MANIFEST, "pause_before": "5s"}),
    **{f"keep_input_artifact {value!r}": post({**MANIFEST, "keep_input_artifact": value}) for value in KEEPS},
    "unknown option that only hides": post({**MANIFEST, "only": ["a"], "bogus": 1}, builders=TWO),
    # scripts
    "shell inline": shell(inline=["true"]),
    "shell without a machine": template(provisioners=[{"type": "shell", "inline": ["true"]}]),
    "file without a machine": template(provisioners=[{"type": "file", "source": "some", "destination": "/x"}]),
    "shell nothing": shell(),
    "shell script": shell(script="script.sh"),
    "shell script that is missing": shell(script="nope.sh"),
    "shell script a folder": shell(script="some"),
    "shell scripts": shell(scripts=["script.sh", "script.sh"]),
    "shell scripts with one missing": shell(scripts=["script.sh", "nope.sh"]),
    "shell script and inline": shell(inline=["true"], script="script.sh"),
    "shell script and scripts": shell(script="script.sh", scripts=["script.sh"]),
    "shell inline and scripts": shell(inline=["true"], scripts=["script.sh"]),
    "shell empty inline": shell(inline=[]),
    "shell empty inline and a script": shell(inline=[], script="script.sh"),
    "shell empty script": shell(script=""),
    "shell empty inline text": shell(inline=[""]),
    "shell script from a variable": template([REACHED], provisioners=[{"type": "shell", "script": "{{user `s`}}"}], variables={"s": "script.sh"}),
    "shell script with template_dir": shell(script="{{template_dir}}/script.sh"),
    "shell environment without =": shell(inline=["true"], environment_vars=["A"]),
    "shell environment with an empty name": shell(inline=["true"], environment_vars=["=x"]),
    "shell environment with an empty value": shell(inline=["true"], environment_vars=["A="]),
    "shell environment with quotes": shell(inline=["true"], environment_vars=["A=it's \"x\""]),
    "shell unknown option": shell(inline=["true"], bogus=1),
    "shell misspelt option": shell(inlin=["true"]),
    "shell option in capitals": shell(Inline=["true"]),
    "shell packer_ option": shell(inline=["true"], packer_bogus=1),
    "shell remote_path": shell(inline=["true"], remote_path="/x"),
    "shell remote_path and folder": shell(inline=["true"], remote_path="/x", remote_folder="/y", remote_file="z"),
    "shell execute_command": shell(inline=["true"], execute_command="{{ .Vars }} sudo {{ .Path }}"),
    "shell bad execute_command": shell(inline=["true"], execute_command="{{ .Vars"),
    "shell execute_command with an unknown function": shell(inline=["true"], execute_command="{{nope}}"),
    "shell use_env_var_file": shell(inline=["true"], use_env_var_file=True),
    "shell inline with a field": shell(inline=["docker ps --format '{{.Names}}'"]),
    "shell inline with a bad template": shell(inline=["{{"]),
    "shell-local command": template(provisioners=[{"type": "shell-local", "command": "true"}]),
    "shell-local command and inline": provisioner(command="true"),
    "shell-local script": template(provisioners=[{"type": "shell-local", "script": "script.sh"}]),
    "shell-local script missing": template(provisioners=[{"type": "shell-local", "script": "nope.sh"}]),
    "shell-local script and inline": provisioner(script="script.sh"),
    "shell-local nothing": template(provisioners=[{"type": "shell-local"}]),
    "shell-local only_on": provisioner(only_on=["linux", "darwin"]),
    "shell-local only_on unknown": provisioner(only_on=["nope"]),
    "shell-local execute_command": provisioner(execute_command=["/bin/sh", "-c", "{{.Vars}} {{.Script}}"]),
    "shell-local execute_command text": provisioner(execute_command="sh {{.Script}}"),
    "shell-local use_linux_pathing": provisioner(use_linux_pathing=True),
    "shell-local environment": provisioner(environment_vars=["A=b", "C"]),
    "shell-local tempfile_extension": provisioner(tempfile_extension=".sh"),
    "shell-local post-processor": post(LOCAL),
    "shell-local post-processor without anything": post("shell-local"),
    "shell-local post-processor with a bad option": post({**LOCAL, "bogus": 1}),
    # files
    **{
        f"file {options!r}": template([REACHED], provisioners=[{"type": "file", **options}])
        for options in (
            {"source": "some/file.txt", "destination": "/x"},
            {"source": "some", "destination": "/x"},
            {"source": "some/", "destination": "/x/"},
            {"source": "nope", "destination": "/x"},
            {"source": "nope", "destination": "/x", "generated": True},
            {"source": "nope", "destination": "/x", "direction": "download"},
            {"source": "some/file.txt"},
            {"destination": "/x"},
            {"content": "a", "destination": "/x"},
            {"content": "a", "source": "some/file.txt", "destination": "/x"},
            {"sources": ["some", "script.sh"], "destination": "/x"},
            {"sources": ["some", "nope"], "destination": "/x"},
            {"sources": ["some"], "source": "script.sh", "destination": "/x"},
            {"sources": [], "destination": "/x"},
            {"sources": "some,script.sh", "destination": "/x"},
            {"source": "some/*.txt", "destination": "/x"},
            {"source": "some", "destination": "/x", "direction": "sideways"},
            {"source": "some", "destination": "/x", "direction": ""},
            {"source": "some", "destination": "/x", "bogus": 1},
            {"source": "{{template_dir}}/some", "destination": "/x"},
            {"source": "{{build `ID`}}", "destination": "/x"},
            {"source": "some", "destination": ""},
        )
    },
    # breakpoints
    "breakpoint": template(provisioners=[{"type": "breakpoint"}]),
    "breakpoint with a note": template(provisioners=[{"type": "breakpoint", "note": "x", "disable": True}]),
    "breakpoint with an unknown option": template(provisioners=[{"type": "breakpoint", "bogus": 1}]),
}  # fmt: skip

A = {"a": None}
FILES: dict[str, tuple[Mapping[str, Any], dict[str, str], dict[str, Any]]] = {
    "required variable from -var": (A, {}, {"variables": [("a", "x")]}),
    "required variable empty from -var": (A, {}, {"variables": [("a", "")]}),
    "required variable from the environment": (A, {}, {"environ": {"PKR_VAR_a": "x"}}),
    "required variable from a file": (A, {"v.json": '{"a": "x"}'}, {"variable_files": ["v.json"]}),
    "another variable from a file": (A, {"v.json": '{"b": "x"}'}, {"variable_files": ["v.json"]}),
    "unknown variable from -var": ({}, {}, {"variables": [("nope", "x")]}),
    "file with a number": (A, {"v.json": '{"a": 5}'}, {"variable_files": ["v.json"]}),
    "file with null": (A, {"v.json": '{"a": null}'}, {"variable_files": ["v.json"]}),
    "file with true": (A, {"v.json": '{"a": true}'}, {"variable_files": ["v.json"]}),
    "file with a list": (A, {"v.json": '{"a": ["x"]}'}, {"variable_files": ["v.json"]}),
    "file that is a list": (A, {"v.json": "[]"}, {"variable_files": ["v.json"]}),
    "file with a comma": (A, {"v.json": '{"a": "x",}'}, {"variable_files": ["v.json"]}),
    "file with a duplicate": (A, {"v.json": '{"a": "x", "a": "y"}'}, {"variable_files": ["v.json"]}),
    "file with a comment": (A, {"v.json": '{"_comment": "c", "a": "x"}'}, {"variable_files": ["v.json"]}),
    "file that is missing": (A, {}, {"variable_files": ["v.json"]}),
    "file that is empty": (A, {"v.json": ""}, {"variable_files": ["v.json"]}),
    "file of HCL": (A, {"v.hcl": 'a = "x"'}, {"variable_files": ["v.hcl"]}),
    "file without an ending": (A, {"v": '{"a": "x"}'}, {"variable_files": ["v"]}),
    "two files": (
        {"a": None, "b": None},
        {"v.json": '{"a": "x"}', "w.json": '{"b": "x"}'},
        {"variable_files": ["v.json", "w.json"]},
    ),
    "auto file": (A, {"v.auto.pkrvars.json": '{"a": "x"}'}, {}),
    "value with a template": (A, {}, {"variables": [("a", "{{user `b`}}")]}),
    "value with a bad template": (A, {}, {"variables": [("a", "{{")]}),
    "value with =": (A, {}, {"variables": [("a", "b=c")]}),
}

SELECTIONS: dict[str, dict[str, Any]] = {
    "-only": {"only": ["a"]},
    "-only two": {"only": ["a", "b"]},
    "-only unknown": {"only": ["nope"]},
    "-only one unknown": {"only": ["a", "nope"]},
    "-only glob": {"only": ["*"]},
    "-except": {"exclude": ["a"]},
    "-except all": {"exclude": ["a", "b"]},
    "-except unknown": {"exclude": ["nope"]},
    "-except a post-processor": {"exclude": ["m"]},
}


def cases() -> Iterator[Case]:
    for name, text in TEXTS.items():
        yield Case(f"json: {name}", {"t.json": text}, "t.json")
    for name, (variables, files, flags) in FILES.items():
        yield Case(f"json: {name}", {"t.json": template(variables=dict(variables)), **files}, "t.json", **flags)
    for name, flags in SELECTIONS.items():
        broken = [{**NULL, "name": "a"}, {**NULL, "name": "b", "bogus": 1}]
        yield Case(f"json: {name}", {"t.json": post({**MANIFEST, "name": "m"}, builders=TWO)}, "t.json", **flags)
        yield Case(f"json: {name}, one broken", {"t.json": template(broken)}, "t.json", **flags)


CASES = list(cases())
