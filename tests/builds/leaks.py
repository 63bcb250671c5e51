"""Secrets that are hard to mask, the forms in which one would be seen, and the places where it could be."""

from __future__ import annotations

import base64
import json
import os
import random
import shlex
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote, quote_plus

PARTS = [
    "plain",
    "comma,comma",
    "single'quote",
    'double"quote',
    "dollar$HOME",
    "back`tick",
    "new\nline",
    "密码",
    "a b",
    "%41&+/=",
]
COUNT = 200


def secrets() -> list[str]:
    """Values that shells, URLs, JSON and regular expressions trip over."""
    chance = random.Random(20)
    return [f"{chance.choice(PARTS)}-{chance.getrandbits(48):012x}-{chance.choice(PARTS)}" for _ in range(COUNT)]


def spellings(secret: str) -> Iterator[bytes]:
    """The forms in which a leak would be seen."""
    raw = secret.encode()
    for text in (secret, shlex.quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
        yield text.encode()
    yield base64.b64encode(raw)
    yield from (line.encode() for line in secret.splitlines() if len(line) > 8)


class Watch:
    """Collects every command line on this machine while it is open."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:
                    continue


def run_build(path: Path, log_format: str) -> subprocess.CompletedProcess[bytes]:
    """One build, with a debug log beside the template."""
    command = [sys.executable, "-m", "imagesmith", "build", "-force", f"-log-format={log_format}", str(path)]
    environ = os.environ | {"PACKER_LOG": "1", "PACKER_LOG_PATH": str(path.parent / "packer.log")}
    return subprocess.run(command, capture_output=True, cwd=path.parent, env=environ, check=False)


def places_of(
    folder: Path, state_dir: Path, watch: Watch, *done: subprocess.CompletedProcess[bytes]
) -> dict[str, bytes]:
    """Everything that builds have shown and written: output, debug log, manifest, ledgers, command lines."""
    places = {"output": b"".join(one.stdout + one.stderr for one in done)}
    places |= {path.name: path.read_bytes() for path in folder.glob("packer*")}
    places |= {str(path): path.read_bytes() for path in state_dir.rglob("*") if path.is_file()}
    return places | {"command lines": b"\n".join(watch.seen)}


def found(secrets: Collection[str], places: Mapping[str, bytes]) -> list[str]:
    """Each secret that is seen somewhere, with the place and the form."""
    return [
        f"{place}: {form!r}"
        for secret in secrets
        for place, content in places.items()
        for form in spellings(secret)
        if form in content
    ]
