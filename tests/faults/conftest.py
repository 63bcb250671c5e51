"""How much of a sweep is run, and the table of what came of it."""

from __future__ import annotations

import pytest

from tests.faults.tally import Tally

_TALLY = pytest.StashKey[Tally]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TALLY] = Tally()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[_TALLY]
    if not tally.rows:
        return
    terminalreporter.section("what came of the faults (packer 1.6.6 beside it)")
    for line in tally.lines():
        terminalreporter.write_line(line)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """The table that is printed at the end."""
    return request.config.stash[_TALLY]


@pytest.fixture
def step(request: pytest.FixtureRequest) -> int:
    """Every how-manyeth call is failed: each one in a whole sweep, a sample otherwise."""
    return 1 if request.config.getoption("--sweep") == "all" else 11
