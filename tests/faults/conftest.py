"""A simulated cloud to break, and the table of what came of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imagesmith_simulator.alicloud import SimulatedAlicloud
from tests.faults.tally import PACKER, Tally

_TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TALLY] = Tally()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[_TALLY]
    if not tally.rows:
        return
    terminalreporter.section("what came of the faults (packer 1.6.6 beside it)")
    for fault, outcomes in tally.rows.items():
        ours = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        terminalreporter.write_line(f"{fault:12} {ours:58} | {PACKER.get(fault, '')}")


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """The table that is printed at the end."""
    return request.config.stash[_TALLY]


@pytest.fixture
def step(request: pytest.FixtureRequest) -> int:
    """Every how-manyeth call is failed: each one in a whole sweep, a sample otherwise."""
    return 1 if request.config.getoption("--sweep") == "all" else 11


@pytest.fixture
def cloud() -> Iterator[SimulatedAlicloud]:
    """A simulated cloud whose instances have states only."""
    simulated = SimulatedAlicloud.start(machines="none")
    yield simulated
    simulated.close()
