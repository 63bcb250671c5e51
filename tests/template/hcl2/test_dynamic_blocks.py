"""Dynamic blocks: where they may stand, what they make, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import TemplateError
from imagesmith.options import Given
from imagesmith.plan import Plan
from tests.template.hcl2.hcl2_plans import options, plan

UNKNOWN = 'data "null" "x" {\n  input = "a"\n}\n'


def failing(folder: Path, text: str, **request: Any) -> str:
    with pytest.raises(TemplateError) as caught:
        plan(folder, text, **request)
    return "\n".join(str(problem).replace(f"{folder}/", "") for problem in caught.value.diagnostics)


def in_build(body: str) -> str:
    return 'source "cloud" "a" {}\nsource "cloud" "b" {}\nbuild {\n' + body + "\n}\n"


def blocks(found: Plan, name: str) -> list[Any]:
    """The blocks of that name in the first source, as plain data."""

    def plainly(value: Any) -> Any:
        if isinstance(value, list) and value and all(isinstance(one, Given) for one in value):
            return {one.name: plainly(one.value) for one in value}
        return [plainly(one) for one in value] if isinstance(value, list) else value

    given = options(found.builds[0].source.given()).get(name)  # type: ignore[attr-defined]
    made = plainly(given)
    return made if isinstance(made, list) else [made]


def source(body: str) -> str:
    return f'source "cloud" "a" {{\n{body}\n}}\nbuild {{\n  sources = ["cloud.a"]\n}}\n'


@pytest.mark.parametrize(
    ("for_each", "made"),
    [
        ('["x", "y"]', [{"k": 0, "v": "x"}, {"k": 1, "v": "y"}]),
        ("{ b = 2, a = 1 }", [{"k": "a", "v": 1}, {"k": "b", "v": 2}]),
        ('setunion(["y"], ["x"])', [{"k": "x", "v": "x"}, {"k": "y", "v": "y"}]),
        ("[]", [None]),
        ("{}", [None]),
    ],
)
def test_a_block_is_made_for_each_element(tmp_path: Path, for_each: str, made: list[Any]) -> None:
    content = "k = disk.key\n      v = disk.value"
    text = f'  dynamic "disk" {{\n    for_each = {for_each}\n    content {{\n      {content}\n    }}\n  }}'
    assert blocks(plan(tmp_path, source(text)), "disk") == made


def test_they_mix_with_written_blocks_in_their_order_and_nest(tmp_path: Path) -> None:
    text = (
        '  disk {\n    n = "first"\n  }\n'
        '  dynamic "disk" {\n    for_each = ["a", "b"]\n    iterator = outer\n    content {\n      n = outer.value\n'
        '      dynamic "part" {\n        for_each = range(outer.key + 1)\n        content {\n'
        '          n = "${outer.value}${part.value}"\n        }\n      }\n    }\n  }\n'
        '  disk {\n    n = "last"\n  }\n'
    )
    assert blocks(plan(tmp_path, source(text)), "disk") == [
        {"n": "first"},
        {"n": "a", "part": {"n": "a0"}},
        {"n": "b", "part": [{"n": "b0"}, {"n": "b1"}]},
        {"n": "last"},
    ]


def test_builds_can_have_dynamic_sources_steps_and_chains(tmp_path: Path) -> None:
    text = in_build(
        '  dynamic "source" {\n    for_each = ["a", "b"]\n    labels = ["source.cloud.${source.value}"]\n'
        '    content {\n      name = "new-${source.value}"\n      size = source.key\n    }\n  }\n'
        '  dynamic "provisioner" {\n    for_each = { one = "shell", two = "file" }\n'
        '    labels = ["${provisioner.value}"]\n'
        '    content {\n      only = ["cloud.new-a"]\n      v = "${provisioner.value} ${build.name}"\n    }\n  }\n'
        '  dynamic "error-cleanup-provisioner" {\n    for_each = [1]\n    labels = ["cleanup"]\n    content {}\n  }\n'
        '  dynamic "post-processor" {\n    for_each = ["m"]\n    iterator = it\n    labels = [it.value]\n'
        "    content {}\n  }\n"
        '  dynamic "post-processors" {\n    for_each = [1, 2]\n    content {\n'
        '      dynamic "post-processor" {\n        for_each = ["x", "y"]\n        iterator = it\n'
        "        labels = [it.value]\n        content {}\n      }\n    }\n  }\n"
    )
    first, second = plan(tmp_path, text).builds
    assert (first.name, second.name) == ("cloud.new-a", "cloud.new-b")
    assert options(second.source.given()) == {"size": 1}  # type: ignore[attr-defined]
    assert [step.type for step in first.provisioners] == ["shell", "file"]
    assert options(first.provisioners[1].configuration.given()) == {"v": "file "}  # type: ignore[attr-defined]
    assert second.provisioners == ()
    assert first.error_cleanup
    assert first.error_cleanup.type == "cleanup"
    assert [[step.type for step in chain] for chain in first.post_processors] == [["m"], ["x", "y"], ["x", "y"]]


def test_the_json_spelling_works_too(tmp_path: Path) -> None:
    text = (
        '{"source": {"cloud": {"a": {"dynamic": {"disk": {"for_each": ["x"], "content": {"n": "${disk.value}"}}}}}},'
        ' "build": {"sources": ["cloud.a"]}}'
    )
    assert blocks(plan(tmp_path, text, name="t.pkr.json"), "disk") == [{"n": "x"}]


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (
            '"provisioner" {\n    for_each = "abc"\n    content {}\n  }',
            "t.pkr.hcl:6:16: Only lists, sets, maps and objects",
        ),
        ('"provisioner" {\n    for_each = null\n    content {}\n  }', "A null value can't be walked over"),
        ('"provisioner" {\n    labels = ["p"]\n    content {}\n  }', 'needs the argument "for_each"'),
        ('"provisioner" {\n    for_each = [1]\n    labels = ["p"]\n  }', 'needs one block "content"'),
        (
            '"provisioner" {\n    for_each = [1]\n    labels = ["p"]\n    content {}\n    content {}\n  }',
            'needs one block "content"',
        ),
        ('"provisioner" {\n    for_each = [1]\n    content {}\n  }', "has one label, its type"),
        ('"provisioner" {\n    for_each = [1]\n    labels = "p"\n    content {}\n  }', "not a string"),
        ('"provisioner" {\n    for_each = [1]\n    labels = [[]]\n    content {}\n  }', "A label must be a string"),
        ('"provisioner" {\n    for_each = [1]\n    iterator = "p"\n    content {}\n  }', "must be a plain name"),
        ('"provisioner" {\n    for_each = [1]\n    inline = []\n    content {}\n  }', 'has no argument "inline"'),
        ('"provisioner" {\n    for_each = [1]\n    other {}\n  }', 'Only "content" can stand in a dynamic block'),
        (
            '"provisoner" {\n    for_each = [1]\n    content {}\n  }',
            'has no block "provisoner". Did you mean "provisioner"?',
        ),
        ("{\n    for_each = [1]\n  }", "A dynamic block has one label"),
        ('"a" "b" {\n    for_each = [1]\n  }', "A dynamic block has one label"),
        (
            '"post-processors" {\n    for_each = [1]\n    content {\n      provisioner "x" {}\n    }\n  }',
            'no block "provisioner"',
        ),
    ],
)
def test_what_is_wrong_with_one_is_told(tmp_path: Path, inside: str, said: str) -> None:
    assert said in failing(tmp_path, in_build(f'  sources = ["cloud.a"]\n  dynamic {inside}'))


@pytest.mark.parametrize(
    "text",
    [
        'dynamic "source" {\n  for_each = []\n  content {}\n}\n',
        'variable "x" {\n  dynamic "validation" {\n    for_each = []\n    content {}\n  }\n}\n',
        'locals {\n  dynamic "x" {\n    for_each = []\n    content {}\n  }\n}\n',
        'packer {\n  dynamic "required_plugins" {\n    for_each = []\n    content {}\n  }\n}\n',
    ],
)
def test_they_may_not_stand_just_anywhere(tmp_path: Path, text: str) -> None:
    assert 'no block "dynamic"' in failing(tmp_path, text).replace("There is no", "no")


def test_what_is_not_known_yet_makes_one_block_of_unknown_things(tmp_path: Path) -> None:
    text = UNKNOWN + source(
        '  dynamic "disk" {\n    for_each = jsondecode(data.null.x.output)\n    content {\n'
        "      n = disk.value.name\n      size = 20\n    }\n  }"
    )
    assert blocks(plan(tmp_path, text, data_sources="unknown"), "disk") == [{"n": "<unknown>", "size": 20}]


def test_unknown_steps_with_known_types_are_checked_and_others_left(tmp_path: Path) -> None:
    text = UNKNOWN + in_build(
        '  sources = ["cloud.a"]\n'
        '  dynamic "provisioner" {\n    for_each = [data.null.x.output]\n    labels = ["known"]\n    content {}\n  }\n'
        '  dynamic "provisioner" {\n    for_each = [data.null.x.output]\n    labels = [provisioner.value]\n'
        "    content {}\n  }\n"
    )
    (build,) = plan(tmp_path, text, data_sources="unknown").builds
    assert [step.type for step in build.provisioners] == ["known"]
    (build,) = plan(tmp_path, text).builds
    assert [step.type for step in build.provisioners] == ["known", "a"]


def test_a_build_of_unknown_sources_is_no_build_without_sources(tmp_path: Path) -> None:
    text = UNKNOWN + in_build(
        '  dynamic "source" {\n    for_each = [data.null.x.output]\n    labels = ["cloud.${source.value}"]\n'
        "    content {}\n  }\n"
    )
    assert plan(tmp_path, text, data_sources="unknown").builds == ()
    assert [build.name for build in plan(tmp_path, text).builds] == ["cloud.a"]
    empty = in_build('  dynamic "source" {\n    for_each = []\n    content {}\n  }\n')
    assert "A build needs at least one source" in failing(tmp_path, empty)
