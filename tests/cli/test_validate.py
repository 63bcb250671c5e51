"""``validate``: what its flags change, and what it tells apart from ``build``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.cli.command_line import CommandLine

SYNTAX_ONLY = "Syntax-only check passed. Everything looks okay.\n"
VALID = "The configuration is valid.\n"


class _Web(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"two")

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        server.asked = 0  # type: ignore[attr-defined]
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def with_data(port: int) -> str:
    return (
        f'data "http" "x" {{\n  url = "http://127.0.0.1:{port}/"\n}}\n'
        "locals {\n  count = parseint(data.http.x.body, 10)\n}\n"
        'source "null" "a" {\n  communicator = "none"\n}\n'
        'build {\n  sources = ["null.a"]\n  provisioner "shell-local" {\n'
        '    inline = ["echo ${data.http.x.body}"]\n  }\n}\n'
    )


def test_data_sources_are_read_only_when_asked_for(imagesmith: CommandLine, web: Any) -> None:
    template = imagesmith.write("t.pkr.hcl", with_data(web.server_port))
    done = imagesmith("validate", template)
    assert (done.returncode, done.stdout, web.asked) == (0, VALID, 0)
    done = imagesmith("validate", "-evaluate-datasources", template)
    assert (done.returncode, web.asked) == (2, 1)
    assert "parseint" in done.stderr
    template = imagesmith.write("t.pkr.hcl", with_data(web.server_port).replace("parseint(data.http.x.body, 10)", "1"))
    assert imagesmith("validate", "-evaluate-datasources", template).stdout == VALID
    assert imagesmith("inspect", template).returncode == 0
    assert web.asked == 3
    done = imagesmith("build", "-color=false", template)
    assert (done.returncode, web.asked) == (0, 4)
    assert "null.a: two" in done.stdout
    assert imagesmith("validate", "-syntax-only", template).stdout == SYNTAX_ONLY
    assert web.asked == 4


def test_syntax_only_evaluates_no_local_no_build_and_no_rule(imagesmith: CommandLine) -> None:
    text = (
        'variable "unset" {}\nvariable "ruled" {\n  default = 1\n  validation {\n    condition = var.ruled > 2\n'
        '    error_message = "No way."\n  }\n}\nlocals {\n  a = nosuch(1)\n  b = local.b\n}\n'
        'data "nosuch" "x" {\n  y = var.zz\n}\nsource "nosuch" "a" {\n  z = var.zz\n}\n'
        'build {\n  sources = ["none.x"]\n  provisioner "nosuch" {}\n}\n'
    )
    template = imagesmith.write("t.pkr.hcl", text)
    assert imagesmith("validate", "-syntax-only", template).stdout == SYNTAX_ONLY
    assert imagesmith("validate", template).returncode == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('variable "x" {\n', "1:1"),
        ('foo "x" {}\n', 'no block "foo"'),
        ('variable "x" {\n  zz = 1\n}\n', 'no argument "zz"'),
        ('variable "x" {\n  type = nonsense\n}\n', "nonsense"),
        ('packer {\n  required_version = "> 99"\n}\n', "needs Packer > 99"),
    ],
)
def test_syntax_only_still_reads_files_and_variables(imagesmith: CommandLine, text: str, said: str) -> None:
    done = imagesmith("validate", "-syntax-only", imagesmith.write("t.pkr.hcl", text))
    assert done.returncode == 2
    assert said in done.stderr


def test_syntax_only_of_json_reads_the_document_only(imagesmith: CommandLine) -> None:
    good = imagesmith.write(
        "a.json", {"builders": [{"type": "nosuch", "a": "{{bad"}], "provisioners": [{"type": "zz"}]}
    )
    assert imagesmith("validate", "-syntax-only", good).stdout == SYNTAX_ONLY
    for bad in ({"builders": [], "nosuch": 1}, '{"builders": ['):
        assert imagesmith("validate", "-syntax-only", imagesmith.write("b.json", bad)).returncode == 2


def test_values_for_undeclared_variables_are_warned_of(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.pkr.hcl", 'variable "name" {\n  default = 1\n}\n')
    imagesmith.write("v.pkrvars.hcl", "nmae = 1\n")
    done = imagesmith("validate", "-var-file=v.pkrvars.hcl", template)
    assert (done.returncode, done.stdout) == (0, VALID)
    assert 'Warning: There is no variable "nmae" to give a value' in done.stderr
    assert 'Did you mean "name"?' in done.stderr
    assert imagesmith("validate", "-no-warn-undeclared-var", "-var-file=v.pkrvars.hcl", template).stderr == ""
    for flag, warned in (("-warn-on-undeclared-var", True), ("-warn-on-undeclared-var=false", False)):
        said = imagesmith("build", flag, "-var-file=v.pkrvars.hcl", template).stderr
        assert ('no variable "nmae"' in said) is warned
    done = imagesmith("validate", "-var", "nmae=1", template)
    assert done.returncode == 2
    assert "with -var" in done.stderr


LATER = (
    'packer {\n  required_plugins {\n    amazon = {\n      source  = "github.com/hashicorp/amazon"\n'
    '      version = ">= 1"\n    }\n  }\n}\n'
    'source "null" "a" {\n  communicator = "none"\n}\n'
    'build {\n  sources = ["null.a"]\n  provisioner "shell-local" {\n    inline = ["touch ran"]\n  }\n  STEP\n}\n'
)


@pytest.mark.parametrize(
    ("step", "said", "hint"),
    [
        (
            'provisioner "goss" {\n    x = 1\n  }',
            'the provisioner "goss" is not supported yet',
            "run goss from a shell",
        ),
        (
            'post-processor "alicloud-import" {}',
            'the post-processor "alicloud-import" is not supported yet',
            "a later release",
        ),
        (
            'provisioner "amazon-thing" {}',
            'the provisioner "amazon-thing" is part of the plugin "amazon"',
            "runs without",
        ),
        (
            'provisioner "ansible" {\n    only = ["null.b"]\n  }\n  provisioner "goss" {}',
            'the provisioner "goss" is not supported yet',
            "somebody else's plugin",
        ),
    ],
)
def test_what_only_build_refuses_is_a_warning(imagesmith: CommandLine, step: str, said: str, hint: str) -> None:
    template = imagesmith.write("t.pkr.hcl", LATER.replace("STEP", step))
    done = imagesmith("validate", template)
    assert (done.returncode, done.stdout) == (0, VALID)
    assert f"Warning: {said}" in done.stderr
    assert f"t.pkr.hcl:{20 if 'only' in step else 17}:3" in done.stderr
    assert "build refuses the template" in done.stderr
    assert hint in done.stderr
    done = imagesmith("build", template)
    assert done.returncode == 2
    assert f"Error: {said}" in done.stderr
    assert not (imagesmith.folder / "ran").exists(), "it is refused before anything is done"


def test_the_same_holds_for_options_and_json(imagesmith: CommandLine) -> None:
    builder = {
        "type": "alicloud-ecs",
        "region": "cn-hangzhou",
        "image_name": "web",
        "source_image": "x.vhd",
        "instance_type": "ecs.g6.large",
        "communicator": "none",
        "access_key": "a",
        "secret_key": "b",
        "image_copy_regions": "cn-beijing",
    }
    template = imagesmith.write("t.json", {"builders": [builder], "provisioners": [{"type": "goss"}]})
    done = imagesmith("validate", template)
    assert (done.returncode, done.stdout) == (0, VALID)
    assert done.stderr.count("Warning: ") == 2
    done = imagesmith("build", template)
    assert done.returncode == 2
    assert done.stderr.count("Error: ") == 2


def test_expressions_in_a_block_that_nobody_knows_are_still_checked(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.pkr.hcl", LATER.replace("STEP", 'provisioner "goss" {\n    x = var.nope\n  }'))
    done = imagesmith("validate", template)
    assert done.returncode == 2
    assert 'There is no "var.nope"' in done.stderr


@pytest.mark.parametrize("step", ['provisioner "amazing" {}', 'provisioner "shel" {}', 'post-processor "nosuch" {}'])
def test_an_unknown_type_is_an_error_for_both(imagesmith: CommandLine, step: str) -> None:
    template = imagesmith.write("t.pkr.hcl", LATER.replace("STEP", step))
    for command in ("validate", "build"):
        done = imagesmith(command, template)
        assert done.returncode == 2
        assert "there is no" in done.stderr


def test_a_required_plugin_that_is_not_used_is_no_matter(imagesmith: CommandLine) -> None:
    template = imagesmith.write("t.pkr.hcl", LATER.replace("STEP", ""))
    done = imagesmith("validate", template)
    assert (done.returncode, done.stdout, done.stderr) == (0, VALID, "")
    assert imagesmith("build", template).returncode == 0


def test_sequential_evaluation_is_a_flag_of_validate_and_build(imagesmith: CommandLine) -> None:
    text = 'locals {\n  a = "x"\n}\ndata "null" "b" {\n  input = local.a\n}\n'
    template = imagesmith.write("t.pkr.hcl", text)
    assert imagesmith("validate", template).returncode == 0
    for command in ("validate", "build"):
        done = imagesmith(command, "-use-sequential-evaluation", template)
        assert done.returncode == 2
        assert "data sources are read before locals" in done.stderr


def test_several_faults_of_several_files_are_shown_at_once(imagesmith: CommandLine) -> None:
    (imagesmith.folder / "t").mkdir()
    imagesmith.write("t/a.pkr.hcl", 'data "null" "a" {\n  imput = 1\n}\nlocals {\n  x = local.y\n}\n')
    imagesmith.write("t/b.pkr.hcl", 'data "nul" "b" {\n}\nlocals {\n  z = 1 + "a"\n}\n')
    done = imagesmith("validate", "t")
    assert done.returncode == 2
    for place in ("t/a.pkr.hcl:2:3", "t/a.pkr.hcl:5:12", "t/b.pkr.hcl:1:1", "t/b.pkr.hcl:4:7"):
        assert place in done.stderr
