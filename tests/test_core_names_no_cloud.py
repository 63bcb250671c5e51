"""The core knows no cloud: outside of the tables of `imagesmith.plugin` it names none, but for what is listed here.

The import contracts in pyproject.toml keep the core from importing a cloud; this keeps it from knowing one by name.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
CLOUDS = re.compile(r"ali(?:cloud|baba|yun)|huawei", re.IGNORECASE)
TABLES = "imagesmith/plugin.py"

IDENTIFIERS = {
    "imagesmith/template/hcl2/functions/remote.py": "each template function is a function of the same name",
}
"""Modules that have a cloud in a name of their own, with the reason."""

TEXTS = {
    "imagesmith/cli/commands/plugins.py": "an example in a hint",
    "imagesmith/cli/commands/policy.py": "an example in the help",
    "imagesmith/cli/commands/simulate.py": "an example in the help",
    "imagesmith/template/fix/apply.py": "an example in a hint",
    "imagesmith/template/functions.py": "the names of template functions",
    "imagesmith/template/hcl2/functions/remote.py": "the names of template functions",
    "imagesmith/template/hcl2/requirements.py": "an example in a hint",
    "imagesmith/template/upgrade/plugins.py": "the table of every plugin that Packer once had built in",
}
"""Modules that have a cloud in a string, with the reason."""

PROSE = {
    "imagesmith/__init__.py": "what the product is for",
    "imagesmith/api.py": "an example",
    "imagesmith/options.py": "an example",
    "imagesmith/template/hcl2/functions/remote.py": "what the template functions ask",
    "imagesmith/template/hcl2/requirements.py": "an example",
    "imagesmith/template/rendering.py": "an example",
    "imagesmith/template/required_plugins.py": "an example",
}
"""Modules that have a cloud in a docstring or a comment, with the reason."""


def modules() -> Iterator[tuple[str, str]]:
    """Every module of the core but the tables: its path and its text."""
    for path in sorted((ROOT / "imagesmith").rglob("*.py")):
        if (name := path.relative_to(ROOT).as_posix()) != TABLES:
            yield name, path.read_text(encoding="utf-8")


def naming(parts: str) -> set[str]:
    """The modules in whose identifiers, texts or prose a cloud is named."""
    readers = {"identifiers": identifiers, "texts": texts, "prose": prose}
    return {name for name, text in modules() if any(CLOUDS.search(part) for part in readers[parts](text))}


def identifiers(text: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.string


def texts(text: str) -> Iterator[str]:
    tree = ast.parse(text)
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.value


def prose(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def test_no_code_names_a_cloud() -> None:
    assert naming("identifiers") == set(IDENTIFIERS)


def test_no_text_names_a_cloud_but_examples_and_names_of_packers() -> None:
    assert naming("texts") == set(TEXTS)


def test_no_prose_names_a_cloud_but_examples() -> None:
    assert naming("prose") == set(PROSE)


def test_nothing_is_decided_by_the_name_of_a_cloud() -> None:
    """No comparison, no case and no lookup with the name of a cloud, in the listed modules neither."""
    for name, text in modules():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Compare | ast.match_case | ast.Subscript):
                tested = node.pattern if isinstance(node, ast.match_case) else node
                assert not CLOUDS.search(ast.unparse(tested)), f"{name}:{getattr(node, 'lineno', '?')}"
