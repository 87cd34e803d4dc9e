"""What the record of the credentials is to everybody who uses it, wherever it is kept."""

from collections.abc import Sequence
from typing import Protocol

from scripts.provision.credentials import Credentials, RecordState
from scripts.settings import Secret


class Record(Protocol):
    """The one place that the credentials are true in: a 1Password item, or a file."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def hint(self) -> str:
        """What is left to do by hand once it is complete; "" where nothing is."""
        ...

    def observe(self) -> RecordState:
        """
        Look at it.

        Returns:
            What is there.

        Raises:
            Unreachable, Refused, SettingsError: where it cannot be read.

            Drift: where it is there more than once, or in a way that cannot be read without a guess.
        """
        ...

    def write(
        self, observed: RecordState, fields: Sequence[tuple[str, Secret]], *, removed: Sequence[str] = ()
    ) -> None:
        """
        Make it, or change fields of it at once; everything else in it stays.

        Args:
            observed: what was there when the change was decided.

            fields: label and value of what changes.

            removed: labels of the fields that go.

        Raises:
            Drift: where it is not any more what was observed, or somebody else wrote at the same time.
        """
        ...

    def read(self) -> Credentials:
        """
        The credentials that it holds.

        Returns:
            All of them, none empty.

        Raises:
            SettingsError: where it is not complete.
        """
        ...
