"""Whose account is used, where its APIs are, and what importing the SDK does."""

from __future__ import annotations

import dataclasses
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from imagesmith.errors import AccessDenied, ImagesmithError, TemplateError
from imagesmith.options import complete
from imagesmith_huaweicloud import HuaweicloudEcs
from imagesmith_huaweicloud.access_options import AccessOptions
from imagesmith_huaweicloud.credentials import Access, resolve
from tests.effects import shows
from tests.providers.huaweicloud.conftest import UBUNTU

NEEDED = {"image_name": "w", "flavor": "f", "source_image": "i", "ssh_username": "root"}


def access(environ: dict[str, str] | None = None, **values: Any) -> Access:
    return resolve(complete(HuaweicloudEcs(**(NEEDED | values)), environ or {}))


def test_the_template_wins_over_the_environment() -> None:
    environ = {"HW_ACCESS_KEY": "AK-E", "HW_SECRET_KEY": "SK-E", "HW_REGION_NAME": "cn-east-3",
               "HW_PROJECT_ID": "p-e", "HW_SECURITY_TOKEN": "t-e"}  # fmt: skip
    found = access(environ, region="cn-north-4")
    assert (found.access_key, found.secret_key, found.security_token) == ("AK-E", "SK-E", "t-e")
    assert (found.region, found.project_id) == ("cn-north-4", "p-e")
    assert access(environ, access_key="AK", secret_key="SK").access_key == "AK"


