"""Windows on Huawei Cloud: the password that is set, or that the guest makes and the key pair decrypts; its port."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from imagesmith import redact
from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import TemplateError, UsageError, WaitTimeout
from imagesmith.keys import make_key
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_huaweicloud.windows_password import decrypted
from imagesmith_simulator.huaweicloud import SimulatedHuaweicloud
from imagesmith_simulator.huaweicloud.resources import KeyPair
from tests.effects import shows
from tests.providers.huaweicloud.conftest import HuaweicloudDriver

WINDOWS: dict[str, Any] = {
    "source_image": "19a3a0c6-0d11-4b2e-8e5c-1f6a2a1f0007",
    "communicator": "winrm",
    "winrm_username": "Administrator",
    "ssh_username": "",
}


def server(driver: Any, **options: Any) -> Any:
    """The server as the simulated cloud has it, just before it is stopped, and the build."""
    seen = []

    def look(_cloud: Any, machine: Any) -> None:
        with driver.simulated.clock.lock:
            seen.append(driver.simulated.gateway.state.servers[machine.id])

    built = driver.build(on_running=look, **(WINDOWS | options))
    return seen[0], built


def own_pair(driver: Any, folder: Path, kind: str = "rsa", *, stored: bool = True) -> dict[str, Any]:
    """A key pair of the user's in the cloud, and its private key in a file."""
    private, public = make_key(kind, 0, "mine")
    _, other = make_key("rsa", 0, "other")
    (folder / "key.pem").write_text(private)
    state = driver.simulated.gateway.state
    (project,) = [one for one, name in state.projects.items() if name == "cn-north-4"]
    with driver.simulated.clock.lock:
        pair = KeyPair(
            id="mine", name="mine", project_id=project, public_key=public if stored else other, fingerprint=""
        )
        state.key_pairs[project, "mine"] = pair
    return {"ssh_keypair_name": "mine", "ssh_private_key_file": str(folder / "key.pem")}


def test_the_password_that_the_guest_makes_is_fetched_and_decrypted(driver: Any) -> None:
    made, built = server(driver)
    assert built.login.password == made.password != ""
    assert (built.login.username, built.login.password_later, built.login.temporary) == ("Administrator", False, False)
    (sent,) = driver.sent("CreatePostPaidServers")
    assert sent["server.key_name"] == made.key_name
    assert "server.adminPass" not in sent
    assert driver.simulated.leftovers() == []
    assert redact.mask(made.password) != made.password
    written = "".join(path.read_text() for path in driver.state_dir.rglob("*") if path.is_file())
    assert made.password not in written + repr(driver.events) + repr(built.login)


def test_the_password_is_waited_for(slow: SimulatedHuaweicloud, tmp_path: Path) -> None:
    driver = HuaweicloudDriver(slow, tmp_path)
    made, built = server(driver)
    assert built.login.password == made.password
    assert 50 <= driver.actions().count("ShowServerPassword") <= 200
    for ledger in driver.ledgers:
        ledger.close()


@shows(CommunicatorOptions, "winrm_timeout")
def test_the_wait_ends_with_the_timeout_and_says_what_to_do(slow: SimulatedHuaweicloud, tmp_path: Path) -> None:
    driver = HuaweicloudDriver(slow, tmp_path)
    with pytest.raises(WaitTimeout, match="after 120 s") as caught:
        driver.build(**WINDOWS, winrm_timeout=120.0)
    assert "Cloudbase-Init" in caught.value.hint
    assert slow.leftovers() == []
    for ledger in driver.ledgers:
        ledger.close()


def test_the_users_own_key_pair_decrypts_it_too(driver: Any, tmp_path: Path) -> None:
    made, built = server(driver, **own_pair(driver, tmp_path))
    assert (built.login.password, made.key_name) == (made.password, "mine")
    assert "NovaCreateKeypair" not in driver.actions()


