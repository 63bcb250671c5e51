"""Whether a build is simulated, and the flags that shape a simulated cloud."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from imagesmith.cli.flags import Flag, Parsed
from imagesmith.errors import UsageError

VARIABLE = "IMAGESMITH_SIMULATE"
"""The variable that does what ``--simulate`` does, for Makefiles and scripts that call the build."""

CLOUD: tuple[Flag, ...] = (
    Flag("machines", "text", "What stands behind simulated instances: sandbox, or none for states only.", "", "KIND"),
    Flag(
        "latency",
        "names",
        "Simulated seconds (call=0.05,instance=8,stop=5,snapshot=30,image=10; what is not named is instant), or none. "
        "By default a build takes some seconds.",
        value="NAME=S,…",
    ),
    Flag("speed", "text", "Simulated seconds in a real one.", "", "N"),
    Flag("rate-limit", "text", "Calls that the simulated cloud takes in a second.", "", "N"),
)


def start_options(parsed: Parsed) -> dict[str, object]:
    """What the simulator's ``start`` is given. Raises `UsageError`."""
    options: dict[str, object] = {}
    if parsed["machines"]:
        options["machines"] = parsed["machines"]
    if parsed["latency"]:
        options["latencies"] = dict(_latency(entry) for entry in parsed["latency"] if entry != "none")
    for flag in ("speed", "rate-limit"):
        if parsed[flag]:
            options[flag.replace("-", "_")] = _number(flag, parsed[flag])
    return options


@dataclass(frozen=True, slots=True)
class Place:
    """Where a build takes place: ``simulated`` or not; ``served`` is the address of a cloud that is there already."""

    simulated: bool
    served: str = ""
    notices: tuple[str, ...] = ()


def place(parsed: Parsed, environ: Mapping[str, str] | None = None) -> Place:
    """Where the command line or IMAGESMITH_SIMULATE (1, or the address of a served cloud) wants the build.

    Raises `UsageError`, also for flags that shape a simulated cloud where none is started.
    """
    said = (os.environ if environ is None else environ).get(VARIABLE, "")
    if said in ("", "0") or "simulate" in parsed.given:
        found = Place(bool(parsed["simulate"]))
    else:
        notice = f"{VARIABLE} is set: this is a simulated cloud, nothing is built in a real one"
        found = Place(simulated=True, served="" if said == "1" else _address(said), notices=(notice,))
    stray = sorted(parsed.given & {flag.name for flag in CLOUD})
    if stray and not found.simulated:
        raise UsageError(f"-{stray[0]} is for simulated clouds", hint="add --simulate, or leave it out")
    if stray and found.served:
        raise UsageError(f"-{stray[0]} is for a simulated cloud that is started here", hint="give it to 'simulate'")
    return found


def _address(text: str) -> str:
    from imagesmith.cloud_calls.endpoint import EndpointError, parse_endpoint

    hint = f"write {VARIABLE}=1, or the address that 'imagesmith simulate CLOUD' has told"
    try:
        endpoint = parse_endpoint(text)
    except EndpointError:
        raise UsageError(f'{VARIABLE} is "{text}", which is no address', hint=hint) from None
    if not endpoint.is_loopback:
        raise UsageError(f"{VARIABLE}: simulated clouds are on this machine only, not at {text}", hint=hint)
    return str(endpoint)


def _latency(entry: str) -> tuple[str, float]:
    name, equals, seconds = entry.partition("=")
    if not equals:
        hint = "for example -latency instance=8,stop=5, or -latency none"
        raise UsageError(f'-latency needs NAME=SECONDS, not "{entry}"', hint=hint)
    return name.strip(), _number("latency", seconds.removesuffix("s"))


def _number(flag: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf") or (not number and flag != "latency"):
        raise UsageError(f'-{flag} needs a positive number, not "{text}"')
    return number
