"""What every option of WinRM does on the wire: where the connection goes, as whom, how, and what is trusted."""

from __future__ import annotations

import base64
import builtins
import hashlib
import re
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest

from imagesmith.communicator import CommunicatorOptions
from imagesmith.errors import AuthenticationFailed, HostKeyMismatch, MissingDependency, TemplateError, Unreachable
from imagesmith.interfaces import Login
from tests.communicators.ssh.openssh import free_port
from tests.communicators.winrm.conftest import PASSWORD, USER, Guest, Opener
from tests.communicators.winrm.credssp import CredsspAuthentication
from tests.communicators.winrm.relay import Relay, forward_proxy, relay
from tests.effects import shows


def logins(seen: Relay) -> list[str]:
    """The kinds of the Authorization headers that were sent."""
    return re.findall(r"Authorization: (\w+) ", seen.seen.decode("latin-1"))


def certificate(guest: Guest) -> bytes:
    pem = ssl.get_server_certificate((guest.host, 5986))
    return ssl.PEM_cert_to_DER_cert(pem)


def test_ntlm_is_taken_where_it_is_offered_and_nothing_goes_in_clear_text(through: Relay, opener: Opener) -> None:
    connection = opener("127.0.0.1", through.port)
    assert connection.remote.run("echo top-secret-words").stdout.startswith("top-secret-words")
    assert set(logins(through)) <= {"Negotiate", "NTLM"}
    assert b"multipart/encrypted" in through.seen
    assert b"top-secret-words" not in through.seen
    assert PASSWORD.encode() not in through.seen
    assert not connection.said


@shows(CommunicatorOptions, "winrm_use_ntlm")
def test_use_ntlm_false_is_basic_authentication_and_warns_without_tls(through: Relay, opener: Opener) -> None:
    connection = opener("127.0.0.1", through.port, winrm_use_ntlm=False)
    assert set(logins(through)) == {"Basic"}
    assert base64.b64encode(f"{USER}:{PASSWORD}".encode()) in through.seen
    assert "unencrypted" in connection.said[0]


@shows(CommunicatorOptions, "winrm_use_ntlm")
def test_use_ntlm_true_insists_on_it(own_guest: Guest, opener: Opener) -> None:
    own_guest.windows.winrm.negotiate = False
    with pytest.raises(AuthenticationFailed, match="does not offer ntlm"):
        opener(own_guest.host, winrm_use_ntlm=True, winrm_timeout=0.5)


@shows(CommunicatorOptions, "winrm_auth")
def test_auth_goes_before_use_ntlm(through: Relay, opener: Opener) -> None:
    opener("127.0.0.1", through.port, winrm_auth="basic")
    assert set(logins(through)) == {"Basic"}


@shows(CommunicatorOptions, "winrm_auth")
def test_credssp_must_be_offered(guest: Guest, opener: Opener) -> None:
    with pytest.raises(AuthenticationFailed, match="does not offer credssp"):
        opener(guest.host, winrm_auth="credssp", winrm_timeout=0.5)


@pytest.fixture
def credssp(own_guest: Guest, monkeypatch: pytest.MonkeyPatch) -> Guest:
    """A machine that takes CredSSP only."""
    monkeypatch.setattr("imagesmith_simulator.machines.windows.wsman.http.Authentication", CredsspAuthentication)
    return own_guest


def test_credssp_logs_in_and_encrypts(credssp: Guest, opener: Opener) -> None:
    CredsspAuthentication.sealed_messages = 0
    remote = opener(credssp.host, winrm_auth="credssp").remote
    assert remote.run("echo hello& exit 3").exit_status == 3
    assert CredsspAuthentication.sealed_messages >= 4


def test_credssp_with_a_wrong_password(credssp: Guest, opener: Opener) -> None:
    with pytest.raises(AuthenticationFailed, match=r"\(credssp\)"):
        opener(credssp.host, winrm_auth="credssp", winrm_password="wrong", winrm_timeout=0.5)


@pytest.mark.parametrize(("method", "module"), [("kerberos", "winrm.vendor.requests_kerberos")])
def test_what_kerberos_needs_is_named_when_it_is_missing(
    method: str, module: str, guest: Guest, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, module)
    with pytest.raises(MissingDependency, match="pykerberos") as caught:
        opener(guest.host, winrm_auth=method)
    assert caught.value.hint == "run pip install 'imagesmith[winrm-kerberos]'"


def test_what_credssp_needs_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from imagesmith_winrm.session import authentication
    from imagesmith_winrm.target import Target

    forbid(monkeypatch, "requests_credssp")
    with pytest.raises(MissingDependency, match="CredSSP") as caught:
        authentication(Target("127.0.0.1", 5985, USER, PASSWORD), "credssp")
    assert caught.value.hint == "run pip install 'imagesmith[winrm-credssp]'"


