"""The one place where secrets are masked.

Everything that leaves the process as text (events, logs, exceptions, the ledger, the manifest) passes through `mask`.
It errs towards masking too much: a secret is registered with the forms in which tools like to repeat it.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

MASK = "<sensitive>"
_SHORTEST_LINE = 8

_lock = threading.Lock()
_forms: set[str] = set()
_pattern: re.Pattern[str] | None = None


@contextmanager
def scope() -> Iterator[None]:
    """Forget at the end what is registered inside; for processes that do one thing after the other (tests, a shell)."""
    global _pattern
    with _lock:
        before, pattern = set(_forms), _pattern
    try:
        yield
    finally:
        with _lock:
            _forms.clear()
            _forms.update(before)
            _pattern = pattern


def register(*secrets: str) -> None:
    """Mask these values from now on, in every form they may be repeated in; empty strings are passed over."""
    global _pattern
    new = {form for secret in secrets if secret for form in _spellings(secret)}
    with _lock:
        if new <= _forms:
            return
        _forms.update(new)
        longest_first = sorted(_forms, key=len, reverse=True)
        _pattern = re.compile("|".join(map(re.escape, longest_first)))


def mask(text: str) -> str:
    """The text with every registered secret replaced by ``<sensitive>``."""
    pattern = _pattern
    return pattern.sub(MASK, text) if pattern else text


def mask_data(value: object) -> object:
    """The same for plain data: strings inside mappings (keys too) and sequences are masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask_data(key): mask_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_data(item) for item in value]
    return value


def _spellings(secret: str) -> Iterator[str]:
    yield from _encodings(secret)
    lines = [line for line in re.split(r"[\r\n]+", secret) if len(line.strip()) >= _SHORTEST_LINE]
    if lines and lines != [secret]:
        for line in lines:
            yield from _encodings(line)
            yield from _encodings(line.strip())


def _encodings(secret: str) -> Iterable[str]:
    """How shells, URLs, JSON and base64 write the value."""
    raw = secret.encode("utf-8", "surrogatepass")
    in_base64 = base64.b64encode(raw).decode()
    yield secret
    yield shlex.quote(secret)
    yield secret.replace("'", "'\"'\"'")
    yield secret.replace("'", "'\\''")
    for safe in ("", "/", "~"):
        yield quote(raw, safe=safe)
        yield quote(raw, safe=safe).replace("%20", "+")
    yield quote_plus(raw)
    for ascii_only in (True, False):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    yield repr(secret)[1:-1]
    yield in_base64
    yield in_base64.rstrip("=")
    yield quote(in_base64, safe="")
    yield base64.urlsafe_b64encode(raw).decode()
    yield base64.b64encode(raw + b"\n").decode()