@shows(AccessOptions, "profile", "shared_config_file")
def test_a_profile_of_the_hcloud_command(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    profile = {"name": "ci", "mode": "AKSK", "accessKeyId": "AK-P", "secretAccessKey": "SK-P", "securityToken": "t",
               "region": "cn-east-3", "projectId": "p-1"}  # fmt: skip
    file.write_text(json.dumps({"current": "ci", "profiles": [profile, {"name": "sso", "mode": "SSO"}]}))
    found = access(profile="ci", shared_config_file=str(file))
    assert (found.access_key, found.region, found.project_id) == ("AK-P", "cn-east-3", "p-1")
    with pytest.raises(TemplateError, match='there is no profile "nobody"'):
        access(profile="nobody", shared_config_file=str(file))
    with pytest.raises(TemplateError, match="has the mode SSO"):
        access(profile="sso", shared_config_file=str(file), region="cn-north-4")


@pytest.mark.parametrize(
    ("given", "ecs", "iam"),
    [
        ({"region": "cn-north-4"}, "ecs.cn-north-4.myhuaweicloud.com", "iam.cn-north-4.myhuaweicloud.com"),
        ({"region": "eu-west-101"}, "ecs.eu-west-101.myhuaweicloud.eu", "iam.eu-west-101.myhuaweicloud.eu"),
        (
            {"region": "my-kualalumpur-1", "auth_url": "https://iam.my-kualalumpur-1.alphaedge.tmone.com.my/v3"},
            "ecs.my-kualalumpur-1.alphaedge.tmone.com.my",
            "iam.my-kualalumpur-1.alphaedge.tmone.com.my",
        ),
    ],
)
def test_where_the_services_are(given: Any, ecs: str, iam: str) -> None:
    found = access(**given)
    assert found.endpoint("ecs").host == ecs
    assert found.endpoint("iam").host == iam
    assert found.endpoint("eip").host.startswith("vpc.")


@shows(AccessOptions, "auth_url")
def test_a_partner_cloud_is_known_by_its_iam() -> None:
    found = access(region="eu-de", auth_url="https://iam.eu-de.otc.t-systems.com:443/v3")
    assert found.endpoint("ecs").host == "ecs.eu-de.otc.t-systems.com"
    assert found.endpoint("iam").host == "iam.eu-de.otc.t-systems.com:443"


@shows(AccessOptions, "cloud", "region")
def test_a_partner_cloud_is_named() -> None:
    found = access(region="x-1", cloud="cloud.example.com")
    assert found.endpoint("ecs").host == "ecs.x-1.cloud.example.com"
    assert found.endpoint("iam").host == "iam.x-1.cloud.example.com"


@shows(AccessOptions, "endpoints")
def test_one_service_is_elsewhere() -> None:
    found = access(region="x-1", endpoints={"ecs": "ecs.internal.example.com:8443"})
    assert found.endpoint("ecs").host == "ecs.internal.example.com:8443"
    assert found.endpoint("iam").host == "iam.x-1.myhuaweicloud.com"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "a region must be given"),
        ({"region": "x", "access_key": "AK"}, "secret_key is missing"),
        ({"region": "x", "auth_url": "nowhere"}, "is not an address of IAM"),
        ({"region": "x", "endpoints": {"ecs": "http://ecs.example.com"}}, "is not an endpoint"),
        ({"region": "x", "endpoints": {"s3": "ecs.example.com"}}, 'there is no service "s3"'),
        ({"region": "x", "access_key": "A K", "secret_key": "S"}, "has characters that no such value has"),
    ],
)
def test_what_is_wrong_is_told(given: Any, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        access(**given)


def test_without_any_key_the_hint_names_every_way(driver: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:

    from huaweicloudsdkcore.auth.provider import CredentialProviderChain
    from huaweicloudsdkcore.exceptions.exceptions import SdkException

    from imagesmith_huaweicloud.provider import HuaweicloudProvider

    def nothing(_kind: str) -> Any:
        raise SdkException("no credentials")

    monkeypatch.setattr(CredentialProviderChain, "get_default_credential_provider_chain", nothing)
    options = dataclasses.replace(driver.options(), access_key="", secret_key="")
    run = driver.run()
    with pytest.raises(ImagesmithError, match="there is no access key") as error, run:
        HuaweicloudProvider.open(options, run).source_image()
    assert "agency" in str(error.value)


@shows(AccessOptions, "access_key", "secret_key", "security_token")
def test_temporary_keys_are_sent_with_their_token(driver: Any) -> None:
    options = driver.options(access_key="AK-T", secret_key="SK-T", security_token="token-1")
    driver.simulated.register("AK-T", "SK-T", "token-1")
    _run, cloud = driver.open_with(options)
    assert cloud.source_image().name == UBUNTU


@shows(AccessOptions, "project_id", "project_name")
def test_the_project_is_looked_up_only_where_it_is_not_given(driver: Any) -> None:
    driver.build()
    assert "KeystoneListProjects" not in driver.actions()
    driver.build(project_name="cn-north-4")
    assert driver.actions().count("KeystoneListProjects") == 1


class _Forbidden(BaseHTTPRequestHandler):
    """Answers that nobody may do anything."""

    def do_GET(self) -> None:
        body = json.dumps({"error_code": "VPC.0010", "error_msg": "Rules on vpcs by ids disallow this action"}).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def https(certificate: Path) -> Iterator[str]:
    """A service behind a certificate that nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Forbidden)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@shows(AccessOptions, "insecure")
def test_any_certificate_will_do_where_the_template_says_so(driver: Any, https: str) -> None:
    options = driver.options(vpc_name="lan")
    elsewhere = {"endpoints": {**options.endpoints, "vpc": https}}
    with pytest.raises(ImagesmithError, match="is not trusted"):
        driver.open_with(dataclasses.replace(options, **elsewhere))[1].network()
    with pytest.raises(AccessDenied, match="disallow this action"):
        driver.open_with(dataclasses.replace(options, insecure=True, **elsewhere))[1].network()


def test_calls_say_who_makes_them_and_errors_which_call(driver: Any) -> None:
    driver.simulated.deny(["CreateVpc"])
    with pytest.raises(ImagesmithError) as error:
        driver.build()
    assert error.value.request_id  # type: ignore[attr-defined]
    assert str(error.value).startswith("CreateVpc: ")


SCRIPT = """
import sys
import imagesmith_huaweicloud
assert not any(name.startswith("huaweicloudsdk") for name in sys.modules), "importing the package imports the SDK"
from imagesmith_huaweicloud import sdk
for models in (sdk.ecs, sdk.ims, sdk.vpc, sdk.eip, sdk.evs, sdk.iam):
    models.__getattr__({"ecs": "ServerId", "ims": "CreateImageRequest", "vpc": "CreateVpcOption",
        "eip": "CreatePublicipRequest", "evs": "CreateVolumeOption", "iam": "KeystoneListProjectsRequest"}
        [models._package[len("huaweicloudsdk"):].split(".")[0]])
loaded = [name for name in sys.modules if name.startswith("huaweicloudsdk") and ".model." in name]
assert len(loaded) < 10, loaded
from huaweicloudsdkecs.v2 import *
from huaweicloudsdkecs.v2.model.server_id import ServerId as real
assert ServerId is real is sdk.ecs.ServerId
assert EcsClient.__module__ == "huaweicloudsdkecs.v2.ecs_client"
"""


def test_importing_is_cheap_and_leaves_nothing_at_home(tmp_path: Path) -> None:
    """Other users of the SDK in the process find all that they are used to."""
    environ = dict(os.environ, HOME=str(tmp_path), PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
