"""Calls of one build to one cloud: paced, retried by code, cancelled within a moment, and never told with secrets.

A cloud's ``sdk.py`` subclasses `Calls` and says only how one request is sent with its SDK.
"""

from __future__ import annotations

import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from imagesmith.cloud_calls.endpoint import Endpoint
from imagesmith.cloud_calls.error_table import ErrorTable
from imagesmith.cloud_calls.http_session import Distrusted, EndpointSession, NotSent, keep_queries_out_of_logs
from imagesmith.cloud_calls.pacing import TokenBucket
from imagesmith.errors import AnswerLost, CloudError, ServiceUnavailable, Throttled
from imagesmith.waiting import CancelToken, RetryPolicy, retry

Answer = Mapping[str, Any]
"""An answer's body, as the API's JSON has it."""

CONNECT_S, READ_S = 5.0, 30.0
PATIENCE = RetryPolicy(attempts=10, timeout_s=120.0)
"""How long a build holds out while a cloud is not itself."""
_FIRST_CONTACT_ATTEMPTS = 3
"""An endpoint that has never been reached is more likely wrong than down."""


class Caller(Protocol):
    """Who makes the calls: `imagesmith.interfaces.Lifecycle` is one."""

    @property
    def cancel(self) -> CancelToken: ...

    def say(self, text: str, level: Any = ...) -> None: ...


class Line:
    """What all builds of the process share for an endpoint: connections, pace, and whether it ever answered."""

    def __init__(self, endpoint: Endpoint, *, insecure: bool = False) -> None:
        self.endpoint = endpoint
        self.session = EndpointSession(endpoint, insecure=insecure)
        self.bucket = TokenBucket()
        self.has_answered = False
        keep_queries_out_of_logs(endpoint)


_lines: weakref.WeakValueDictionary[tuple[Endpoint, bool], Line] = weakref.WeakValueDictionary()
_lines_lock = threading.Lock()


def line_to(endpoint: Endpoint, *, insecure: bool = False) -> Line:
    """The process's line to an endpoint; ``insecure`` ones don't check certificates."""
    with _lines_lock:
        line = _lines.get((endpoint, insecure))
        if line is None:
            line = _lines[endpoint, insecure] = Line(endpoint, insecure=insecure)
        return line


class Calls(ABC):
    """Calls of one account for one caller."""

    def __init__(self, caller: Caller, table: ErrorTable, hint: str, patience: RetryPolicy = PATIENCE) -> None:
        """``hint`` says which options to check when an endpoint can't be reached."""
        self._caller = caller
        self._patience = patience
        self._table = table
        self._hint = hint

    @abstractmethod
    def _line_of(self, request: Any) -> Line:
        """The line that this request goes over."""

    @abstractmethod
    def _action_of(self, request: Any) -> str:
        """The API action, for people."""

    @abstractmethod
    def _send(self, request: Any, line: Line) -> tuple[Answer, str]:
        """Send it with the SDK; the answer and the request id. What the SDK raises goes to `_refusal`."""

    @abstractmethod
    def _refusal(self, error: Exception, action: str) -> CloudError | None:
        """The SDK's exception as one of ours if it is an answer of the API, None for everything else."""

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
                if isinstance(error, AnswerLost) or not self._table.may_have_acted(error):
                    raise
                text = f"{error.message}; it may have acted nevertheless"
                raise AnswerLost(text, action=action, code=error.code, request_id=error.request_id) from None

        return self._call(request, (), send, lost_is_final=True)

    def _call(
        self, request: Any, also: Iterable[str], send: Callable[[str], Answer], *, lost_is_final: bool = False
    ) -> Answer:
        action, line = self._action_of(request), self._line_of(request)
        attempts = 0

        def again(error: Exception) -> bool:
            if not line.has_answered and attempts >= _FIRST_CONTACT_ATTEMPTS:
                return False
            if isinstance(error, AnswerLost):
                return not lost_is_final
            return self._table.is_retryable(error, also)

        def attempt() -> Answer:
            nonlocal attempts
            attempts += 1
            line.bucket.take(self._caller.cancel)
            self._caller.cancel.check()
            return send(action)

        return retry(
            attempt,
            retryable=again,
            policy=self._patience,
            cancel=self._caller.cancel,
            on_retry=lambda error, pause: self._caller.say(f"{error}; trying again in {pause:.1f} s", "debug"),
        )

    def _exchange(self, action: str, request: Any) -> Answer:
        """One request and its answer. What is raised holds no request, no URL and no SDK exception."""
        line = self._line_of(request)
        began = time.monotonic()
        failure: CloudError
        try:
            answer, request_id = self._send(request, line)
        except Exception as error:  # noqa: BLE001 - SDKs wrap what they meet in exceptions of many kinds
            failure = self._as_ours(error, action, line)
        else:
            line.has_answered = True
            line.bucket.succeeded()
            took = time.monotonic() - began
            self._caller.say(f"{action}: ok in {took:.2f} s, request id {request_id or '?'}", "debug")
            return answer
        if isinstance(failure, Throttled):
            line.bucket.throttled()
        raise failure

    def _as_ours(self, error: Exception, action: str, line: Line) -> CloudError:
        """An exception of the SDK or the session as one of ours; nothing of the request is taken over."""
        refusal = self._refusal(error, action)
        if refusal is not None:
            line.has_answered = True
            return refusal
        cause = getattr(error, "inner_exception", None) or error
        if isinstance(cause, Distrusted):
            hint = "name the bundle with your CA in REQUESTS_CA_BUNDLE or SSL_CERT_FILE"
            return CloudError(f"the certificate of {line.endpoint} is not trusted: {cause}", action=action, hint=hint)
        if isinstance(cause, NotSent):
            return ServiceUnavailable(f"{line.endpoint} can't be reached: {cause}", action=action, hint=self._hint)
        text = str(cause) if type(cause).__module__.startswith("imagesmith") else type(cause).__name__
        return AnswerLost(f"no answer from {line.endpoint}: {text}", action=action)

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

        threading.Thread(target=run, name="cloud-read", daemon=True).start()
        forget = cancel.on_cancel(over.set)
        over.wait()
        forget()
        if result:
            return result[0]
        if failure:
            raise failure[0]
        cancel.check()
        raise AssertionError("unreachable")
