"""The one door to Alibaba Cloud: every call of the real SDK goes through `Cloud`.

It is the only module that imports the SDK. Requests are the SDK's own models (a wrong parameter name fails here and not
in the cloud), signing and encoding are the SDK's; everything around a request is `imagesmith.cloud_calls`.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

from imagesmith.cloud_calls.calls import CONNECT_S, PATIENCE, READ_S, Answer, Caller, Calls, Line, line_to
from imagesmith.cloud_calls.endpoint import Endpoint
from imagesmith.errors import CloudError
from imagesmith.version import __version__
from imagesmith.waiting import RetryPolicy
from imagesmith_alicloud import lazy_models
from imagesmith_alicloud.credentials import Access
from imagesmith_alicloud.deferred_import import without_aiohttp
from imagesmith_alicloud.error_codes import TABLE

with without_aiohttp():
    from alibabacloud_tea_openapi.client import Client as OpenApiClient
    from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
    from alibabacloud_tea_openapi.utils import Utils
    from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
    from darabonba.core import DaraCore
    from darabonba.runtime import RuntimeOptions

ecs: Any = lazy_models.models("alibabacloud_ecs20140526")
vpc: Any = lazy_models.models("alibabacloud_vpc20160428")

__all__ = ["Answer", "Cloud", "ecs", "vpc"]

_VERSIONS = {"ecs": "2014-05-26", "vpc": "2016-04-28", "kms": "2016-01-20"}
_calling = threading.local()
_own_session = DaraCore._get_session


def _session(*args: Any, **kwargs: Any) -> Any:
    """The session of the call that this thread makes; the SDK's own for everybody else in the process."""
    session = getattr(_calling, "session", None)
    return session if session is not None else _own_session(*args, **kwargs)


def _tame_sdk() -> None:
    """Route our calls through our sessions, and keep ``DEBUG=sdk`` from printing keys, tokens and passwords."""
    DaraCore._get_session = staticmethod(_session)
    logger = logging.getLogger("darabonba-core")
    logger.handlers.clear()
    logger.disabled = True


_tame_sdk()


@dataclass(frozen=True, slots=True)
class _Product:
    """One API: the SDK's client for it and the line to it."""

    client: Any
    line: Line
    version: str


class Cloud(Calls):
    """Calls of one account in one region, for one caller."""

    def __init__(
        self, access: Access, caller: Caller, *, kms: Endpoint | None = None, patience: RetryPolicy = PATIENCE
    ) -> None:
        """``kms`` is where KMS is, for those who ask it too."""
        hint = "check region, custom_endpoint_ecs, custom_endpoint_vpc and the proxy variables"
        super().__init__(caller, TABLE, hint, patience)
        self.region = access.region
        endpoints = {"ecs": access.ecs, "vpc": access.vpc} | ({"kms": kms} if kms else {})
        self._products = {name: _product(name, endpoint, access) for name, endpoint in endpoints.items()}

    def _line_of(self, request: Any) -> Line:
        return self._product_of(request).line

    def _action_of(self, request: Any) -> str:
        return type(request).__name__.removesuffix("Request")

    def _send(self, request: Any, line: Line) -> tuple[Answer, str]:
        product = self._product_of(request)
        if getattr(request, "region_id", "") is None:
            request.region_id = self.region
        params = _params(self._action_of(request), product.version)
        try:
            _calling.session = line.session
            query = OpenApiRequest(query=Utils.query(request.to_map()))
            answer: Answer = product.client.call_api(params, query, RuntimeOptions())["body"]
        finally:
            _calling.session = None
        return answer, str(answer.get("RequestId", ""))

    def _refusal(self, error: Exception, action: str) -> CloudError | None:
        if not isinstance(error, AlibabaCloudException):
            return None
        data = error.data if isinstance(error.data, dict) else {}
        return TABLE.to_error(
            action,
            str(error.code or ""),
            str(data.get("Message") or data.get("message") or ""),
            status=error.status_code,
            request_id=str(error.request_id or ""),
            retry_after_s=error.retry_after / 1000 if error.retry_after else None,
        )

    def _product_of(self, request: Any) -> _Product:
        return self._products[type(request).__module__.removeprefix("alibabacloud_")[:3]]


def _product(name: str, endpoint: Endpoint, access: Access) -> _Product:
    config: Any = Config(
        access_key_id=access.access_key,
        access_key_secret=access.secret_key,
        security_token=access.security_token,
        endpoint=endpoint.host,
        protocol=endpoint.protocol,
        region_id=access.region,
        connect_timeout=int(CONNECT_S * 1000),
        read_timeout=int(READ_S * 1000),
        user_agent=f"imagesmith/{__version__}",
    )
    return _Product(OpenApiClient(config), line_to(endpoint), _VERSIONS[name])


def _params(action: str, version: str) -> Any:
    return Params(
        action=action,
        version=version,
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
