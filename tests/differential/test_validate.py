"""``validate`` accepts and refuses what Debian's packer 1.6.6 accepts and refuses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.differential.accepting import hcl2_shapes, json_shapes, option_values
from tests.differential.accepting.case import PACKER, Case, ours, run_packer, theirs
from tests.differential.accepting.differences import DIFFERENCES, VALUES

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]

EVERY = 4
"""A plain run takes every fourth template; ``--sweep=all`` takes them all."""


@pytest.fixture
def share(pytestconfig: pytest.Config) -> int:
    """Of how many templates one is taken."""
    return 1 if pytestconfig.getoption("--sweep") == "all" else EVERY


def test_no_two_cases_have_one_name_and_every_listed_difference_has_its_case() -> None:
    names = [case.name for case in (*json_shapes.CASES, *hcl2_shapes.CASES)]
    assert len(names) == len(set(names)) >= 1000
    assert set(names) >= set(DIFFERENCES)


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("cases", [json_shapes.CASES, hcl2_shapes.CASES], ids=["json", "hcl2"])
def test_templates_are_accepted_and_refused_as_in_packer(
    cases: Sequence[Case], share: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = cases[::share]
    folders = [tmp_path / str(number) for number in range(len(chosen))]
    for case, folder in zip(chosen, folders, strict=True):
        folder.mkdir()
        case.write(folder)
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(theirs, chosen, folders))
    different, said = set(), []
    for case, folder, (accepted, text) in zip(chosen, folders, verdicts, strict=True):
        monkeypatch.chdir(folder)
        mine, reason = ours(case)
        if mine != accepted:
            different.add(case.name)
            said.append(f"{case.name}\n  packer {accepted}: {text}\n  ours {mine}: {reason}")
    listed = {case.name for case in chosen} & set(DIFFERENCES)
    assert different == listed, "\n".join(said)


@pytest.mark.sweep
@pytest.mark.timeout(900)
def test_option_values_are_coerced_or_refused_as_in_packer(
    share: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    different = set()
    listed = set()
    for offset, (kind, place) in enumerate(option_values.PLACES.items()):
        chosen = option_values.VALUES[offset % share :: share]
        listed |= {(kind, repr(value)) for value in chosen} & set(VALUES)
        parts = {f"b{number}": place(f"b{number}", value) for number, value in enumerate(chosen)}
        Path("all.json").write_text(option_values.template(parts))
        report = run_packer(["validate", "all.json"], tmp_path).stdout
        refused = set(re.findall(r'Error: Failed to (?:prepare|initialize) build: ?"(b\d+)"', report))
        assert refused, report
        for number, value in enumerate(chosen):
            name = f"b{number}"
            case = Case(f"{kind} {value!r}", {"one.json": option_values.template({name: parts[name]})}, "one.json")
            Path("one.json").write_text(case.files["one.json"])
            if ours(case)[0] == (name in refused):
                different.add((kind, repr(value)))
    assert different == listed
