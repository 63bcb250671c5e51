"""Windows on Alibaba Cloud: the password that is set or made up, and the port that is opened."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from imagesmith import redact
from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import TemplateError
from imagesmith.passwords import make_password
from tests.effects import shows

WINDOWS = {
    "source_image": "win2022_21H2_x64_dtc_en-us_40G_alibase_20231213.vhd",
    "communicator": "winrm",
    "winrm_username": "Administrator",
    "ssh_username": "",
}
KINDS = ("[a-z]", "[A-Z]", "[0-9]", "[-_.=]")


def instance(driver: Any, **options: Any) -> Any:
    """What the cloud tells the machine of an instance that is built with these options, and the build."""
    machines = driver.simulated.state.machines
    with pytest.MonkeyPatch.context() as patch:
        specs: list[Any] = []
        create = machines.create

        def note(spec: Any, **more: Any) -> None:
            specs.append(spec)
            create(spec, **more)

        patch.setattr(machines, "create", note)
        built = driver.build(**(WINDOWS | options))
    return specs[0], built


@shows(CommunicatorOptions, "winrm_username", "winrm_password")
def test_a_given_password_is_set_with_the_launch(driver: Any) -> None:
    made, built = instance(driver, winrm_password="Test1234", winrm_username="Administrator")
    assert made.password == "Test1234"
    assert (built.login.username, built.login.password) == ("Administrator", "Test1234")
    assert "ImportKeyPair" not in driver.actions()


def test_without_one_a_password_is_made_up_and_set(driver: Any) -> None:
    made, built = instance(driver)
    password = built.login.password
    assert made.password == password
    assert len(password) == 24
    assert all(re.search(kind, password) for kind in KINDS)
    assert not built.login.password_later
    assert "ImportKeyPair" not in driver.actions()
    assert redact.mask(f"it is {password}") != f"it is {password}"
    assert password not in driver.said()
    assert password not in repr(built.login)


def test_no_two_passwords_are_the_same_and_all_keep_the_rules() -> None:
    passwords = {make_password() for _ in range(500)}
    assert len(passwords) == 500
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9._=-]{23}", password) for password in passwords)
    assert all(re.search(kind, password) for password in passwords for kind in KINDS)


@pytest.mark.parametrize("written", ["{{ .WinRMPassword }}", "{{.WinRMPassword}}"])
def test_user_data_get_the_password(driver: Any, tmp_path: Path, written: str) -> None:
    script = f"[powershell]\nnet user Administrator '{written}'\n"
    (tmp_path / "enable.ps1").write_text(script)
    for given in ({"user_data": script}, {"user_data_file": str(tmp_path / "enable.ps1")}):
        made, built = instance(driver, image_name=f"web-{len(given)}-{next(iter(given))}", **given)
        assert made.user_data.decode() == f"[powershell]\nnet user Administrator '{built.login.password}'\n"


def test_user_data_without_a_password_to_fill_in_are_refused(driver: Any) -> None:
    with pytest.raises(TemplateError, match=r"the user data ask for \{\{\.WinRMPassword\}\}"):
        driver.options(user_data="net user {{ .WinRMPassword }}")
    assert driver.options(user_data="net user {{ .WinRMPassword }}", winrm_password="Test1234").winrm_password


@pytest.mark.parametrize(
    ("options", "port"),
    [({}, 5985), ({"winrm_use_ssl": True}, 5986), ({"winrm_port": 15986, "winrm_use_ssl": True}, 15986)],
)
@shows(CommunicatorOptions, "communicator")
def test_the_security_group_opens_the_port_of_winrm_only(driver: Any, options: dict[str, Any], port: int) -> None:
    given = {**WINDOWS, "ssh_username": "root"} | options
    driver.build(**given)
    (rule,) = driver.sent("AuthorizeSecurityGroup")
    assert {value for name, value in rule.items() if name.endswith(".PortRange")} == {f"{port}/{port}"}


@shows(CommunicatorOptions, "winrm_host")
def test_a_given_host_is_connected_to(driver: Any) -> None:
    assert driver.build(**WINDOWS, winrm_host="203.0.113.9").address.host == "203.0.113.9"


def test_windows_over_ssh_gets_a_password_because_it_takes_no_key(driver: Any) -> None:
    made, built = instance(driver, communicator="ssh", ssh_username="Administrator")
    assert made.password == built.login.password != ""
    assert "ImportKeyPair" not in driver.actions()


@pytest.mark.parametrize("name", ["ssh_keypair_name", "ssh_private_key_file", "temporary_key_pair_name"])
def test_a_key_with_winrm_is_warned_of(driver: Any, name: str) -> None:
    found = [str(one) for one in driver.options(**WINDOWS, **{name: __file__}).problems()]
    assert any(f"{name} has no effect" in text for text in found)


def test_the_password_is_in_no_event_and_in_no_ledger(driver: Any) -> None:
    _, built = instance(driver)
    written = "".join(path.read_text() for path in driver.state_dir.rglob("*") if path.is_file())
    assert built.login.password not in written + repr(driver.events)
    assert base64.b64encode(built.login.password.encode()).decode() not in written
