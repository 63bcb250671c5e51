"""The one place where secrets are masked.

Everything that leaves the process as text (events, logs, exceptions, the ledger, the manifest) passes through `mask`.
It errs towards masking too much: a secret is registered with the forms in which tools like to repeat it.

Looking for thousands of secrets costs as much as for one: they are found by their first characters, not one by one.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

MASK = "<sensitive>"
_SHORTEST_LINE = 8
_HEAD = 4

_lock = threading.Lock()
_counts: Counter[str] = Counter()
_names: set[str] = set()
_heads: dict[int, dict[str, tuple[str, ...]]] = {}
"""For each length of head (short secrets have shorter ones): head -> the forms that begin with it, longest first."""


def register(*secrets: str) -> Callable[[], None]:
    """Mask these values from now on, in every form they may be repeated in; empty strings are passed over.

    Returns a function that forgets them again, unless somebody else has registered the same value.
    """
    forms = {form for secret in secrets if secret for form in _spellings(secret) if form}
    with _lock:
        for form in forms:
            _counts[form] += 1
            if _counts[form] == 1:
                _add(form)

    def forget() -> None:
        with _lock:
            for form in forms:
                _counts[form] -= 1
                if _counts[form] <= 0:
                    del _counts[form]
                    _remove(form)
            forms.clear()

    return forget


@contextmanager
def scope() -> Iterator[None]:
    """Forget at the end what is registered inside; for processes that do one thing after the other (tests, a shell)."""
    with _lock:
        before, names_before = Counter(_counts), set(_names)
    try:
        yield
    finally:
        with _lock:
            for form in set(_counts) - set(before):
                _remove(form)
            _counts.clear()
            _counts.update(before)
            _names.intersection_update(names_before)


def register_names(*names: str) -> None:
    """Names of variables whose values are secret, so that nothing is shown of them before they are even known."""
    with _lock:
        _names.update(names)


def names() -> frozenset[str]:
    """What `register_names` has been given."""
    with _lock:
        return frozenset(_names)


def mask(text: str) -> str:
    """The text with every registered secret replaced by ``<sensitive>``."""
    if not _may_hold_any(text):
        return text
    pieces, begin = [], 0
    for start, end in spans(text):
        pieces += [text[begin:start], MASK]
        begin = end
    return "".join([*pieces, text[begin:]]) if pieces else text


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where registered secrets stand in the text: (start, end) offsets in order, none inside another."""
    place, lengths = 0, sorted(_heads, reverse=True)
    while place < len(text):
        found = _found_at(text, place, lengths)
        if found:
            yield place, place + len(found)
            place += len(found)
        else:
            place += 1


def _may_hold_any(text: str) -> bool:
    """Whether any head is in the text: the quick answer for almost every line."""
    places = range(len(text))
    return any(text[place : place + length] in forms for length, forms in _heads.items() for place in places)


def _found_at(text: str, place: int, lengths: list[int]) -> str:
    for length in lengths:
        for form in _heads[length].get(text[place : place + length], ()):
            if text.startswith(form, place):
                return form
    return ""


def _add(form: str) -> None:
    length = min(len(form), _HEAD)
    forms = _heads.setdefault(length, {})
    head = form[:length]
    forms[head] = tuple(sorted({*forms.get(head, ()), form}, key=len, reverse=True))


def _remove(form: str) -> None:
    length = min(len(form), _HEAD)
    forms = _heads[length]
    rest = tuple(other for other in forms[form[:length]] if other != form)
    if rest:
        forms[form[:length]] = rest
    else:
        del forms[form[:length]]


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
    if lines != [secret]:
        for line in lines:
            yield line
            yield line.strip()


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
