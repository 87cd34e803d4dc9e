"""Requests to a 1Password Connect server, through its SDK -> documents, or an error that a person can act on."""

import functools
from http import HTTPStatus
from typing import Any

import httpx
import stamina
from onepasswordconnectsdk.client import Client  # type: ignore[import-untyped] # it carries no types
from onepasswordconnectsdk.config import ClientConfig  # type: ignore[import-untyped]

from scripts import progress
from scripts.errors import Drift, Refused, SettingsError, Unreachable
from scripts.provision.endpoint import Endpoint
from scripts.provision.patience import Patience
from scripts.settings import Secret

Document = dict[str, Any]

ASKED_AGAIN = frozenset({429, 500, 502, 503, 504})

FAILED_IN_PASSING = (httpx.TransportError, httpx.HTTPStatusError)
NEVER_SERVED = (httpx.ConnectError, httpx.ConnectTimeout)


def _say_again(details: stamina.instrumentation.RetryDetails) -> None:
    if isinstance(details.caused_by, FAILED_IN_PASSING):
        progress.say(f"1Password Connect is not ready ({type(details.caused_by).__name__}), asking it again")
    else:
        progress.say_retry(details)


# the hook is the whole process's; the default one logs a name of its own, which says nothing to the person who waits
stamina.instrumentation.set_on_retry_hooks((_say_again,))


class Vault:
    """
    One vault behind a Connect server.

    Whole documents go through the SDK's requests, not through its models: those know neither `state` nor `files`,
    so that a replacement made from one would lose what it does not know.

    Args:
        host: the Connect server.

        token: that it accepts.

        title: of the vault.

        patience: for each request.

    Source: 1Password/connect-sdk-python@v2.1.0:src/onepasswordconnectsdk/models/item.py
    """

    def __init__(self, *, host: Endpoint, token: Secret, title: str, patience: Patience) -> None:
        self.title = title
        self._where = f"1Password Connect {host}"
        self._patience = patience
        self._id = ""
        timeout = httpx.Timeout(patience.read_s, connect=patience.connect_s)
        config = ClientConfig(
            timeout=timeout,
            event_hooks={"response": [functools.partial(_judge, self._where, title)]},
            # a proxy of the environment knows nothing of this machine's own servers
            trust_env=not host.is_loopback,
        )
        self._client = Client(str(host), token.reveal(), config)

    def items(self) -> tuple[Document, ...]:
        """
        All items of the vault.

        Returns:
            Their summaries: no fields, no sections.

        Raises:
            Unreachable, Refused, SettingsError: see `_asked`.
        """
        return self._listed(self._path())

    def item(self, item_id: str) -> Document:
        """
        One item.

        Args:
            item_id: 26 characters.

        Returns:
            The whole of it.

        Raises:
            Unreachable, Refused, SettingsError: see `_asked`.
        """
        return dict(self._asked("GET", self._path(item_id)).json())

    def create(self, item: Document) -> Document:
        """
        Make an item.

        A request that may have been served is not made again: a second one would make a second item.

        Args:
            item: all but what the server sets.

        Returns:
            The whole item.

        Raises:
            Unreachable, Refused, SettingsError: see `_asked`.
        """
        body = {**item, "vault": {"id": self._vault_id()}}
        response = self._asked("POST", self._path(), body, again_on=NEVER_SERVED)
        return dict(response.json())

    def replace(self, item: Document) -> None:
        """
        Replace an item.

        Args:
            item: the whole of it, with its id.

        Raises:
            Drift: where the server holds another version.

            Unreachable, Refused, SettingsError: see `_asked`.
        """
        body = {**item, "vault": {"id": self._vault_id()}}
        self._asked("PUT", self._path(item["id"]), body)

    def delete(self, item_id: str) -> None:
        """
        Delete an item.

        Args:
            item_id: 26 characters.

        Raises:
            Unreachable, Refused, SettingsError: see `_asked`.
        """
        self._asked("DELETE", self._path(item_id))

    def _path(self, item_id: str = "") -> str:
        return f"/v1/vaults/{self._vault_id()}/items" + (f"/{item_id}" if item_id else "")

    def _vault_id(self) -> str:
        if not self._id:
            # compared here: a filter of the server's would have to be escaped, which the SDK does not do
            found = [vault for vault in self._listed("/v1/vaults") if vault.get("name") == self.title]
            if len(found) != 1:
                count = "no vault" if not found else f"{len(found)} vaults"
                next_step = f"give the token access to one vault named {self.title}"
                raise SettingsError(self._where, f"shows {count} named {self.title} to this token", next_step)
            self._id = str(found[0]["id"])
        return self._id

    def _listed(self, path: str) -> tuple[Document, ...]:
        answer = self._asked("GET", path).json()
        if not isinstance(answer, list) or not all(isinstance(each, dict) for each in answer):
            found = "answers with something that is no list"
            raise Refused(self._where, found, "see whether OP_CONNECT_HOST is a Connect server's address")
        return tuple(answer)

    def _asked(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        *,
        again_on: tuple[type[httpx.HTTPError], ...] = FAILED_IN_PASSING,
    ) -> httpx.Response:
        """Make a request, again where it failed in passing; raises Unreachable, Refused or SettingsError."""
        ask = stamina.RetryingCaller(
            attempts=self._patience.attempts, timeout=None, wait_initial=self._patience.pause_s, wait_jitter=0.0
        )
        try:
            response: httpx.Response = ask(again_on, self._client.build_request, method, path, body)
        except httpx.TimeoutException:
            found = f"did not answer within {self._patience.read_s:g} s"
            raise Unreachable(self._where, found, "see whether it runs and OP_CONNECT_HOST is right") from None
        except httpx.HTTPStatusError as error:
            found = f"answers {error.response.status_code}"
            raise Unreachable(self._where, found, "see its log, and run it again when it is healthy") from None
        except httpx.HTTPError as error:
            found = f"cannot be reached ({type(error).__name__})"
            raise Unreachable(self._where, found, "see whether it runs and OP_CONNECT_HOST is right") from None
        return response


def _judge(where: str, title: str, response: httpx.Response) -> None:
    """
    Refuse an answer that is not Connect's yes, before the SDK reads it: its own errors carry no status.

    No text of the answer is repeated: it may hold what was sent.
    """
    status = response.status_code
    if status in ASKED_AGAIN:
        response.raise_for_status()
    if status == HTTPStatus.UNAUTHORIZED:
        raise Refused(where, "does not accept the token", "put a valid access token into OP_CONNECT_TOKEN")
    if status == HTTPStatus.FORBIDDEN:
        found = f"does not let this token do that ({response.request.method})"
        raise Refused(where, found, f"give the token read and write access to the vault {title}")
    if status == HTTPStatus.CONFLICT:
        raise Drift(where, "holds another version of the item than the one read", "run it again")
    if status == HTTPStatus.NO_CONTENT:
        return
    if not response.is_success:
        found = f"answers {status} to {response.request.method}"
        raise Refused(where, found, "see whether the address is a Connect server's, and its log")
    try:
        response.read()
        response.json()
    except ValueError:
        found = "answers with something that is no JSON"
        raise Refused(where, found, "see whether OP_CONNECT_HOST is a Connect server's address") from None
