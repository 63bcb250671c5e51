"""Lines from a person at a terminal: editing, history and completion with the standard library's readline."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MOST_LINES = 1000
_DELIMITERS = " \t\n`!@#$%^&*()=+[{]}|;:'\",<>/?"


class LineEditor:
    """Reads lines; where Python has no readline they can still be typed, without history.

    ``history`` is a file that only its owner can read; ``keep`` says whether a line may go into it. ``completions``
    gives the names that a word can become.
    """

    def __init__(self, history: Path, *, keep: Callable[[str], bool], completions: Callable[[str], list[str]]) -> None:
        self._history, self._keep, self._completions = history, keep, completions
        self._found: list[str] = []
        self._readline = _module()
        if self._readline is not None:
            self._prepare(self._readline)

    def _prepare(self, readline: Any) -> None:
        readline.set_completer(self._complete)
        readline.set_completer_delims(_DELIMITERS)
        libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
        if not libedit:
            readline.parse_and_bind("set enable-bracketed-paste off")
        with contextlib.suppress(AttributeError):
            readline.set_auto_history(False)
        readline.set_history_length(_MOST_LINES)
        with contextlib.suppress(OSError, UnicodeDecodeError):
            readline.read_history_file(str(self._history))

    def read(self, prompt: str) -> str:
        """One line. Raises `EOFError` for Ctrl-D and `KeyboardInterrupt` for Ctrl-C."""
        return input(prompt)

    def remember(self, text: str) -> None:
        """Put a text into the history, if it may be kept."""
        readline = self._readline
        if readline is None or not text.strip() or not self._keep(text):
            return
        line = " ".join(text.splitlines())
        count = readline.get_current_history_length()
        if not count or readline.get_history_item(count) != line:
            readline.add_history(line)

    def close(self) -> None:
        """Write the history to its file; a folder that can't be written is no reason to complain."""
        if self._readline is None:
            return
        with contextlib.suppress(OSError):
            self._history.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._history.touch(mode=0o600)
            self._readline.write_history_file(str(self._history))
        self._readline.set_completer(None)

    def _complete(self, word: str, number: int) -> str | None:
        if number == 0:
            self._found = self._completions(word)
        return self._found[number] if number < len(self._found) else None


def _module() -> Any:
    try:
        import readline
    except ImportError:
        return None
    return readline
