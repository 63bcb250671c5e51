"""The flags that shape a simulated cloud: for ``simulate`` and for ``build --simulate``."""

from __future__ import annotations

from imagesmith.cli.flags import Flag, Parsed
from imagesmith.errors import UsageError

CLOUD: tuple[Flag, ...] = (
    Flag("machines", "text", "What stands behind simulated instances.", "", "KIND"),
    Flag("latency", "names", "Simulated seconds: call=0.05,instance=8,stop=5,snapshot=30,image=10.", value="NAME=S,…"),
    Flag("rate-limit", "text", "Calls that the simulated cloud takes in a second.", "", "N"),
)


def start_options(parsed: Parsed) -> dict[str, object]:
    """What the simulator's ``start`` is given. Raises `UsageError`."""
    options: dict[str, object] = {}
    if parsed["machines"]:
        options["machines"] = parsed["machines"]
    if parsed["latency"]:
        options["latencies"] = dict(_latency(entry) for entry in parsed["latency"])
    if parsed["rate-limit"]:
        options["rate_limit"] = _positive("rate-limit", parsed["rate-limit"])
    return options


def need_simulate(parsed: Parsed) -> None:
    """Refuse these flags where nothing is simulated."""
    stray = sorted(parsed.given & {flag.name for flag in CLOUD})
    if stray and not parsed["simulate"]:
        raise UsageError(f"-{stray[0]} is for simulated clouds", hint="add --simulate, or leave it out")


def _latency(entry: str) -> tuple[str, float]:
    name, equals, seconds = entry.partition("=")
    if not equals:
        raise UsageError(f'-latency needs NAME=SECONDS, not "{entry}"', hint="for example -latency instance=8,stop=5")
    return name.strip(), _positive("latency", seconds.removesuffix("s"))


def _positive(flag: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise UsageError(f'-{flag} needs a number that is not negative, not "{text}"')
    return number