def test_a_private_key_of_another_pair_is_told(driver: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not decrypt the password") as caught:
        server(driver, **own_pair(driver, tmp_path, stored=False))
    assert "ssh_keypair_name" in caught.value.hint
    assert all(line.startswith("key pair mine") for line in driver.simulated.leftovers())


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519"])
def test_a_key_that_is_not_rsa_is_refused_before_anything_is_made(driver: Any, tmp_path: Path, kind: str) -> None:
    with pytest.raises(UsageError, match="encrypted for RSA keys"):
        server(driver, **own_pair(driver, tmp_path, kind))
    assert "CreatePostPaidServers" not in driver.actions()
    with pytest.raises(TemplateError, match="this kind of key can't tell the password"):
        driver.options(**WINDOWS, temporary_key_pair_type=kind)


@shows(CommunicatorOptions, "winrm_password", "winrm_username")
def test_a_given_password_is_set_and_no_key_is_made(driver: Any) -> None:
    made, built = server(driver, winrm_password="Good-Secret-1")
    assert made.password == "Good-Secret-1"
    assert (built.login.username, built.login.password) == ("Administrator", "Good-Secret-1")
    assert not {"NovaCreateKeypair", "ShowServerPassword"} & set(driver.actions())


@pytest.mark.parametrize("half", [{"ssh_keypair_name": "mine"}, {"ssh_private_key_file": __file__}])
def test_half_of_a_key_pair_is_refused(driver: Any, half: dict[str, str]) -> None:
    with pytest.raises(TemplateError, match="half of a key pair"):
        driver.options(**WINDOWS, **half)


def test_a_key_pair_beside_a_password_is_warned_of(driver: Any, tmp_path: Path) -> None:
    options = driver.options(**WINDOWS, winrm_password="Good-Secret-1", **own_pair(driver, tmp_path))
    assert any("key pair has no effect" in str(problem) for problem in options.problems())


@pytest.mark.parametrize("encoded", [False, True])
def test_user_data_get_a_given_password(driver: Any, encoded: bool) -> None:
    text = "#ps1_sysnative\nnet user Administrator '{{ .WinRMPassword }}'\n"
    given = base64.b64encode(text.encode()).decode() if encoded else text
    made, _ = server(driver, user_data=given, winrm_password="Good-Secret-1")
    assert made.user_data.decode() == "#ps1_sysnative\nnet user Administrator 'Good-Secret-1'\n"
    with pytest.raises(TemplateError, match=r"ask for \{\{\.WinRMPassword\}\}, and none is given"):
        driver.options(**WINDOWS, user_data=given)


@pytest.mark.parametrize(
    ("options", "port"), [({}, 5985), ({"winrm_use_ssl": True}, 5986), ({"winrm_port": 15986}, 15986)]
)
def test_the_security_group_opens_the_port_of_winrm_only(driver: Any, options: dict[str, Any], port: int) -> None:
    driver.build(**WINDOWS, **options)
    (rule,) = driver.sent("CreateSecurityGroupRule")
    assert rule["security_group_rule.port_range_min"] == rule["security_group_rule.port_range_max"] == str(port)


@shows(CommunicatorOptions, "winrm_host")
def test_a_given_host_is_connected_to(driver: Any) -> None:
    assert driver.build(**WINDOWS, winrm_host="203.0.113.9").address.host == "203.0.113.9"


def test_a_user_name_is_wanted() -> None:
    found = list(HuaweicloudEcs(region="r", image_name="i", flavor="f", communicator="winrm").problems())
    assert any("winrm_username must be given" in problem.summary for problem in found)


def test_only_what_was_encrypted_for_the_key_is_taken() -> None:
    private, public = make_key("rsa", 0, "")
    key: Any = load_ssh_public_key(public.encode())
    told = base64.b64encode(key.encrypt("Pässword 1".encode(), PKCS1v15())).decode()
    assert decrypted(told, private) == "Pässword 1"
    for bad in ("", "not base64!", base64.b64encode(b"x" * 256).decode()):
        with pytest.raises(UsageError, match="does not decrypt"):
            decrypted(bad, private)
    with pytest.raises(UsageError, match="not a private key"):
        decrypted(told, "nothing")
