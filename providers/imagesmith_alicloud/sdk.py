"""The one door to Alibaba Cloud: every call of the real SDK goes through `Cloud`.

It is the only module that imports the SDK. Requests are the SDK's own models (a wrong parameter name fails here and not
in the cloud), signing and encoding are the SDK's; the session, retries, waiting and errors are ours.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from imagesmith.errors import AnswerLost, CloudError, ServiceUnavailable, Throttled
from imagesmith.version import __version__
from imagesmith.waiting import CancelToken, RetryPolicy, retry
from imagesmith_alicloud import error_codes, lazy_models
from imagesmith_alicloud.credentials import Access
from imagesmith_alicloud.deferred_import import without_aiohttp
from imagesmith_alicloud.endpoints import Endpoint
from imagesmith_alicloud.http_session import Distrusted, EndpointSession, NotSent, keep_queries_out_of_logs
from imagesmith_alicloud.throttle import TokenBucket

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

Answer = Mapping[str, Any]
"""An answer's body, as the API's JSON has it."""

_VERSIONS = {"ecs": "2014-05-26", "vpc": "2016-04-28"}
_CONNECT_MS, _READ_MS = 5_000, 30_000
_PATIENCE = RetryPolicy(attempts=10, timeout_s=120.0)
_FIRST_CONTACT_ATTEMPTS = 3
"""An endpoint that has never been reached is more likely wrong than down."""


class Caller(Protocol):
    """Who makes the calls: `imagesmith.interfaces.Lifecycle` is one."""

    @property
    def cancel(self) -> CancelToken: ...

    def say(self, text: str, level: Any = ...) -> None: ...


class _Line:
    """What all builds of the process share for an endpoint: connections, pace, and whether it ever answered."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.session = EndpointSession(endpoint)
        self.bucket = TokenBucket()
        self.has_answered = False
        keep_queries_out_of_logs(endpoint)


_lines: weakref.WeakValueDictionary[Endpoint, _Line] = weakref.WeakValueDictionary()
_lines_lock = threading.Lock()
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
    line: _Line
    version: str


