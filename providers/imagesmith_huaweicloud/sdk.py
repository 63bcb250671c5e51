"""The one door to Huawei Cloud: every call of the real SDK goes through `Cloud`.

It is the only module that imports the SDK. Requests are the SDK's own models (a wrong parameter name fails here and not
in the cloud), signing and encoding are the SDK's; everything around a request is `imagesmith.cloud_calls`.
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import threading
import weakref
from typing import Any

from imagesmith import redact
from imagesmith.cloud_calls.calls import CONNECT_S, PATIENCE, READ_S, Answer, Caller, Calls, Line, line_to
from imagesmith.errors import CloudError, Diagnostic, TemplateError
from imagesmith.version import __version__
from imagesmith.waiting import RetryPolicy
from imagesmith_huaweicloud import quiet_import
from imagesmith_huaweicloud.credentials import Access
from imagesmith_huaweicloud.error_codes import TABLE, told

quiet_import.prepare()

from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials  # noqa: E402
from huaweicloudsdkcore.auth.provider import CredentialProviderChain  # noqa: E402
from huaweicloudsdkcore.client import ClientBuilder  # noqa: E402
from huaweicloudsdkcore.exceptions.exceptions import SdkException, ServiceResponseException  # noqa: E402
from huaweicloudsdkcore.http.http_config import HttpConfig  # noqa: E402
from huaweicloudsdkcore.http.http_handler import HttpHandler  # noqa: E402

__all__ = ["Answer", "Cloud", "cbr", "csms", "ecs", "eip", "evs", "iam", "ims", "vpc"]


class _Models:
    """The request models of one service, imported when the first of them is needed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, name: str) -> Any:
        return getattr(quiet_import.models(self._package), name)


ecs: Any = _Models("huaweicloudsdkecs.v2")
ims: Any = _Models("huaweicloudsdkims.v2")
vpc: Any = _Models("huaweicloudsdkvpc.v2")
eip: Any = _Models("huaweicloudsdkeip.v2")
evs: Any = _Models("huaweicloudsdkevs.v2")
iam: Any = _Models("huaweicloudsdkiam.v3")
cbr: Any = _Models("huaweicloudsdkcbr.v1")
csms: Any = _Models("huaweicloudsdkcsms.v1")

_CLIENTS = {
    "ecs": ("huaweicloudsdkecs.v2.ecs_client", "EcsClient"),
    "ims": ("huaweicloudsdkims.v2.ims_client", "ImsClient"),
    "vpc": ("huaweicloudsdkvpc.v2.vpc_client", "VpcClient"),
    "eip": ("huaweicloudsdkeip.v2.eip_client", "EipClient"),
    "evs": ("huaweicloudsdkevs.v2.evs_client", "EvsClient"),
    "iam": ("huaweicloudsdkiam.v3.iam_client", "IamClient"),
    "cbr": ("huaweicloudsdkcbr.v1.cbr_client", "CbrClient"),
    "csms": ("huaweicloudsdkcsms.v1.csms_client", "CsmsClient"),
}
_answered = threading.local()


class _Service:
    """One service's client, shared by all builds of the process with the same access."""

    def __init__(self, name: str, access: Access, credentials: Any) -> None:
        self.line: Line = line_to(access.endpoint(name), insecure=access.insecure)
        module, client = _CLIENTS[name]
        quiet_import.models(module.rpartition(".")[0])
        handler = HttpHandler().add_response_handler(_keep_request_id)
        config = HttpConfig(timeout=(CONNECT_S, READ_S), user_agent=f"imagesmith/{__version__}")
        builder: Any = ClientBuilder(
            getattr(importlib.import_module(module), client),
            f"{BasicCredentials.__name__},{GlobalCredentials.__name__}",
        )
        builder = builder.with_http_config(config).with_http_handler(handler).with_credentials(credentials)
        self.client = builder.with_endpoint(str(self.line.endpoint)).build()
        self.client._http_client._session = self.line.session
        logger = logging.getLogger(f"HuaweiCloud-SDK-{client}")
        logger.handlers.clear()
        logger.disabled = True


def _keep_request_id(**kwargs: Any) -> None:
    """The request id stands in a header, which the SDK's answers don't have."""
    _answered.request_id = kwargs["response"].headers.get("X-Request-Id", "")


