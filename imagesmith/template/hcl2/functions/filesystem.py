"""Functions of files and paths. Relative paths start at the template's folder, unless said otherwise."""

from __future__ import annotations

import base64
import posixpath
import stat
from collections.abc import Sequence
from pathlib import Path

from imagesmith.template.files import LARGEST
from imagesmith.template.hcl2 import nodes
from imagesmith.template.hcl2.cty import BOOL, STRING, MapOf, ObjectOf, SetOf, Value, set_of, string
from imagesmith.template.hcl2.functions import globbing
from imagesmith.template.hcl2.functions.registry import Evaluate, FunctionProblem, function
from imagesmith.template.hcl2.parser import parse_template
from imagesmith.template.hcl2.scanner import name_at
from imagesmith.template.hcl2.scope import Scope, Surroundings
from imagesmith.template.hcl2.source import Source


@function("abspath(path)", STRING, returns=STRING, surroundings=True)
def abspath(surroundings: Surroundings, path: str) -> str:
    """The path from the root; relative ones start where the run began."""
    return _clean(posixpath.join(surroundings.working, path))


@function("basename(path)", STRING, returns=STRING)
def basename(path: str) -> str:
    """The last part of the path."""
    return posixpath.basename(path.rstrip("/")) or ("/" if path else ".")


@function("dirname(path)", STRING, returns=STRING)
def dirname(path: str) -> str:
    """The path without its last part."""
    return _clean(posixpath.dirname(path) or ".")


def _clean(path: str) -> str:
    """The shortest path to the same place; Python alone keeps two slashes at the beginning."""
    shortest = posixpath.normpath(path)
    return shortest[1:] if shortest.startswith("//") else shortest


@function("file(path)", STRING, returns=STRING, surroundings=True)
def file(surroundings: Surroundings, path: str) -> str:
    """The text of a file, which must be UTF-8."""
    return _text(_resolve(surroundings, path))


@function("filebase64(path)", STRING, returns=STRING, surroundings=True)
def filebase64(surroundings: Surroundings, path: str) -> str:
    """The bytes of a file in base64; a relative path starts where the run began."""
    return base64.b64encode(_bytes(posixpath.join(surroundings.working, path))).decode()


@function("fileexists(path)", STRING, returns=BOOL, surroundings=True)
def fileexists(surroundings: Surroundings, path: str) -> bool:
    """Whether there is such a file; a folder is an error."""
    try:
        mode = Path(_resolve(surroundings, path)).stat().st_mode
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as problem:
        raise FunctionProblem(_reason(path, problem), 0) from None
    if not stat.S_ISREG(mode):
        raise FunctionProblem(f'"{path}" is not a file', 0)
    return True


@function("fileset(folder, pattern)", STRING, STRING, returns=SetOf(STRING), surroundings=True)
def fileset(surroundings: Surroundings, folder: str, pattern: str) -> Value:
    """The files that match, relative to the folder; ** stands for any folders."""
    return set_of(STRING, [string(name) for name in globbing.matches(_resolve(surroundings, folder), pattern)])


@function("pathexpand(path)", STRING, returns=STRING)
def pathexpand(path: str) -> str:
    """The path with ~ replaced by the user's home folder."""
    if not path.startswith("~"):
        return path
    if path != "~" and not path.startswith("~/"):
        raise FunctionProblem("only the home folder of the user who runs this can be expanded", 0)
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        raise FunctionProblem("the user's home folder is not known", 0) from None


@function("templatefile(path, variables)", lazy=True)
def templatefile(arguments: Sequence[nodes.Expression], scope: Scope, evaluate: Evaluate) -> Value:
    """The file rendered as a template with these variables."""
    if len(arguments) != 2:
        raise FunctionProblem(f"2 arguments wanted, {len(arguments)} given")
    path, variables = evaluate(arguments[0], scope), evaluate(arguments[1], scope)
    if not path.known or not variables.known:
        return Value(STRING, path.raw if not path.known else variables.raw)
    if not isinstance(path.raw, str):
        raise FunctionProblem("a string is wanted", 0)
    if not isinstance(variables.type, MapOf | ObjectOf) or variables.is_null:
        raise FunctionProblem("a map or an object is wanted", 1)
    for name in variables.raw:
        if not name or name_at(name, 0) != name:
            raise FunctionProblem(f'"{name}" can\'t be the name of a variable', 1)
    source = Source(path.raw, _text(_resolve(scope.surroundings, path.raw)))
    inner = Scope(dict(variables.raw), scope.surroundings, scope.functions, scope.without | {"templatefile"})
    return evaluate(parse_template(source), inner)


def _resolve(surroundings: Surroundings, path: str) -> str:
    root = posixpath.join(surroundings.working, surroundings.root)
    return posixpath.normpath(posixpath.join(root, pathexpand(path)))


def _text(path: str) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError:
        raise FunctionProblem(f'"{path}" is not UTF-8 text; use filebase64 for other files', 0) from None


def _bytes(path: str) -> bytes:
    file = Path(path)
    try:
        if not file.exists():
            raise FunctionProblem(f'there is no file "{path}"', 0)
        if not file.is_file():
            raise FunctionProblem(f'"{path}" is not a file', 0)
        if file.stat().st_size > LARGEST:
            raise FunctionProblem(f'"{path}" is larger than {LARGEST >> 20} MiB', 0)
        return file.read_bytes()
    except (OSError, ValueError) as problem:
        if isinstance(problem, FunctionProblem):
            raise
        raise FunctionProblem(_reason(path, problem), 0) from None


def _reason(path: str, problem: Exception) -> str:
    reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return f'"{path}" can\'t be read: {reason}'
