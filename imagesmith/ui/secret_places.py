"""Which parts of a template's or variable file's text may be secrets, however broken the text is.

Errors show source lines, and a line may hold what must not be shown: it is not registered in `imagesmith.redact` while
the template is not even understood. So the text is read here by its outward form alone, HCL and JSON alike: what stands
beside a name that is, or sounds like, a secret's, and the default of a sensitive variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from imagesmith import redact
from imagesmith.template.string_ends import string_end

Span = tuple[int, int]

_SOUNDS = re.compile(r"secret|passw|passphrase|pwd|token|credential|access_?key|private_?key|api_?key", re.IGNORECASE)
_IN_COMMENT = re.compile(
    rf"(?:{_SOUNDS.pattern})[\w.-]{{0,40}}[\"']?\s{{0,20}}[=:]\s{{0,20}}(?P<value>[^\n]+)", re.IGNORECASE
)
_ASSIGNMENT = re.compile(rf"(?:{_SOUNDS.pattern})[\w.-]{{0,40}}=(?P<value>[^\s\"'\],]+)", re.IGNORECASE)
"""As an environment variable is written, wherever it stands."""
_PLACES = re.compile(r"_(?:file|path|dir|url|name|length|type)$", re.IGNORECASE)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))
    |<<-?(?P<heredoc>[^\W\d][\w-]*)[ \t]*\r?\n
    |(?P<string>")
    |(?P<name>[^\W\d][\w-]*)
    |(?P<number>\d[\w.]*)
    |(?P<same>[=!<>]=|=>)
    |(?P<mark>[=:{}\[\](),\n])
    """,
    re.VERBOSE | re.DOTALL,
)
_ONLY_A_REFERENCE = re.compile(r'\$\{[^{}"]*\}|\$\{\s*env\("[^"]*"\)\s*\}|\{\{[^{}]*\}\}|')
_IS_KEY = re.compile(r"[ \t\r\n]*[:=](?!=)")
_ENDS = re.compile(r"[ \t\r]*(?:[,}\n]|\Z)")
_LOOK_UPS = frozenset({"env", "vault", "consul_key", "aws_secretsmanager", "aws_secretsmanager_raw", "file"})
"""Functions whose arguments say where a secret is, not what it is."""

_VALUE_OF_VARIABLE = frozenset({"default", "expression"})
_CLOSERS = {"}": "{", "]": "[", ")": "("}


def sounds_secret(name: str) -> bool:
    """Whether a value under this name is not to be shown: an option's, a variable's, or a misspelling of one."""
    if name in redact.names() or name.lower() in _secret_options():
        return True
    if _PLACES.search(name):
        return False
    return bool(_SOUNDS.search(name)) or _resembles_an_option(name.lower())


@lru_cache(maxsize=4096)
def _resembles_an_option(name: str) -> bool:
    """Whether it may be a secret option's name with a slip of the finger."""
    return bool(get_close_matches(name, _secret_options(), n=1, cutoff=0.84))


@lru_cache(maxsize=1)
def _secret_options() -> frozenset[str]:
    """The names of all options of all plugins that are marked secret."""
    from imagesmith import plugin
    from imagesmith.options import secret_names

    found: set[str] = set()
    for kind in ("builders", "provisioners", "post_processors"):
        for name in plugin.names(kind):
            try:
                found |= set(secret_names(plugin.named(kind, name)))
            except Exception:  # noqa: BLE001, S112 - somebody else's broken plugin must not break the error shown
                continue
    return frozenset(found)


@lru_cache(maxsize=8)
def secret_spans(text: str) -> Sequence[Span]:
    """The stretches of the text that must not be shown, by offset, in order."""
    found = [*_Reading(text).spans(), *(match.span() for match in _PRIVATE_KEY.finditer(text))]
    return sorted(set(found) | {match.span("value") for match in _ASSIGNMENT.finditer(text)})


@dataclass(slots=True)
class _Frame:
    """What is inside one pair of brackets (or the whole file)."""

    bracket: str
    secret: bool = False
    key: str = ""
    begun: bool = False
    header: list[str] = field(default_factory=list)
    variable: str = ""
    sensitive: bool = False
    held: list[Span] = field(default_factory=list)


