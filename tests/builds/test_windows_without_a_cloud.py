"""Templates that provision a Windows machine which is there already: the null builder over WinRM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagesmith import events, redact
from imagesmith.plan import TemplateRequest
from imagesmith.runner import run_plan
from imagesmith.settings import RunSettings
from imagesmith.template import load
from imagesmith_simulator.machines.interface import Endpoint, MachineSpec
from imagesmith_simulator.machines.windows import WindowsKind

PASSWORD = "Pa55w.rd-of-the-way-in"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    kind = WindowsKind(winrm=True)
    try:
        spec = MachineSpec(id="i-1", hostname="win1", os="windows", username="Administrator", password=PASSWORD)
        machine = kind.create(spec)
        found = machine.listen("127.77.9.22")
        machine.boot()
        yield found
    finally:
        kind.close()


def build(path: Path) -> tuple[list[str], list[str]]:
    """What the scripts print, as people see it, and the steps of the build."""
    seen: list[events.Event] = []
    outcome = run_plan(load(TemplateRequest(str(path))), RunSettings(), seen.append)
    for error in outcome.errors.values():
        raise error
    printed = [redact.mask(event.line) for event in seen if isinstance(event, events.Output)]
    return printed, [event.step for event in seen if isinstance(event, events.StepFinished)]


def test_the_password_of_the_way_in_is_known_to_hcl2(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "t.pkr.hcl").write_text(f"""
source "null" "windows" {{
  communicator   = "winrm"
  winrm_host     = "{endpoint.host}"
  winrm_port     = {endpoint.port}
  winrm_username = "Administrator"
  winrm_password = "{PASSWORD}"
}}
build {{
  sources = ["null.windows"]
  provisioner "powershell" {{
    inline = ["Write-Output '${{build.WinRMPassword}}'.Length", "Write-Output 'it is ${{build.Password}}'"]
  }}
  provisioner "powershell" {{
    elevated_user     = build.User
    elevated_password = build.WinRMPassword
    inline            = ["whoami", "Write-Output '${{build.ConnType}} ${{build.Port}}'"]
  }}
  provisioner "windows-shell" {{
    inline = ["@echo %PACKER_BUILDER_TYPE%"]
  }}
}}
""")
    printed, steps = build(tmp_path / "t.pkr.hcl")
    assert printed[0] == str(len(PASSWORD))
    assert PASSWORD not in printed[1]
    assert printed[1].startswith("it is ")
    assert printed[2].lower().endswith("\\administrator")
    assert printed[3:] == [f"winrm {endpoint.port}", "null"]
    assert [step for step in steps if step.startswith("provision")] == [
        "provision 1/3: powershell",
        "provision 2/3: powershell",
        "provision 3/3: windows-shell",
    ]


def test_the_password_of_the_way_in_is_known_to_json(endpoint: Endpoint, tmp_path: Path) -> None:
    builder: dict[str, Any] = {
        "type": "null",
        "communicator": "winrm",
        "winrm_host": endpoint.host,
        "winrm_port": endpoint.port,
        "winrm_username": "Administrator",
        "winrm_password": PASSWORD,
    }
    elevated = {"elevated_user": "Administrator", "elevated_password": "{{.WinRMPassword}}"}
    steps = [
        {"type": "powershell", "inline": ["Write-Output '{{build `WinRMPassword`}}'.Length"]},
        {"type": "powershell", "inline": ["whoami"], **elevated},
    ]
    (tmp_path / "t.json").write_text(json.dumps({"builders": [builder], "provisioners": steps}))
    printed, _ = build(tmp_path / "t.json")
    assert printed[0] == str(len(PASSWORD))
    assert printed[1].lower().endswith("\\administrator")
