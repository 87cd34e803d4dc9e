"""What is there and each change of it, in one stream that outlives the connections it comes over."""

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from scripts.cluster import failures
from scripts.cluster.connection import Connection, NotAnswered, Request
from scripts.cluster.failures import Call, Expired
from scripts.errors import Unreachable

LONGEST_S = 60.0
"""After which a watch is asked for anew, in seconds: a connection that died without a sign is noticed by then."""

SHORTEST_S = 1.0
BROKEN_OFF = 20
"""How many watches in a row may end within SHORTEST_S, with nothing said, before the API counts as unreachable."""

WATCH = {"watch": "true", "allowWatchBookmarks": "true"}

TYPES = {"ADDED": "added", "MODIFIED": "changed", "DELETED": "deleted"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One change of one object.

    Args:
        type: "added", "changed" or "deleted".

        object: as it is now, or as it was last.
    """

    type: str
    object: Mapping[str, Any]


Listed = tuple[tuple[Mapping[str, Any], ...], str]
"""Objects, and the version of the cluster's state that they were read at."""


def follow(
    connection: Connection, request: Request, *, listed: Callable[[], Listed], timeout_s: float
) -> Iterator[Change]:
    """
    See what is there and each change of it.

    Args:
        connection: to the API.

        request: of a watch; what is to come is added to its query.

        listed: reads what is there.

        timeout_s: after which it ends, in seconds.

    Yields:
        The changes. After the API forgot where this was, what differs from what was seen before.

    Raises:
        Unreachable: where the API stays away for too long.

    Source:
        kubernetes/apimachinery@v0.33.13:pkg/apis/meta/v1/types.go (WatchEvent, ListOptions)
    """
    deadline = time.monotonic() + timeout_s
    seen: dict[str, Mapping[str, Any]] = {}
    while True:
        there, version = listed()
        yield from _differences(seen, there)
        seen = {_uid(each): each for each in there}
        try:
            for change in _changes(connection, request, version, deadline):
                if change.type == "deleted":
                    seen.pop(_uid(change.object), None)
                else:
                    seen[_uid(change.object)] = change.object
                yield change
        except Expired:
            continue
        return


def _changes(connection: Connection, request: Request, version: str, deadline: float) -> Iterator[Change]:
    broken = 0
    while (left := deadline - time.monotonic()) > 0:
        span = min(left, LONGEST_S)
        # the API takes whole seconds
        query = {**request.params, **WATCH, "resourceVersion": version, "timeoutSeconds": str(math.ceil(span))}
        begun, said = time.monotonic(), False
        with connection.stream(replace(request, params=query), silence_s=span + SHORTEST_S) as lines:
            for event in _events(request.call, lines):
                said = True
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] in TYPES:
                    yield Change(type=TYPES[event["type"]], object=event["object"])
        broken = 0 if said or time.monotonic() - begun > SHORTEST_S else broken + 1
        if broken == BROKEN_OFF:
            raise Unreachable(
                f"cluster {request.call.context}",
                f"breaks off each watch of {request.call.resource}",
                "see what is in front of its API",
            )


def _events(call: Call, lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    # where they break off, they are gone on with from the last version seen
    with contextlib.suppress(NotAnswered):
        for line in lines:
            event: dict[str, Any] = json.loads(line)
            if event["type"] == "ERROR":
                status = event["object"]
                raise failures.error(call, int(status.get("code") or HTTPStatus.INTERNAL_SERVER_ERROR), status)
            yield event


def _differences(seen: Mapping[str, Mapping[str, Any]], there: tuple[Mapping[str, Any], ...]) -> Iterator[Change]:
    present = {_uid(each) for each in there}
    for uid, gone in seen.items():
        if uid not in present:
            yield Change(type="deleted", object=gone)
    for each in there:
        before = seen.get(_uid(each))
        if before is None:
            yield Change(type="added", object=each)
        elif before["metadata"]["resourceVersion"] != each["metadata"]["resourceVersion"]:
            yield Change(type="changed", object=each)


def _uid(document: Mapping[str, Any]) -> str:
    return str(document["metadata"]["uid"])
