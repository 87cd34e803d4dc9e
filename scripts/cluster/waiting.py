"""A wait for an object that says, where it was in vain, what the object looked like last."""

import json
from collections.abc import Callable

from scripts.cluster.listing import Object
from scripts.errors import Unreachable
from scripts.process import wait_until

LOOK_EVERY_S = 0.3
LONGEST_STATE = 400
"""Characters of the last state in a message."""


def wait(
    look: Callable[[], Object | None],
    until: Callable[[Object | None], object],
    *,
    timeout_s: float,
    where: str,
    what: str,
) -> Object | None:
    """
    Look at an object until it is as it should be.

    Args:
        look: reads it; None where it is not there.

        until: tells; what it raises ends the waiting.

        timeout_s: how long, in seconds.

        where: the object, for the message.

        what: is waited for, for the message.

    Returns:
        The object as it was then.

    Raises:
        Unreachable: where the time is over.
    """
    last: list[Object | None] = [None]

    def found() -> bool:
        last[0] = look()
        return bool(until(last[0]))

    try:
        wait_until(found, timeout_s=timeout_s, every_s=LOOK_EVERY_S, what=what)
    except Unreachable as vain:
        if vain.where != what:
            # the API itself
            raise
        told = f"waited {timeout_s:g} s for {what}, last seen: {_state(last[0])}"
        raise Unreachable(where, told, "read its events, and retry") from vain
    return last[0]


def _state(found: Object | None) -> str:
    if found is None:
        return "it is not there"
    # a status holds no secret, which a spec and data may
    text = json.dumps(found.get("status") or "no status", sort_keys=True)
    return text if len(text) <= LONGEST_STATE else f"{text[:LONGEST_STATE]} …"
