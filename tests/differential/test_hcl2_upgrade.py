"""What `hcl2_upgrade` writes is accepted by Debian's packer 1.6.6, as far as 1.6.6 has what it uses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imagesmith.template.upgrade import upgrade
from tests.template.upgrade.templates import CASES, Case

PACKER = shutil.which("packer") or ""

pytestmark = [pytest.mark.packer, pytest.mark.skipif(not PACKER, reason="packer 1.6.6 is not installed")]

WITHOUT = {
    "huaweicloud with ansible and goss": "1.6.6 has neither the builder nor goss",
    "qemu with boot commands": "1.6.6 looks for a QEMU on this machine",
    "a windows image of another cloud's builder": "1.6.6 asks Amazon",
    "vagrant boxes": "packer accepts the JSON neither: it names no ISO",
    "the vendor's user_data": "packer accepts the JSON neither: the script is not there",
    "odd names of builders": "1.6.6 has no error, but wants every name to be an identifier",
}
_REQUIRED_PLUGINS = re.compile(r"^  required_plugins \{\n(?:    .*\n)*  \}\n", re.MULTILINE)


def validate(case: Case, folder: Path) -> str:
    """What packer says against the upgraded template, "" for nothing."""
    text = upgrade(json.dumps(case.template), "t.json").text
    target = folder / "t.pkr.hcl"
    target.write_text(_REQUIRED_PLUGINS.sub("", text), encoding="utf-8")
    run = subprocess.run(
        [PACKER, "validate", *(f"-var={name}={value}" for name, value in case.variables), "t.pkr.hcl"],
        cwd=folder,
        env={**os.environ, **case.environ, "PACKER_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return "" if run.returncode == 0 else run.stdout + run.stderr


def test_packer_accepts_the_upgraded_templates(tmp_path: Path) -> None:
    cases = [case for case in CASES if not case.not_in_1_6 and case.name not in WITHOUT]
    folders = [tmp_path / str(number) for number in range(len(cases))]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(validate, cases, folders))
    assert len(cases) >= 30
    assert {case.name: text for case, text in zip(cases, said, strict=True) if text} == {}
