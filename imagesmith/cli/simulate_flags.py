"""The flags that shape a simulated cloud: for ``simulate`` and for ``build --simulate``."""

from __future__ import annotations

from imagesmith.cli.flags import Flag, Parsed
from imagesmith.errors import UsageError

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


def need_simulate(parsed: Parsed) -> None:
    """Refuse these flags where nothing is simulated."""
    stray = sorted(parsed.given & {flag.name for flag in CLOUD})
    if stray and not parsed["simulate"]:
        raise UsageError(f"-{stray[0]} is for simulated clouds", hint="add --simulate, or leave it out")


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
