"""All objects of a kind, page by page."""

import contextlib
import json
from dataclasses import replace
from typing import Any

from scripts.cluster.connection import Connection, Request
from scripts.cluster.failures import Expired

Object = dict[str, Any]
"""An object as the API gives it, with its apiVersion and kind."""

Listed = tuple[tuple[Object, ...], str]
"""Objects, and the version of the cluster's state that they were read at."""

PAGE = 500
"""Objects asked for at once."""

LISTINGS = 3
"""How often a list is begun anew, because the API forgot its beginning before its end was asked for."""


def read(connection: Connection, request: Request) -> Listed:
    """
    Read all objects of a kind.

    Args:
        connection: to the API.

        request: of a list; its query may have selectors.

    Returns:
        The objects, and the version of the state they are of.
    """
    for _ in range(LISTINGS):
        with contextlib.suppress(Expired):
            return _pages(connection, replace(request, params={**request.params, "limit": str(PAGE)}))
    return _pages(connection, request)


def _pages(connection: Connection, request: Request) -> Listed:
    kind = request.call.kind
    # a list does not repeat what its objects are
    same = {} if kind is None else {"apiVersion": kind.api_version, "kind": kind.kind}
    found: list[Object] = []
    more: dict[str, str] = {}
    while True:
        page = json.loads(connection.send(replace(request, params={**request.params, **more})))
        found += [{**same, **each} for each in page["items"]]
        more = {"continue": page["metadata"].get("continue", "")}
        if not more["continue"]:
            return tuple(found), str(page["metadata"]["resourceVersion"])