def test_pywinrm_is_named_when_it_is_missing(guest: Guest, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid(monkeypatch, "winrm")
    with pytest.raises(MissingDependency, match="pywinrm") as caught:
        opener(guest.host)
    assert caught.value.hint == "run pip install 'imagesmith[winrm]'"


def forbid(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Make the import of a module fail, as if it were not installed."""
    real = builtins.__import__

    def without(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name == module or name.startswith(f"{module}."):
            raise ImportError(f"no {name}")
        return real(name, *arguments, **keywords)

    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(builtins, "__import__", without)


@shows(CommunicatorOptions, "winrm_username")
def test_username_goes_before_the_builders_own(guest: Guest, opener: Opener) -> None:
    remote = opener(guest.host, winrm_username=USER, login=Login("somebody-else"), winrm_timeout=1.0).remote
    assert remote.run("echo %USERNAME%").stdout.strip() == USER


@shows(CommunicatorOptions, "winrm_password")
def test_password_of_the_template(guest: Guest, opener: Opener) -> None:
    opener(guest.host, winrm_password=PASSWORD, winrm_timeout=1.0)


def test_password_that_the_builder_has_set_goes_before_the_templates(guest: Guest, opener: Opener) -> None:
    opener(guest.host, winrm_password="older", login=Login(USER, password=PASSWORD), winrm_timeout=1.0)


@shows(CommunicatorOptions, "winrm_host")
def test_host_instead_of_the_builders_address(guest: Guest, opener: Opener) -> None:
    remote = opener("127.0.0.1", free_port(), winrm_host=guest.host, winrm_timeout=1.0).remote
    assert remote.run("hostname").stdout.strip().lower() == guest.windows.hostname.lower()


@shows(CommunicatorOptions, "winrm_port")
def test_port_of_the_service(through: Relay, opener: Opener) -> None:
    opener("127.0.0.1", winrm_port=through.port, winrm_timeout=1.0)
    assert through.requests


@shows(CommunicatorOptions, "winrm_use_ssl", "winrm_insecure")
def test_insecure_trusts_any_certificate(guest: Guest, opener: Opener) -> None:
    with relay(guest.host, 5986) as through:
        remote = opener("127.0.0.1", through.port, winrm_use_ssl=True, winrm_insecure=True, winrm_timeout=3.0).remote
        assert remote.run("exit 7").exit_status == 7
        assert not through.requests
        remote.close()


def test_ssl_means_port_5986(guest: Guest, opener: Opener) -> None:
    remote = opener(guest.host, winrm_use_ssl=True, winrm_insecure=True).remote
    assert remote.shell.wsman.target.url == f"https://{guest.host}:5986/wsman"


@shows(CommunicatorOptions, "winrm_certificate_fingerprints")
@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_pinned_certificate_needs_no_authority(guest: Guest, opener: Opener, algorithm: str) -> None:
    digest = hashlib.new(algorithm, certificate(guest)).hexdigest().upper()
    spelled = ":".join(digest[place : place + 2] for place in range(0, len(digest), 2))
    pins = ["00" * 32, spelled]
    remote = opener(guest.host, winrm_use_ssl=True, winrm_certificate_fingerprints=pins, winrm_timeout=3.0).remote
    assert remote.run("ver").exit_status == 0


def test_pinning_goes_before_insecure(guest: Guest, opener: Opener) -> None:
    with pytest.raises(HostKeyMismatch):
        opener(guest.host, winrm_use_ssl=True, winrm_insecure=True, winrm_certificate_fingerprints=["00" * 20])


def test_certificate_that_changes_during_a_build_is_refused(own_guest: Guest, opener: Opener) -> None:
    from imagesmith_simulator.machines.windows.certificate import Certificate

    pin = hashlib.sha256(certificate(own_guest)).hexdigest()
    remote = opener(own_guest.host, winrm_use_ssl=True, winrm_certificate_fingerprints=[pin]).remote
    own_guest.windows.certificate = Certificate("impostor")
    with pytest.raises(HostKeyMismatch):
        remote.reconnect(timeout_s=20)


def test_private_authority_is_named_by_the_environment(
    guest: Guest, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(ssl.get_server_certificate((guest.host, 5986)))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    hostname = guest.windows.hostname
    with forward_proxy(guest.host, 5986) as (port, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        remote = opener("192.0.2.1", winrm_host=hostname, winrm_use_ssl=True, winrm_timeout=3.0).remote
        assert remote.run("ver").exit_status == 0
        remote.close()
    assert asked[0].startswith(f"CONNECT {hostname}:5986 ")


def test_malformed_fingerprint_is_named(guest: Guest, opener: Opener) -> None:
    with pytest.raises(TemplateError, match="SHA256:abc"):
        opener(guest.host, winrm_use_ssl=True, winrm_certificate_fingerprints=["SHA256:abc"])


@shows(CommunicatorOptions, "winrm_no_proxy")
def test_no_proxy_passes_the_environments_proxy_by(
    guest: Guest, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with forward_proxy(guest.host, 5985) as (port, asked):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        with pytest.raises(Unreachable):
            opener("no-such-guest.invalid", winrm_no_proxy=True, winrm_timeout=0.5)
    assert not asked


def test_proxy_of_the_environment_is_used(guest: Guest, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    with forward_proxy(guest.host, 5985) as (port, asked):
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        remote = opener("no-such-guest.invalid", winrm_timeout=3.0).remote
        assert remote.run("exit 5").exit_status == 5
        remote.close()
    assert asked[0].startswith("POST http://no-such-guest.invalid:5985/wsman")


def test_loopback_is_never_proxied(guest: Guest, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    opener(guest.host, winrm_timeout=1.0)


@shows(CommunicatorOptions, "pause_before_connecting")
def test_pause_before_connecting_connects_twice(through: Relay, opener: Opener) -> None:
    connection = opener("127.0.0.1", through.port, pause_before_connecting=0.2)
    assert "connecting again" in connection.said[0]
    assert through.connections == 4
