"""What the Kubernetes API answers instead of an object -> an error that says where, what and what to do."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from scripts.cluster.kinds import SECRET, Kind
from scripts.errors import BackupError, Conflict, Forbidden, NotFound, Refused, Unreachable

LONGEST = 400
"""Characters of the API's own message that a person is shown."""

PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers of an API server that starts, stops or is overloaded."""


class Expired(Exception):
    """The API has forgotten the state that a list or a watch wanted to go on from."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """
    What was asked of the API.

    Args:
        context: name of the context.

        verb: as a Role names it ("get", "list", "watch", "create", "patch", "update", "delete").

        kind: of the object; None for something that is no object ("/version").

        namespace: of the object; "" for none or all.

        name: of the object; "" for all.

        subresource: of the object; "" for none.
    """

    context: str
    verb: str
    kind: Kind | None = None
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> str:
        """What a Role calls it ("pods/log")."""
        if self.kind is None:
            return "the API's version"
        return f"{self.kind.resource}/{self.subresource}" if self.subresource else self.kind.resource

    @property
    def where(self) -> str:
        """The object, as messages name it."""
        if self.kind is None or not self.name:
            return f"cluster {self.context}"
        return f"{self.kind.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind.kind} {self.name}"


def error(call: Call, status: int, body: object) -> BackupError:
    """
    Name what an answer means.

    Args:
        call: what was asked.

        status: of the answer.

        body: the Status object that it carries; anything else counts as none.

    Returns:
        The error to raise.

    Raises:
        Expired: where the answer says so.

    Source:
        kubernetes/apimachinery@v0.33.13:pkg/apis/meta/v1/types.go (Status, StatusReason)
    """
    said: dict[str, Any] = body if isinstance(body, dict) and body.get("kind") == "Status" else {}
    if status == HTTPStatus.GONE:
        raise Expired
    message = _message(call, status, said)
    if status in PASSING:
        return Unreachable(f"cluster {call.context}", message, "see whether it is starting or overloaded, and retry")
    if status == HTTPStatus.UNAUTHORIZED:
        return Refused(f"cluster {call.context}", "does not accept the context's credentials", "sign in to it again")
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(call, message)
    if status == HTTPStatus.NOT_FOUND:
        return _not_found(call, said)
    if status == HTTPStatus.CONFLICT:
        exists = said.get("reason") == "AlreadyExists"
        found = "is there already" if exists else "was changed by somebody else meanwhile"
        return Conflict(call.where, found, "see who made it" if exists else "run this again", exists=exists)
    return Refused(call.where, f"the API refuses to {call.verb} {call.resource}: {message}", "correct what was sent")


def _forbidden(call: Call, message: str) -> Forbidden:
    inside = f" in namespace {call.namespace}" if call.namespace else ""
    return Forbidden(
        f"cluster {call.context}",
        f"refuses to {call.verb} {call.resource}{inside}: {message}",
        "give this user a Role that allows it, or see which policy refuses it",
        verb=call.verb,
        resource=call.resource,
    )


def _not_found(call: Call, said: dict[str, Any]) -> NotFound:
    missing = said.get("details") or {}
    # an answer about an object names it; one about a path that nobody serves does not
    if call.kind is not None and not missing.get("name"):
        return NotFound(
            f"cluster {call.context}",
            f"has no {call.kind.kind} ({call.kind.api_version})",
            "install what brings it, or name another cluster",
            kind_is_known=False,
        )
    # what is missing may also be the namespace that something was to be made in
    where = call.where if missing.get("name") in (None, call.name) else f"{missing.get('kind')} {missing['name']}"
    return NotFound(where, "is not there", "see whether its name and namespace are right")


def _message(call: Call, status: int, said: dict[str, Any]) -> str:
    reason = str(said.get("reason") or f"HTTP {status}")
    if call.kind == SECRET:
        # the API may quote what it was sent
        return reason
    text = " ".join(str(said.get("message") or reason).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