class Cloud:
    """Calls of one account in one region, for one caller."""

    def __init__(self, access: Access, caller: Caller) -> None:
        self.region = access.region
        self._caller = caller
        self._products = {
            "ecs": _product("ecs", access.ecs, access),
            "vpc": _product("vpc", access.vpc, access),
        }

    def read(self, request: Any, *, also: Iterable[str] = ()) -> Answer:
        """A call that changes nothing: repeated freely, given up within a moment when the build is cancelled."""
        return self._call(request, also, lambda action: self._abandonable(lambda: self._exchange(action, request)))

    def write(self, request: Any, *, also: Iterable[str] = ()) -> Answer:
        """A call that may be repeated: it carries a client token, or doing it twice is doing it once.

        An answer that gets lost is asked for again; ``also`` are codes after which this call is tried again.
        """
        return self._call(request, also, lambda action: self._exchange(action, request))

    def write_once(self, request: Any) -> Answer:
        """A call that makes something new each time. Raises `AnswerLost` at once when nobody knows its outcome."""

        def send(action: str) -> Answer:
            try:
                return self._exchange(action, request)
            except CloudError as error:
                if isinstance(error, AnswerLost) or not error_codes.may_have_acted(error):
                    raise
                text = f"{error.message}; it may have acted nevertheless"
                raise AnswerLost(text, action=action, code=error.code, request_id=error.request_id) from None

        return self._call(request, (), send, lost_is_final=True)

    def _call(
        self, request: Any, also: Iterable[str], send: Callable[[str], Answer], *, lost_is_final: bool = False
    ) -> Answer:
        action = type(request).__name__.removesuffix("Request")
        line = self._product_of(request).line
        if getattr(request, "region_id", "") is None:
            request.region_id = self.region
        attempts = 0

        def again(error: Exception) -> bool:
            if not line.has_answered and attempts >= _FIRST_CONTACT_ATTEMPTS:
                return False
            if isinstance(error, AnswerLost):
                return not lost_is_final
            return error_codes.is_retryable(error, also)

        def attempt() -> Answer:
            nonlocal attempts
            attempts += 1
            line.bucket.take(self._caller.cancel)
            self._caller.cancel.check()
            return send(action)

        return retry(
            attempt,
            retryable=again,
            policy=_PATIENCE,
            cancel=self._caller.cancel,
            on_retry=lambda error, pause: self._caller.say(f"{error}; trying again in {pause:.1f} s", "debug"),
        )

    def _exchange(self, action: str, request: Any) -> Answer:
        """One request and its answer. What is raised holds no request, no URL and no SDK exception."""
        product = self._product_of(request)
        began = time.monotonic()
        failure: CloudError
        try:
            _calling.session = product.line.session
            answer: Answer = product.client.call_api(
                _params(action, product.version), OpenApiRequest(query=Utils.query(request.to_map())), RuntimeOptions()
            )["body"]
        except Exception as error:  # noqa: BLE001 - the SDK wraps what it meets in exceptions of many kinds
            failure = _as_ours(error, action, product.line)
        else:
            product.line.has_answered = True
            product.line.bucket.succeeded()
            took = time.monotonic() - began
            self._caller.say(f"{action}: ok in {took:.2f} s, request id {answer.get('RequestId', '?')}", "debug")
            return answer
        finally:
            _calling.session = None
        if isinstance(failure, Throttled):
            product.line.bucket.throttled()
        raise failure

    def _abandonable(self, work: Callable[[], Answer]) -> Answer:
        """Do the work in a thread that is left alone when the build is cancelled meanwhile."""
        cancel = self._caller.cancel
        over = threading.Event()
        result: list[Answer] = []
        failure: list[BaseException] = []

        def run() -> None:
            try:
                result.append(work())
            except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
                failure.append(error)
            over.set()

        threading.Thread(target=run, name="alicloud-read", daemon=True).start()
        forget = cancel.on_cancel(over.set)
        over.wait()
        forget()
        if result:
            return result[0]
        if failure:
            raise failure[0]
        cancel.check()
        raise AssertionError("unreachable")

    def _product_of(self, request: Any) -> _Product:
        return self._products["vpc" if type(request).__module__.startswith("alibabacloud_vpc") else "ecs"]


def _product(name: str, endpoint: Endpoint, access: Access) -> _Product:
    with _lines_lock:
        line = _lines.get(endpoint)
        if line is None:
            line = _lines[endpoint] = _Line(endpoint)
    config: Any = Config(
        access_key_id=access.access_key,
        access_key_secret=access.secret_key,
        security_token=access.security_token,
        endpoint=endpoint.host,
        protocol=endpoint.protocol,
        region_id=access.region,
        connect_timeout=_CONNECT_MS,
        read_timeout=_READ_MS,
        user_agent=f"imagesmith/{__version__}",
    )
    return _Product(OpenApiClient(config), line, _VERSIONS[name])


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


def _as_ours(error: Exception, action: str, line: _Line) -> CloudError:
    """The SDK's exception as one of ours, by its code; nothing of the request is taken over."""
    if isinstance(error, AlibabaCloudException):
        line.has_answered = True
        data = error.data if isinstance(error.data, dict) else {}
        return error_codes.to_error(
            action,
            str(error.code or ""),
            str(data.get("Message") or data.get("message") or ""),
            status=error.status_code,
            request_id=str(error.request_id or ""),
            retry_after_s=error.retry_after / 1000 if error.retry_after else None,
        )
    cause = getattr(error, "inner_exception", None) or error
    endpoint = line.session.endpoint
    if isinstance(cause, Distrusted):
        hint = "name the bundle with your CA in REQUESTS_CA_BUNDLE or SSL_CERT_FILE"
        return CloudError(f"the certificate of {endpoint} is not trusted: {cause}", action=action, hint=hint)
    if isinstance(cause, NotSent):
        hint = "check region, custom_endpoint_ecs, custom_endpoint_vpc and the proxy variables"
        return ServiceUnavailable(f"{endpoint} can't be reached: {cause}", action=action, hint=hint)
    text = str(cause) if type(cause).__module__.startswith("imagesmith") else type(cause).__name__
    return AnswerLost(f"no answer from {endpoint}: {text}", action=action)
