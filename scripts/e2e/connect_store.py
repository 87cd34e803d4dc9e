"""The items that the stand-in for 1Password Connect holds: what each request does to them, and what it answers."""

import base64
import copy
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

Document = dict[str, Any]

FILTER = re.compile(r'^(title|name|tag) eq "(.*)"$', re.IGNORECASE | re.DOTALL)

CATEGORIES = frozenset({
    "LOGIN", "PASSWORD", "API_CREDENTIAL", "SERVER", "DATABASE", "CREDIT_CARD", "MEMBERSHIP", "PASSPORT",
    "SOFTWARE_LICENSE", "OUTDOOR_LICENSE", "SECURE_NOTE", "WIRELESS_ROUTER", "BANK_ACCOUNT", "DRIVER_LICENSE",
    "IDENTITY", "REWARD_PROGRAM", "EMAIL_ACCOUNT", "SOCIAL_SECURITY_NUMBER", "MEDICAL_RECORD", "SSH_KEY",
})  # fmt: skip
"""
The categories an item may be made with.

Source: 1Password/connect@c5dbfff:docs/openapi/spec.yaml (components.schemas.Item); CUSTOM and DOCUMENT are refused.
"""

SERVER_SET = ("id", "vault", "createdAt", "state", "files")
"""What a replacement does not change."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    What a request is answered with.

    Args:
        status: the HTTP status.

        body: the JSON body; None for no body.
    """

    status: HTTPStatus
    body: Any = None


def new_id() -> str:
    """
    An id as 1Password makes them.

    Returns:
        26 lower-case letters and digits (base 32 of 16 random bytes).
    """
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def refusal(status: HTTPStatus, message: str) -> Answer:
    """
    A refusal in Connect's own shape.

    Args:
        status: the HTTP status.

        message: why.

    Returns:
        The answer.
    """
    return Answer(status=status, body={"status": status.value, "message": message})


