"""Calls of the command line in processes of their own that need not import everything anew.

One process imports what a build needs and forks for each call; the fork gets the call's arguments, folder, environment
and files for its output, and is in all else a process as any other.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from typing import Any

PRELOADED = (
    "imagesmith.cli.commands.build",
    "imagesmith.cli.commands.cleanup",
    "imagesmith.cli.commands.inspect",
    "imagesmith.cli.commands.runs",
    "imagesmith.cli.commands.validate",
    "imagesmith.cli.asking",
    "imagesmith.cli.logs",
    "imagesmith.cli.report",
    "imagesmith.cli.signals",
    "imagesmith.housekeeping",
    "imagesmith.image_build",
    "imagesmith.job",
    "imagesmith.runner",
    "imagesmith.template.json",
    "imagesmith.ui.machine_readable",
    "imagesmith.ui.json_lines",
)


def serve() -> None:
    """Answer one JSON request a line on stdin with an exit code on stdout."""
    import importlib

    for name in PRELOADED:
        importlib.import_module(name)
    while line := sys.stdin.readline():
        call = json.loads(line)
        child = os.fork()
        if not child:
            _become(call)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(call: dict[str, Any]) -> None:
    """Be the called program; never returns."""
    code = 70
    with contextlib.suppress(OSError):
        for descriptor, path in enumerate((call["stdin"], call["stdout"], call["stderr"])):
            opened = os.open(path, os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT)
            os.dup2(opened, descriptor)
            os.close(opened)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(call["folder"])
        os.environ.clear()
        os.environ.update(call["environment"])
        sys.path[:0] = [part for part in call["environment"].get("PYTHONPATH", "").split(":") if part]
        sys.argv = ["imagesmith", *call["arguments"]]
        from imagesmith.cli import main

        code = main()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  # the test is to see it
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
