"""The real command line as a subprocess, and a builder that needs no cloud for it to build with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEMORY = f"{ROOT / 'tests' / 'core'}:{ROOT}"
BUILD = "memory-ecs.web"

_SERVER = str(Path(__file__).parent / "fork_server.py")


class Forks:
    """The fork server, started when it is first needed."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def call(self, folder: Path, arguments: Sequence[str], environment: Mapping[str, str], stdin: str) -> int:
        """Run the command line with its output in ``folder/.stdout`` and ``folder/.stderr``; the exit code."""
        if self._server is None:
            words = [sys.executable, _SERVER]
            self._server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._server.stdin
        assert self._server.stdout
        names = {name: str(folder / f".{name}") for name in ("stdin", "stdout", "stderr")}
        for name, path in names.items():
            Path(path).write_text(stdin if name == "stdin" else "")
        call = {"arguments": arguments, "folder": str(folder), "environment": dict(environment), **names}
        self._server.stdin.write(json.dumps(call) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def close(self) -> None:
        if self._server is not None:
            self._server.communicate()


@dataclass
class CommandLine:
    """Calls ``imagesmith`` in a folder of its own."""

    folder: Path
    forks: Forks
    environment: dict[str, str] = field(default_factory=dict)

    def arguments(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "imagesmith", *words]

    def environ(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": MEMORY, **self.environment}

    def __call__(self, *words: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        code = self.forks.call(self.folder, words, self.environ() | environment, stdin)
        out, err = (self.folder / f".{name}" for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(list(words), code, out.read_text(), err.read_text())

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.arguments(*words),
            cwd=self.folder,
            env=self.environ() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def write(self, name: str, content: object) -> str:
        text = content if isinstance(content, str) else json.dumps(content, indent=2)
        (self.folder / name).write_text(text)
        return name

    def template(
        self,
        *provisioners: Mapping[str, object],
        post_processors: Sequence[Mapping[str, object]] = (),
        **options: object,
    ) -> str:
        """A legacy template with one build in the memory cloud."""
        store = str(self.folder / "cloud.json")
        builder = {"type": "memory-ecs", "name": "web", "store": store, **options}
        variables = {"key": "a-very-secret-key"}
        return self.write(
            "web.json",
            {
                "variables": variables,
                "builders": [{**builder, "access_key": "{{user `key`}}"}],
                "provisioners": list(provisioners),
                "post-processors": list(post_processors),
            },
        )

    def cloud(self) -> list[str]:
        """What the memory cloud holds, by kind."""
        path = self.folder / "cloud.json"
        return sorted(thing["kind"] for thing in json.loads(path.read_text()).values()) if path.exists() else []


def script(*lines: str) -> dict[str, object]:
    """A provisioner that runs these lines here."""
    return {"type": "shell-local", "inline": list(lines)}


def until_ready(process: subprocess.Popen[str]) -> None:
    """Read until a script has said that it is ready."""
    assert process.stdout
    for line in process.stdout:
        if line.rstrip().endswith(": ready"):
            return
    raise AssertionError("the script never began")


def rest(process: subprocess.Popen[str]) -> str:
    """What is still printed until the end."""
    assert process.stdout
    with process.stdout:
        return process.stdout.read()
