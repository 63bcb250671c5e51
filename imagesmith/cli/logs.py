"""The debug log: PACKER_LOG, PACKER_LOG_PATH. Whatever is written, third parties' lines too, is masked."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from imagesmith import redact
from imagesmith.cli.version_text import version_line
from imagesmith.errors import UsageError

if TYPE_CHECKING:
    from imagesmith.events import Event

_LOGGER = logging.getLogger("imagesmith")


class RedactingFormatter(logging.Formatter):
    """Go's log layout, ``2026/01/31 12:00:00 [DEBUG] name: text``, with every secret masked, tracebacks too."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s [%(levelname)s] %(name)s: %(message)s", "%Y/%m/%d %H:%M:%S")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        try:
            text = super().format(record)
        except (TypeError, ValueError, KeyError):
            # A third party's broken log call must not print a traceback with its arguments to stderr.
            text = f"{record.name}: a log record that can't be formatted"
        return redact.mask(text)


def configure(environ: Mapping[str, str] | None = None) -> None:
    """Set logging up once for the process, as the environment asks for.

    PACKER_LOG: unset, empty and 0 mean no log, anything else means a log on stderr. PACKER_LOG_PATH: the log goes into
    this file instead, which is begun anew and can be read while it is written. Raises `UsageError` if it can't be.
    """
    environ = os.environ if environ is None else environ
    handler = _handler(environ)
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, logging.NullHandler | _Stderr | _File)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    logging.captureWarnings(capture=True)
    if not isinstance(handler, logging.NullHandler):
        root.setLevel(logging.DEBUG)
        _LOGGER.info("%s", version_line("imagesmith"))


def to_terminal(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the log goes to the terminal, where a live view would be torn by it."""
    environ = os.environ if environ is None else environ
    return _wanted(environ) and not environ.get("PACKER_LOG_PATH") and sys.stderr.isatty()


def record(event: Event) -> None:
    """Write an event to the log."""
    from imagesmith.events import as_dict, masked

    if _LOGGER.isEnabledFor(logging.DEBUG):
        facts = as_dict(masked(event))
        name, build = facts.pop("event"), facts.pop("build")
        facts.pop("at")
        told = " ".join(f"{key}={value!r}" for key, value in facts.items())
        _LOGGER.debug("%s %s %s", name, build, told)


class _Stderr(logging.StreamHandler[TextIO]):
    """A log on the terminal; when that has gone it is not worth a word."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name in the base class
        return


class _File(logging.FileHandler):
    """A log in a file; a full disk must not put tracebacks on the screen."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name in the base class
        return


def _wanted(environ: Mapping[str, str]) -> bool:
    return environ.get("PACKER_LOG", "") not in ("", "0")


def _handler(environ: Mapping[str, str]) -> logging.Handler:
    path = environ.get("PACKER_LOG_PATH")
    if not path and not _wanted(environ):
        return logging.NullHandler()
    handler = _open(path) if path else _Stderr(sys.stderr)
    handler.setFormatter(RedactingFormatter())
    return handler


def _open(path: str) -> logging.Handler:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        return _File(path, mode="a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(
            f"can't write the log to {path}: {error.strerror}", hint="choose another PACKER_LOG_PATH"
        ) from error
