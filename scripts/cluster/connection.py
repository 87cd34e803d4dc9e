"""One request to an API server: time-outs, retries that end, and credentials that are renewed when they expired."""

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
import stamina

from scripts.cluster import credentials, failures
from scripts.cluster.failures import Call
from scripts.cluster.kubeconfig import Access
from scripts.errors import BackupError, SettingsError, Unreachable

METHODS = {
    "get": "GET",
    "list": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}
CONNECTIONS = 100
"""At once: a watch takes one for as long as it lasts."""

FRESH_S = 10.0
"""Seconds within which credentials do not expire: a server that refuses them means it."""

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """
    How long the API is waited for.

    Args:
        connect_s: for a connection, in seconds.

        answer_s: for one answer, in seconds.

        total_s: for an answer with all attempts, in seconds; an API server that is restarted is back before.

        pause_s: before the second attempt, in seconds; it doubles up to 2 s.
    """

    connect_s: float = 5.0
    answer_s: float = 30.0
    total_s: float = 60.0
    pause_s: float = 0.1


LIMITS = Limits()
"""What the tasks use."""


NO_ATTEMPT = AssertionError("stamina gives up by raising what the last attempt raised")


class NotAnswered(Unreachable):
    """
    A request without an answer.

    Args:
        arrived: whether the server may have done what it was asked.
    """

    def __init__(self, where: str, found: str, next_step: str, *, arrived: bool = True) -> None:
        super().__init__(where, found, next_step)
        self.arrived = arrived


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    One request.

    Args:
        call: what is asked, for messages.

        path: from the root of the API.

        params: of the query.

        body: that is sent as JSON; None for none.

        content_type: of the body.
    """

    call: Call
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    content_type: str = "application/json"


class Connection:
    """
    A context's API server; safe to use from many threads.

    Args:
        access: the context.

        limits: how long it is waited for.
    """

    def __init__(self, access: Access, limits: Limits) -> None:
        self.context = access.context
        self.limits = limits
        self._access = access
        self._renewing = threading.Lock()
        self._clients = [self._client()]

    def close(self) -> None:
        """End every connection."""
        for client in self._clients:
            client.close()

    def send(self, request: Request, *, repeatable: bool = True) -> bytes:
        """
        Ask, and ask again while the server does not answer.

        Args:
            request: what is asked.

            repeatable: whether asking twice does the same as asking once; where not, it is only asked again as long as
                nothing arrived.

        Returns:
            The body of the answer.

        Raises:
            Unreachable: where there is no answer in time.

            Forbidden, NotFound, Conflict, Refused: where the answer is no.

            Expired: where it is that the state asked for is forgotten.
        """

        def again(error: Exception) -> bool:
            return isinstance(error, Unreachable) and (repeatable or not getattr(error, "arrived", False))

        for attempt in self._attempts(again):
            with attempt, self._answer(request, self.limits.answer_s) as response:
                return self._body(request.call, response)
        raise NO_ATTEMPT

    @contextlib.contextmanager
    def stream(self, request: Request, *, silence_s: float) -> Iterator[Iterator[str]]:
        """
        Ask for an answer that goes on; only its beginning is asked for again.

        Args:
            request: what is asked.

            silence_s: how long nothing may come, in seconds.

        Yields:
            Its lines; where it breaks off, NotAnswered is raised between two of them.

        Raises:
            Unreachable, Forbidden, NotFound, Refused, Expired: as `send` does.
        """
        with contextlib.ExitStack() as opened:
            yield self._lines(request.call, self._begun(opened, request, silence_s))

    def _begun(self, opened: contextlib.ExitStack, request: Request, silence_s: float) -> httpx.Response:
        for attempt in self._attempts(lambda error: isinstance(error, Unreachable)):
            with attempt:
                return opened.enter_context(self._answer(request, silence_s))
        raise NO_ATTEMPT

    def _attempts(self, again: Callable[[Exception], bool]) -> Iterable[stamina.Attempt]:
        return stamina.retry_context(
            on=again, attempts=None, timeout=self.limits.total_s, wait_initial=self.limits.pause_s, wait_max=2.0
        )

    @contextlib.contextmanager
    def _answer(self, request: Request, silence_s: float) -> Iterator[httpx.Response]:
        client, call = self._clients[-1], request.call
        sent = client.build_request(
            METHODS[call.verb],
            request.path,
            params=request.params,
            # not escaped: an apply is read as YAML, which knows no surrogate pairs
            content=None if request.body is None else json.dumps(request.body, ensure_ascii=False).encode(),
            headers={} if request.body is None else {"Content-Type": request.content_type},
            timeout=httpx.Timeout(self.limits.answer_s, connect=self.limits.connect_s, read=silence_s),
            extensions={"sni_hostname": self._access.server_name} if self._access.server_name else {},
        )
        with self._told(call):
            response = client.send(sent, stream=True)
        try:
            if response.status_code == HTTPStatus.UNAUTHORIZED and self._renewed(client):
                raise NotAnswered(call.where, "the credentials had expired", "retry", arrived=False)
            if response.is_error:
                raise self._refusal(call, response)
            yield response
        finally:
            response.close()

    def _refusal(self, call: Call, response: httpx.Response) -> BackupError:
        body = self._body(call, response)
        try:
            status = json.loads(body)
        except ValueError:
            status = None
        return failures.error(call, response.status_code, status)

    def _body(self, call: Call, response: httpx.Response) -> bytes:
        deadline = time.monotonic() + self.limits.answer_s
        parts = []
        with self._told(call):
            for part in response.iter_bytes():
                parts.append(part)
                # each part may come in time, and the whole never
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"not whole within {self.limits.answer_s:g} s")
        return b"".join(parts)

    def _lines(self, call: Call, response: httpx.Response) -> Iterator[str]:
        with self._told(call):
            yield from response.iter_lines()

    @contextlib.contextmanager
    def _told(self, call: Call) -> Iterator[None]:
        where = f"cluster {call.context}"
        try:
            yield
        except httpx.TransportError as error:
            if _is_about_certificates(error):
                raise SettingsError(
                    where, f"does not prove who it is ({error})", "correct the authority of this context"
                ) from error
            raise NotAnswered(
                where,
                f"does not answer ({error or type(error).__name__})",
                "see whether this context's server can be reached from here",
                arrived=not isinstance(error, NEVER_SENT),
            ) from error
        except httpx.InvalidURL as error:
            raise SettingsError(where, "has a server that is no URL", "correct this context") from error

    def _renewed(self, used: httpx.Client) -> bool:
        if not credentials.expires(self._access):
            return False
        with self._renewing:
            if self._clients[-1] is not used:
                # another thread did
                return True
            if time.monotonic() - self._obtained < FRESH_S:
                # what was given just now is refused
                return False
            self._clients.append(self._client())
        return True

    def _client(self) -> httpx.Client:
        shown = credentials.obtain(self._access)
        self._obtained = time.monotonic()
        headers = {"Accept": "application/json", "User-Agent": "apps-backup"}
        if shown.token:
            headers["Authorization"] = f"Bearer {shown.token.reveal()}"
        return httpx.Client(
            base_url=self._access.server,
            headers=headers,
            verify=credentials.tls(self._access, shown),
            proxy=self._access.proxy or None,
            # a proxy of the environment knows nothing of this machine's own servers
            trust_env=not _is_loopback(self._access.server),
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_loopback(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")