class _Reading:
    def __init__(self, text: str) -> None:
        self.text = text
        self.frames = [_Frame("")]
        self.found: list[Span] = []
        self.defaults: dict[str, list[Span]] = {}
        self.sensitive: set[str] = set()
        self.word = ""

    def spans(self) -> Iterator[Span]:
        at = 0
        while match := _TOKEN.search(self.text, at):
            at = self.take(match)
        while len(self.frames) > 1:
            self.close()
        yield from self.found
        for name in self.sensitive:
            yield from self.defaults.get(name, [])

    def take(self, match: re.Match[str]) -> int:
        """Take one token; where the next one begins."""
        if match["string"]:
            end = string_end(self.text, match.end())
            self.string(match.end(), end)
            return min(end + 1, len(self.text)) if self.text[end : end + 1] == '"' else end
        if match["heredoc"]:
            closing = re.compile(rf"^[ \t]*{re.escape(match['heredoc'])}\b", re.MULTILINE).search(
                self.text, match.end()
            )
            end = closing.start() if closing else len(self.text)
            self.literal(match.end(), end)
            return closing.end() if closing else end
        if match["comment"]:
            self.found += [found.span("value") for found in _IN_COMMENT.finditer(self.text, *match.span())]
        elif match["name"]:
            self.name(match["name"], match)
        elif match["number"]:
            self.literal(*match.span())
        elif match["mark"]:
            self.mark(match["mark"])
        return match.end()

    def string(self, start: int, end: int) -> None:
        frame, text = self.frames[-1], self.text[start:end]
        if not frame.key and frame.bracket in ("", "{"):
            self.word = text
            frame.header.append(text)
            if _IS_KEY.match(self.text, end + 1) or self.text[end + 1 : end + 2] != "\n":
                return
        if frame.bracket == "[" and self.parent_key() == "sensitive-variables":
            self.sensitive.add(text)
        frame.begun = True
        if not _ONLY_A_REFERENCE.fullmatch(text):
            self.literal(start, end)

    def literal(self, start: int, end: int) -> None:
        frame = self.frames[-1]
        frame.begun = True
        if frame.secret or (frame.key and sounds_secret(frame.key)):
            self.found.append((start, end))
            return
        if self.parent_key() == "variables" and frame.key:
            self.defaults.setdefault(frame.key, []).append((start, end))
        for outer in reversed(self.frames):
            if outer.variable and outer.key in _VALUE_OF_VARIABLE:
                outer.held.append((start, end))
                return

    def parent_key(self) -> str:
        return self.frames[-2].key if len(self.frames) > 1 else ""

    def name(self, name: str, match: re.Match[str]) -> None:
        frame = self.frames[-1]
        self.word = name
        if not frame.key:
            frame.header.append(name)
            return
        bare = not frame.begun and _ENDS.match(self.text, match.end())
        if bare and name not in ("true", "false", "null") and sounds_secret(frame.key):
            self.found.append(match.span())
        frame.begun = True
        if frame.key == "sensitive" and name == "true":
            frame.sensitive = True

    def mark(self, mark: str) -> None:
        frame = self.frames[-1]
        if mark in "=:":
            if not frame.key and frame.bracket in ("", "{"):
                frame.key, frame.begun = self.word, False
        elif mark in "{[(":
            self.open(mark)
        elif mark in _CLOSERS:
            if len(self.frames) > 1 and frame.bracket == _CLOSERS[mark]:
                self.close()
        elif mark == "," or frame.begun or not frame.key:
            frame.key, frame.header = "", []

    def open(self, bracket: str) -> None:
        frame = self.frames[-1]
        secret = frame.secret or bool(frame.key and sounds_secret(frame.key))
        inner = _Frame(bracket, secret and not (bracket == "(" and self.word in _LOOK_UPS))
        if bracket == "{" and not frame.key and len(frame.header) == 2 and frame.header[0] in ("variable", "local"):
            inner.variable = frame.header[1]
        elif bracket == "{" and frame.key and self.parent_key() in ("variable", "local"):
            inner.variable = frame.key
        frame.begun, frame.header = True, []
        self.frames.append(inner)

    def close(self) -> None:
        frame = self.frames.pop()
        self.frames[-1].begun = True
        if frame.sensitive or (frame.variable and sounds_secret(frame.variable)):
            self.found += frame.held
