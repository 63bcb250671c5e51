"""A short sample of the long fuzz run, which is ``python -m tests.template.fuzz --minutes 30``."""

from __future__ import annotations

from pathlib import Path

from tests.template.fuzz.__main__ import run


def test_no_input_gives_a_traceback_or_takes_more_than_its_time_and_memory(tmp_path: Path) -> None:
    total = run(15, seed=1000, kept=tmp_path)
    assert [what for _, what in total["failures"]] == []
    assert total["tried"] > 50
