"""``imagesmith simulate``: a simulated cloud on this machine, for whatever client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from imagesmith.cli import simulate_flags
from imagesmith.cli.command import Command, Invocation
from imagesmith.cli.flags import Flag
from imagesmith.cli.report import Printer
from imagesmith.errors import UsageError

_FLAGS = (
    Flag("port", "whole", "The port on 127.0.0.1; 0 takes a free one.", 0, "N"),
    *simulate_flags.CLOUD,
)


def _run(invocation: Invocation) -> int:
    import threading

    from imagesmith import plugin
    from imagesmith.cli import signals

    parsed = invocation.parsed
    if len(parsed.arguments) != 1:
        raise UsageError("name the cloud to simulate", hint=f"one of {', '.join(plugin.names('simulators'))}")
    (name,) = parsed.arguments
    kind = plugin.load("simulators", name)
    options = {"latencies": kind.lively_latencies} | simulate_flags.start_options(parsed)
    printer = Printer(invocation.program, invocation.machine_readable)
    over = threading.Event()
    with signals.watched(lambda _name, _count: over.set()):
        cloud = kind.start(port=parsed["port"], **options)
        try:
            printer.result("\n".join(_how_to(cloud, name)))
            over.wait()
            printer.result("\n".join(_end(cloud)))
        finally:
            cloud.close()
    return 0


def _how_to(cloud: Any, name: str) -> Iterator[str]:
    """The address, the keys, and how clients find the way here."""
    keys = " ".join(f"{variable}={value}" for variable, value in cloud.environment().items())
    yield f"A simulated {name} listens at {cloud.url}. Ctrl-C ends it and forgets everything."
    yield ""
    yield "imagesmith, and whatever calls it (make, scripts):"
    yield f"  export IMAGESMITH_SIMULATE={cloud.url}"
    yield "  imagesmith build template.pkr.hcl"
    yield ""
    yield "any client that can be given an endpoint, with these keys:"
    yield f"  export {keys}"
    yield ""
    yield "packer, where its plugin speaks plain HTTP to what it takes for a proxy:"
    yield f"  HTTP_PROXY={cloud.url} HTTPS_PROXY={cloud.url} CHECKPOINT_DISABLE=1 packer build template.json"


def _end(cloud: Any) -> Iterator[str]:
    held = list(cloud.inventory())
    yield ""
    yield "The simulated cloud held at the end:" if held else "The simulated cloud was empty at the end."
    for line in held:
        yield f"  {line}"


COMMAND = Command(
    "simulate",
    "simulate [FLAGS] CLOUD",
    "Serve a simulated cloud on 127.0.0.1 until it is interrupted. Clients talk to it as to the real one; its "
    "instances can be logged in to and run what they are told, in sandboxes on this machine.",
    _FLAGS,
    _run,
    ("simulate alicloud --port 8443", "simulate alicloud --latency instance=8,stop=5,snapshot=30 --rate-limit 20"),
)
