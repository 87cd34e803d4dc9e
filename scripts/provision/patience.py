"""How long a service is waited for, and how often it is asked again, before it counts as unreachable."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Patience:
    """
    The limits of every request to a service.

    Args:
        connect_s: for a connection, in seconds.

        read_s: for an answer, in seconds.

        attempts: how often a request is made at most; every request of this project may be made twice.

        pause_s: before the second attempt, in seconds; it doubles with each.

        settle_s: how long what was written may take until it is seen everywhere, in seconds.
    """

    connect_s: float = 4.0
    read_s: float = 20.0
    attempts: int = 4
    pause_s: float = 0.2
    settle_s: float = 10.0


PATIENCE = Patience()
"""What the tasks use."""