class Store:
    """
    One vault and its items; safe to use from many threads.

    Args:
        vault: title of the vault.

        stale_reads: how many reads after each write still see what was there before it, as Connect's may while it syncs.

        checks_versions: whether a replacement of an older version than the one held is refused (409), else it wins.
    """

    def __init__(self, *, vault: str, stale_reads: int, checks_versions: bool) -> None:
        self.vault_id = new_id()
        self._vault = vault
        self._stale_reads = stale_reads
        self._checks_versions = checks_versions
        self._items: dict[str, Document] = {}
        self._before: dict[str, Document] = {}
        self._reads_left = 0
        self._lock = threading.RLock()

    def items(self) -> tuple[Document, ...]:
        """All items as they are held, in the order they were made; copies."""
        with self._lock:
            return tuple(copy.deepcopy(item) for item in self._items.values())

    def plant(self, item: Document) -> str:
        """
        Put an item in as somebody else would.

        Args:
            item: its attributes; id, version, vault and dates are added where they are missing.

        Returns:
            Its id.
        """
        now = _now()
        made: Document = {"id": new_id(), "version": 1, "category": "LOGIN", "createdAt": now, "updatedAt": now} | item
        made["vault"] = {"id": self.vault_id, "name": self._vault}
        made["fields"] = [_field(field) for field in made.get("fields", [])]
        with self._lock:
            self._items[made["id"]] = made
        return str(made["id"])

    def change(self, item_id: str, edit: Callable[[Document], None]) -> None:
        """
        Change an item as somebody else would; its version goes up.

        Args:
            item_id: which.

            edit: changes the item in place.
        """
        with self._lock:
            edit(self._items[item_id])
            self._items[item_id]["version"] += 1

    def vaults(self, query: str) -> Answer:
        """GET /v1/vaults."""
        found = _filtered([self._vault_document()], query)
        return (
            refusal(HTTPStatus.BAD_REQUEST, "Invalid filter")
            if found is None
            else Answer(status=HTTPStatus.OK, body=found)
        )

    def vault(self) -> Answer:
        """GET /v1/vaults/{id}."""
        return Answer(status=HTTPStatus.OK, body=self._vault_document())

    def summaries(self, query: str) -> Answer:
        """GET /v1/vaults/{id}/items: without sections and fields."""
        with self._lock:
            summaries = [
                {key: value for key, value in item.items() if key not in {"sections", "fields", "files"}}
                for item in self._seen().values()
            ]
        found = _filtered(summaries, query)
        return (
            refusal(HTTPStatus.BAD_REQUEST, "Invalid filter")
            if found is None
            else Answer(status=HTTPStatus.OK, body=found)
        )

    def get(self, item_id: str) -> Answer:
        """GET /v1/vaults/{id}/items/{id}."""
        with self._lock:
            found = copy.deepcopy(self._seen().get(item_id))
        return _not_found(item_id) if found is None else Answer(status=HTTPStatus.OK, body=found)

    def create(self, body: Document) -> Answer:
        """POST /v1/vaults/{id}/items."""
        refused = self._invalid(body)
        if refused is not None:
            return refused
        kept = {key: value for key, value in body.items() if key not in {*SERVER_SET, "version"}}
        with self._lock:
            self._remember()
            item_id = self.plant(kept)
            return Answer(status=HTTPStatus.OK, body=copy.deepcopy(self._items[item_id]))

    def replace(self, item_id: str, body: Document) -> Answer:
        """PUT /v1/vaults/{id}/items/{id}."""
        refused = self._invalid(body)
        if refused is not None:
            return refused
        with self._lock:
            held = self._items.get(item_id)
            if held is None:
                return _not_found(item_id)
            if body.get("id") != item_id:
                return refusal(HTTPStatus.BAD_REQUEST, "Item ID in the body does not match the path")
            if self._checks_versions and body.get("version", held["version"]) != held["version"]:
                return refusal(HTTPStatus.CONFLICT, "The item was changed by another client")
            self._remember()
            kept = {key: value for key, value in body.items() if key not in SERVER_SET}
            fixed = {key: held[key] for key in SERVER_SET if key in held}
            self._items[item_id] = (
                kept
                | fixed
                | {
                    "fields": [_field(field) for field in body.get("fields", [])],
                    "version": held["version"] + 1,
                    "updatedAt": _now(),
                }
            )
            return Answer(status=HTTPStatus.OK, body=copy.deepcopy(self._items[item_id]))

    def delete(self, item_id: str) -> Answer:
        """DELETE /v1/vaults/{id}/items/{id}."""
        with self._lock:
            if item_id not in self._items:
                return _not_found(item_id)
            self._remember()
            del self._items[item_id]
        return Answer(status=HTTPStatus.NO_CONTENT)

    def _seen(self) -> dict[str, Document]:
        if self._reads_left:
            self._reads_left -= 1
            return self._before
        return self._items

    def _remember(self) -> None:
        self._before = copy.deepcopy(self._items)
        self._reads_left = self._stale_reads

    def _invalid(self, body: Document) -> Answer | None:
        if (body.get("vault") or {}).get("id") != self.vault_id:
            return refusal(HTTPStatus.BAD_REQUEST, "The item's vault does not match the path")
        if body.get("category") not in CATEGORIES:
            return refusal(HTTPStatus.BAD_REQUEST, "Invalid item category")
        purposes = {field.get("purpose") for field in body.get("fields", [])}
        if body["category"] == "PASSWORD" and "PASSWORD" not in purposes:
            return refusal(HTTPStatus.BAD_REQUEST, "The item doesn't have a password field.")
        return None

    def _vault_document(self) -> Document:
        with self._lock:
            count = len(self._items)
        return {"id": self.vault_id, "name": self._vault, "type": "USER_CREATED", "items": count, "attributeVersion": 1}


def _field(field: Document) -> Document:
    return {"id": new_id(), "type": "STRING"} | {key: value for key, value in field.items() if value is not None}


def _filtered(documents: list[Document], query: str) -> list[Document] | None:
    if not query:
        return documents
    match = FILTER.match(query)
    if match is None:
        return None
    key, wanted = match[1].lower(), match[2]
    if key == "tag":
        return [document for document in documents if wanted in document.get("tags", [])]
    return [document for document in documents if document.get(key) == wanted]


def _not_found(item_id: str) -> Answer:
    return refusal(HTTPStatus.NOT_FOUND, f"item {item_id} not found")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
