"""A 1Password item as the record of the credentials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from scripts.errors import Drift, Unreachable
from scripts.process import wait_until
from scripts.provision.connect_client import Document, Vault
from scripts.provision.credentials import CONCEALED, KNOWN, NO_RECORD, Credentials, Field, RecordState, complete
from scripts.provision.patience import PATIENCE, Patience
from scripts.provision.record_file import CATEGORY
from scripts.settings import Secret

Value = TypeVar("Value")

LOOK_S = 0.25
"""Seconds between two looks at what was written."""


@dataclass(frozen=True, kw_only=True)
class ItemRecord:
    """
    The record as an item of a vault.

    Args:
        vault: that holds it.

        title: of the item.

        patience: how long a write may take until it is seen.
    """

    vault: Vault
    title: str
    patience: Patience = PATIENCE

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"1Password item {self.title} of vault {self.vault.title}"

    @property
    def hint(self) -> str:
        """Nothing is left to do by hand."""
        return ""

    def observe(self) -> RecordState:
        """See Record.observe."""
        item = self._item()
        return NO_RECORD if item is None else self._state(item)

    def write(
        self, observed: RecordState, fields: Sequence[tuple[str, Secret]], *, removed: Sequence[str] = ()
    ) -> None:
        """See Record.write."""
        item = self._item()
        if (NO_RECORD if item is None else self._state(item)).revision != observed.revision:
            raise self._changed_meanwhile()
        if item is None:
            self._create(fields)
        else:
            self._replace(item, fields, removed)

    def read(self) -> Credentials:
        """See Record.read."""
        return complete(self.observe(), name=self.name)

    def _item(self) -> Document | None:
        active = self._active()
        if len(active) > 1:
            raise self._more_than_one(active)
        return self.vault.item(str(active[0]["id"])) if active else None

    def _active(self) -> list[Document]:
        # compared here: a filter of the server's would have to be escaped, which the SDK does not do
        named = [item for item in self.vault.items() if item.get("title") == self.title]
        active = [
            item for item in named if not item.get("trashed") and item.get("state") not in {"ARCHIVED", "DELETED"}
        ]
        if named and not active:
            raise Drift(
                self.name,
                "is archived or deleted, and may hold the only key to every backup",
                "restore it in 1Password, or delete it for good if no backup was made with it",
            )
        return active

    def _state(self, item: Document) -> RecordState:
        fields = tuple(
            Field(
                label=field["label"],
                value=Secret(field.get("value") or ""),
                concealed=field.get("type") == "CONCEALED",
            )
            for field in item.get("fields") or ()
            if field.get("label") in KNOWN
        )
        labels = [field.label for field in fields]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            # whatever section they are in: External Secrets refuses an item with a label that is there twice
            raise Drift(self.name, f"has more than one field {', '.join(twice)}", "delete those that are wrong")
        return RecordState(exists=True, fields=fields, revision=_revision(item))

    def _create(self, fields: Sequence[tuple[str, Secret]]) -> None:
        item = {"title": self.title, "category": CATEGORY, "fields": [_new_field(*field) for field in fields]}
        made = str(self.vault.create(item)["id"])

        def seen() -> list[Document]:
            active = self._active()
            return active if made in {item["id"] for item in active} else []

        # Connect answers before every reader sees the item; only a list that has it can show a second one
        active = self._wait(seen)
        if len(active) > 1:
            # nobody was told yet that this one exists, so no backup was made with it
            self.vault.delete(made)
            raise Drift(
                self.name, "was made by another run at the same time; the one of this run is gone", "run it again"
            )

    def _replace(self, item: Document, fields: Sequence[tuple[str, Secret]], removed: Sequence[str]) -> None:
        item["fields"] = [field for field in item.get("fields") or () if field.get("label") not in removed]
        held = {field.get("label"): field for field in item["fields"]}
        for label, value in fields:
            if label in held:
                held[label].update(_type_and_value(label, value))
            else:
                item["fields"].append(_new_field(label, value))
        self.vault.replace(item)

        def seen() -> list[RecordState]:
            state = self.observe()
            return [state] if state.revision != _revision(item) else []

        [state] = self._wait(seen)
        if any(state.value(label) != value for label, value in (*fields, *((label, Secret("")) for label in removed))):
            raise self._changed_meanwhile()

    def _wait(self, seen: Callable[[], Value]) -> Value:
        try:
            return wait_until(seen, timeout_s=self.patience.settle_s, every_s=LOOK_S, what=self.name)
        except Unreachable:
            found = f"was written, but is not seen after {self.patience.settle_s:g} s"
            raise Unreachable(self.name, found, "see whether Connect is in sync, and run it again") from None

    def _more_than_one(self, items: Sequence[Document]) -> Drift:
        ids = ", ".join(sorted(str(item["id"]) for item in items))
        next_step = "keep the one whose RESTIC_PASSWORD opens the repositories and rename the other"
        return Drift(self.name, f"is there {len(items)} times ({ids})", next_step)

    def _changed_meanwhile(self) -> Drift:
        return Drift(self.name, "was written by somebody else at the same time", "run it again")


def _revision(item: Document) -> str:
    return f"{item['id']} {item.get('version')}"


def _new_field(label: str, value: Secret) -> Document:
    return {"label": label, **_type_and_value(label, value)}


def _type_and_value(label: str, value: Secret) -> Document:
    return {"type": "CONCEALED" if label in CONCEALED else "STRING", "value": value.reveal()}
