"""A file as the record of the credentials, for where there is no Connect server; it is also a template for `op item create`."""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import secrets
import shlex
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.errors import BackupError, Drift, SettingsError
from scripts.provision.credentials import (
    CONCEALED,
    KNOWN,
    NO_RECORD,
    Credentials,
    Field,
    RecordState,
    complete,
)
from scripts.settings import Secret

MODE = 0o600
CATEGORY = "API_CREDENTIAL"
"""A category whose items may have any fields; a Login or Password wants its own."""

LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """
    The record as a file that only its owner can read.

    Args:
        path: of the file; its folder has to exist and may not be in a git work tree.

        vault: title of the 1Password vault that it is meant for.

        item: title of the 1Password item that it is meant for.
    """

    path: Path
    vault: str
    item: str

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"record {self.path}"

    @property
    def hint(self) -> str:
        """The command that stores it in 1Password; the values are in the file alone."""
        command = ["op", "item", "create", "--vault", self.vault, "--template", str(self.path)]
        return f"store it in 1Password with `{shlex.join(command)}`"

    def observe(self) -> RecordState:
        """See Record.observe."""
        content = self._content()
        if content is None:
            return NO_RECORD
        fields = tuple(
            Field(label=field["label"], value=Secret(field["value"]), concealed=field.get("type") == "CONCEALED")
            for field in self._fields(content)
            if field["label"] in KNOWN
        )
        labels = [field.label for field in fields]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise Drift(self.name, f"has more than one field {', '.join(twice)}", "delete those that are wrong")
        return RecordState(exists=True, fields=fields, revision=hashlib.sha256(content).hexdigest())

    def write(
        self, observed: RecordState, fields: Sequence[tuple[str, Secret]], *, removed: Sequence[str] = ()
    ) -> None:
        """See Record.write."""
        self._remove_leftovers()
        content = self._content()
        revision = "" if content is None else hashlib.sha256(content).hexdigest()
        if revision != observed.revision:
            raise self._changed_meanwhile()
        document: dict[str, Any] = {"title": self.item, "category": CATEGORY, "fields": []}
        if content is not None:
            document = self._document(content)
            document["fields"] = [field for field in document["fields"] if field["label"] not in removed]
        for label, value in fields:
            _set(document["fields"], label, value)
        try:
            self._put(json.dumps(document, indent=2).encode() + b"\n", overwrite=content is not None)
        except FileExistsError:
            raise self._changed_meanwhile() from None
        except OSError as error:
            found = f"cannot be written ({error.strerror})"
            raise SettingsError(self.name, found, "give a file in a folder of your own") from None
        written = {label: value.reveal() for label, value in fields}
        if any(self.observe().value(label).reveal() != value for label, value in written.items()):
            raise self._changed_meanwhile()

    def read(self) -> Credentials:
        """See Record.read."""
        return complete(self.observe(), name=self.name)

    def _content(self) -> bytes | None:
        self._refuse_work_tree()
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            found = "is a symbolic link" if self.path.is_symlink() else f"cannot be read ({error.strerror})"
            raise SettingsError(self.name, found, "give a file that only you can read") from None
        try:
            # of what was opened, which is what is read: the name may lead elsewhere by now
            self._refuse_unless_private(os.fstat(descriptor))
            return os.read(descriptor, LARGEST_BYTES)
        finally:
            os.close(descriptor)

    def _refuse_unless_private(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise SettingsError(self.name, "is no file", "give a file that only you can read")
        if status.st_uid != os.geteuid():
            raise SettingsError(self.name, "belongs to somebody else", "give a file of your own")
        if stat.S_IMODE(status.st_mode) & 0o077:
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            command = shlex.join(["chmod", "600", str(self.path)])
            raise SettingsError(self.name, f"has mode {mode}, so others can read or write it", f"run `{command}`")

    def _refuse_work_tree(self) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            raise SettingsError(self.name, f"lies in {folder}, which is no folder", f"run `mkdir -m 700 -p {folder}`")
        real = folder.resolve()
        for parent in (real, *real.parents):
            if (parent / ".git").exists() or ((parent / "HEAD").is_file() and (parent / "objects").is_dir()):
                raise SettingsError(
                    self.name, f"lies in the git work tree {parent}", "give a file outside of every git work tree"
                )

    def _document(self, content: bytes) -> dict[str, Any]:
        try:
            document = json.loads(content)
        except ValueError:
            document = None
        fields = document.get("fields") if isinstance(document, dict) else None
        if not isinstance(fields, list) or not all(
            isinstance(field, dict) and isinstance(field.get("label"), str) and isinstance(field.get("value", ""), str)
            for field in fields
        ):
            raise SettingsError(
                self.name, "is not JSON with a list `fields` of label and value", "move it away, or give another file"
            )
        return dict(document)

    def _fields(self, content: bytes) -> list[dict[str, Any]]:
        return [{"value": "", **field} for field in self._document(content)["fields"]]

    def _put(self, content: bytes, *, overwrite: bool) -> None:
        with self._temporary(content) as temporary:
            if overwrite:
                temporary.replace(self.path)
            else:
                # a link never overwrites: of two first runs at once, one wins
                os.link(temporary, self.path)

    @contextlib.contextmanager
    def _temporary(self, content: bytes) -> Iterator[Path]:
        path, descriptor = self._locked_temporary()
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                yield path
            self._sync_folder()
        finally:
            path.unlink(missing_ok=True)

    def _locked_temporary(self) -> tuple[Path, int]:
        """A new file and its descriptor, locked for as long as this run lives: what is not locked is a leftover."""
        while True:
            path = self.path.with_name(f"{self._temporary_prefix}{secrets.token_hex(8)}")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():
                return path, descriptor
            # another run took it for a leftover before it was locked
            os.close(descriptor)

    def _sync_folder(self) -> None:
        descriptor = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @property
    def _temporary_prefix(self) -> str:
        return f".{self.path.name}.writing-"

    def _remove_leftovers(self) -> None:
        for path in self.path.parent.glob(f"{glob.escape(self._temporary_prefix)}*"):
            with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()

    def _changed_meanwhile(self) -> BackupError:
        return Drift(self.name, "was written by somebody else at the same time", "run it again")


def _set(fields: list[dict[str, Any]], label: str, value: Secret) -> None:
    changed = {"type": "CONCEALED" if label in CONCEALED else "STRING", "value": value.reveal()}
    for field in fields:
        if field["label"] == label:
            field.update(changed)
            return
    fields.append({"id": label, "label": label, **changed})