_services: weakref.WeakValueDictionary[tuple[str, Access], _Service] = weakref.WeakValueDictionary()
_services_lock = threading.Lock()


class Cloud(Calls):
    """Calls of one account in one region, for one caller."""

    def __init__(self, access: Access, caller: Caller, *, patience: RetryPolicy = PATIENCE) -> None:
        hint = "check region, cloud, auth_url, endpoints and the proxy variables"
        super().__init__(caller, TABLE, hint, patience)
        self.access = access
        self.region = access.region
        self._own_services: dict[str, _Service] = {}
        self._lock = threading.Lock()
        self._project_id = access.project_id
        self._project_lock = threading.Lock()

    @property
    def project_id(self) -> str:
        """The project's id; looked up by name at its first use. Raises `TemplateError` when there is none of the name.

        Source: KeystoneListProjects with the project's name, which for a region's own project is the region's.
        """
        with self._project_lock:
            if not self._project_id:
                answer = self.read(iam.KeystoneListProjectsRequest(name=self.access.project_name))
                exact = [entry for entry in answer.get("projects", ()) if entry.get("name") == self.access.project_name]
                if not exact:
                    text = f'huaweicloud-ecs: there is no project "{self.access.project_name}"'
                    hint = "check region and project_name, or give project_id"
                    raise TemplateError([Diagnostic(text, hint=hint)])
                self._project_id = str(exact[0]["id"])
        return self._project_id

    def _line_of(self, request: Any) -> Line:
        return self._service(_service_of(request)).line

    def _action_of(self, request: Any) -> str:
        return type(request).__name__.removesuffix("Request")

    def _send(self, request: Any, line: Line) -> tuple[Answer, str]:
        client = self._service(_service_of(request)).client
        _answered.request_id = ""
        response = getattr(client, _method(self._action_of(request)))(request)
        content = response.raw_content
        answer: Answer = json.loads(content) if content else {}
        return answer, _answered.request_id

    def _refusal(self, error: Exception, action: str) -> CloudError | None:
        if not isinstance(error, ServiceResponseException):
            return None
        code = str(error.error_code or "")
        return told(
            action,
            "" if code == str(error.status_code) else code,
            str(error.error_msg or ""),
            status=error.status_code,
            request_id=str(error.request_id or ""),
        )

    def _service(self, name: str) -> _Service:
        with self._lock:
            service = self._own_services.get(name)
        if service is None:
            credentials = self._credentials(name)
            with _services_lock:
                key = (name, self.access)
                service = _services.get(key) or _Service(name, self.access, credentials)
                if self.access.access_key:
                    _services[key] = service
            with self._lock:
                self._own_services[name] = service
        return service

    def _credentials(self, service: str) -> Any:
        access = self.access
        if service == "iam":
            keys: Any = GlobalCredentials(access.access_key, access.secret_key, "unused") if access.access_key else None
            keys = keys or _from_chain(GlobalCredentials.__name__)
        else:
            keys = BasicCredentials(access.access_key, access.secret_key) if access.access_key else None
            keys = (keys or _from_chain(BasicCredentials.__name__)).with_project_id(self.project_id)
        return keys.with_security_token(access.security_token) if access.security_token else keys


def _from_chain(kind: str) -> Any:
    """What the SDK finds by itself. Raises `TemplateError` when it finds nothing."""
    try:
        found = CredentialProviderChain.get_default_credential_provider_chain(kind).get_credentials()
    except SdkException:
        found = None
    except Exception:  # noqa: BLE001 - the chain raises what its providers meet, as classes of many kinds
        found = None
    if found is None:
        hint = (
            "Set access_key and secret_key (HW_ACCESS_KEY, HW_SECRET_KEY), name a profile, or give this ECS an agency"
        )
        raise TemplateError([Diagnostic("huaweicloud-ecs: there is no access key", hint=hint)])
    redact.register(*(text for text in (found.ak, found.sk, found.security_token) if text))
    return found


def _service_of(request: Any) -> str:
    return type(request).__module__.split(".")[0].removeprefix("huaweicloudsdk")


def _method(action: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
