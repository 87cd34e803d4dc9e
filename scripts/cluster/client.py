"""The objects of a cluster: read, made, changed, removed, waited for."""

import base64
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scripts.cluster import kinds, kubeconfig, listing, waiting, watch
from scripts.cluster.connection import LIMITS, Connection, Limits, Request
from scripts.cluster.failures import Call
from scripts.cluster.kinds import Kind
from scripts.cluster.listing import Object
from scripts.errors import NotFound
from scripts.settings import Secret

FIELD_MANAGER = "apps-backup"
POD_PROXY = "https:{pod}:{port}"


@contextlib.contextmanager
def connect(context: str, limits: Limits = LIMITS) -> Iterator["Cluster"]:
    """
    Speak to a cluster for as long as the context lasts.

    Args:
        context: of the kubeconfig; always named, the current one is never taken.

        limits: how long the API is waited for.

    Yields:
        The cluster; nothing was asked of it yet.

    Raises:
        SettingsError: where there is no such context, or its credentials cannot be had.
    """
    connection = Connection(kubeconfig.read(context), limits)
    try:
        yield Cluster(connection)
    finally:
        connection.close()


class Cluster:
    """
    A Kubernetes API; safe to use from many threads.

    Every call may raise Unreachable, Forbidden and Refused beside what it says itself.

    Args:
        connection: to its server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def context(self) -> str:
        """The name of the context."""
        return self._connection.context

    def version(self) -> str:
        """
        Ask for the server's version, which is also the cheapest proof that it answers.

        Returns:
            For example "v1.33.13".
        """
        answer = self._connection.send(Request(call=self._call("get"), path="/version"))
        return str(json.loads(answer)["gitVersion"])

    def get(self, kind: Kind, name: str, namespace: str = "") -> Object:
        """
        Read one object.

        Args:
            kind: of it.

            name: of it.

            namespace: of it; "" for a kind without namespaces.

        Returns:
            The object.

        Raises:
            NotFound: where there is none.
        """
        request = Request(call=self._call("get", kind, namespace, name), path=kind.path(namespace=namespace, name=name))
        return self._object(self._connection.send(request))

    def find(self, kind: Kind, name: str, namespace: str = "") -> Object | None:
        """
        Read one object that may be missing.

        Args:
            kind: of it.

            name: of it.

            namespace: of it; "" for a kind without namespaces.

        Returns:
            The object; None where there is none.

        Raises:
            NotFound: where the cluster does not serve the kind.
        """
        try:
            return self.get(kind, name, namespace)
        except NotFound as missing:
            if not missing.kind_is_known:
                raise
            return None

    def secret(self, name: str, namespace: str) -> dict[str, Secret]:
        """
        Read the values of a Secret.

        Args:
            name: of it.

            namespace: of it.

        Returns:
            Key -> value; bytes that are no UTF-8 are kept as surrogates.

        Raises:
            NotFound: where there is none.
        """
        data = self.get(kinds.SECRET, name, namespace).get("data") or {}
        return {
            key: Secret(base64.b64decode(value).decode("utf-8", "surrogateescape"))
            for key, value in sorted(data.items())
        }

    def list(self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = "") -> tuple[Object, ...]:
        """
        Read all objects of a kind.

        Args:
            kind: of them.

            namespace: of them; "" for every namespace.

            labels: a label selector ("app=web"); "" for all.

            fields: a field selector ("status.phase=Failed"); "" for all.

        Returns:
            The objects, in the API's order: by namespace and name.

        Raises:
            NotFound: where the cluster does not serve the kind.
        """
        return self._listed(kind, namespace, _selectors(labels, fields))[0]

    def create(self, kind: Kind, document: Mapping[str, Any]) -> Object:
        """
        Make an object.

        Args:
            kind: of it.

            document: the object, with its namespace.

        Returns:
            What was made.

        Raises:
            Conflict: where it is there already.

            NotFound: where its namespace is not there.

            Unreachable: where it is not known whether it was made; `apply` may be repeated, this may not.
        """
        namespace, name = _place(document)
        return self._write("create", kind, namespace, name, document, path_name="", repeatable=False)

    def apply(self, kind: Kind, document: Mapping[str, Any], *, force: bool = False) -> Object:
        """
        Make an object, or bring the fields that are named to what is wanted (server-side apply).

        Args:
            kind: of it.

            document: the object, with its namespace.

            force: take fields over that another manager has set.

        Returns:
            What is there now.

        Raises:
            Conflict: where another manager has set one of the fields.
        """
        namespace, name = _place(document)
        wanted = {"apiVersion": kind.api_version, "kind": kind.kind, **document}
        params = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        return self._write(
            "patch", kind, namespace, name, wanted, params=params, content_type="application/apply-patch+yaml"
        )

    def patch(
        self, kind: Kind, name: str, namespace: str, change: Mapping[str, Any], *, subresource: str = ""
    ) -> Object:
        """
        Change some fields of an object (a merge patch: null removes, a list replaces the whole list).

        Args:
            kind: of it.

            name: of it.

            namespace: of it; "" for a kind without namespaces.

            change: the fields; with metadata.resourceVersion it is refused where somebody changed the object since.

            subresource: "status" or "scale"; "" for the object itself.

        Returns:
            What is there now.

        Raises:
            NotFound: where there is none.

            Conflict: where somebody changed it since.
        """
        return self._write(
            "patch",
            kind,
            namespace,
            name,
            change,
            params={"fieldManager": FIELD_MANAGER},
            content_type="application/merge-patch+json",
            subresource=subresource,
        )

    def replace(self, kind: Kind, document: Mapping[str, Any], *, subresource: str = "") -> Object:
        """
        Put a whole object in the place of the one that was read.

        Args:
            kind: of it.

            document: as it was read, changed.

            subresource: "status", "finalize" or "scale"; "" for the object itself.

        Returns:
            What is there now.

        Raises:
            NotFound: where there is none.

            Conflict: where somebody changed it since it was read.
        """
        namespace, name = _place(document)
        return self._write("update", kind, namespace, name, document, subresource=subresource)

    def delete(self, kind: Kind, name: str, namespace: str = "", *, uid: str = "", grace_s: int | None = None) -> bool:
        """
        Remove an object; what it owns is removed after it.

        Args:
            kind: of it.

            name: of it.

            namespace: of it; "" for a kind without namespaces.

            uid: refuses to remove another object of the same name; "" for whichever is there.

            grace_s: seconds that a pod has to end; None leaves it to the pod.

        Returns:
            True where it was there; it may still be there for a while.

        Raises:
            Conflict: where it has another uid.
        """
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        call = self._call("delete", kind, namespace, name)
        request = Request(call=call, path=kind.path(namespace=namespace, name=name), body=options)
        try:
            self._connection.send(request)
        except NotFound as missing:
            if not missing.kind_is_known:
                raise
            return False
        return True

    def logs(self, pod: str, namespace: str, *, container: str = "", limit_bytes: int = 1 << 20) -> str:
        """
        Read what a container has written until now.

        Args:
            pod: its pod.

            namespace: of the pod.

            container: its name; "" where the pod has only one.

            limit_bytes: how much at most.

        Returns:
            The text; bytes that are no UTF-8 are replaced.

        Raises:
            NotFound: where there is no such pod.

            Refused: where the container has not begun.
        """
        params = {"limitBytes": str(limit_bytes)} | ({"container": container} if container else {})
        request = Request(
            call=self._call("get", kinds.POD, namespace, pod, "log"),
            path=kinds.POD.path(namespace=namespace, name=pod, subresource="log"),
            params=params,
        )
        return self._connection.send(request).decode("utf-8", "replace")

    def asked_of_pod(self, pod: str, namespace: str, port: int, path: str) -> str:
        """
        Ask a pod by HTTPS through the API server, which does not ask who it is.

        Args:
            pod: its name.

            namespace: of the pod.

            port: that it listens on.

            path: of what is asked for ("metrics").

        Returns:
            The text of the answer.

        Raises:
            Unreachable: where the API server gets no answer.
        """
        named = POD_PROXY.format(pod=pod, port=port)
        request = Request(
            call=self._call("get", kinds.POD, namespace, pod, "proxy"),
            path=f"{kinds.POD.path(namespace=namespace, name=named, subresource='proxy')}/{path}",
        )
        return self._connection.send(request).decode("utf-8", "replace")

    def watch(
        self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = "", timeout_s: float
    ) -> Iterator[watch.Change]:
        """
        See what is there, and then each change of it, through restarts of the API and whatever it forgets.

        Args:
            kind: of the objects.

            namespace: of them; "" for every namespace.

            labels: a label selector; "" for all.

            fields: a field selector; "" for all.

            timeout_s: after which it ends, in seconds.

        Yields:
            First an "added" for each object that is there.

        Raises:
            NotFound: where the cluster does not serve the kind.

            Unreachable: where the API stays away for longer than the limits allow.
        """
        selectors = _selectors(labels, fields)
        request = Request(
            call=self._call("watch", kind, namespace), path=kind.path(namespace=namespace), params=selectors
        )
        return watch.follow(
            self._connection,
            request,
            listed=lambda: self._listed(kind, namespace, selectors),
            timeout_s=timeout_s,
        )

    def wait(
        self,
        kind: Kind,
        name: str,
        namespace: str,
        until: Callable[[Object | None], object],
        *,
        timeout_s: float,
        what: str,
    ) -> Object | None:
        """
        Wait until an object is as it should be.

        Args:
            kind: of it.

            name: of it.

            namespace: of it; "" for a kind without namespaces.

            until: tells, given the object, or None where there is none; what it raises ends the waiting.

            timeout_s: how long, in seconds.

            what: for the message, as in "waited for …".

        Returns:
            The object as it was then.

        Raises:
            Unreachable: where the time is over; the message has the last state seen.
        """
        where = self._call("get", kind, namespace, name).where
        return waiting.wait(
            lambda: self.find(kind, name, namespace), until, timeout_s=timeout_s, where=where, what=what
        )

    def _listed(self, kind: Kind, namespace: str, selectors: Mapping[str, str]) -> listing.Listed:
        call = self._call("list", kind, namespace)
        return listing.read(self._connection, Request(call=call, path=kind.path(namespace=namespace), params=selectors))

    def _write(
        self,
        verb: str,
        kind: Kind,
        namespace: str,
        name: str,
        body: Mapping[str, Any],
        *,
        path_name: str | None = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        subresource: str = "",
        repeatable: bool = True,
    ) -> Object:
        named = name if path_name is None else path_name
        sent = {"apiVersion": kind.api_version, "kind": kind.kind, **body} if verb in ("create", "update") else body
        request = Request(
            call=self._call(verb, kind, namespace, name, subresource),
            path=kind.path(namespace=namespace, name=named, subresource=subresource),
            params=params or {"fieldManager": FIELD_MANAGER},
            body=sent,
            content_type=content_type,
        )
        return self._object(self._connection.send(request, repeatable=repeatable))

    def _call(
        self, verb: str, kind: Kind | None = None, namespace: str = "", name: str = "", subresource: str = ""
    ) -> Call:
        return Call(context=self.context, verb=verb, kind=kind, namespace=namespace, name=name, subresource=subresource)

    @staticmethod
    def _object(answer: bytes) -> Object:
        read: Object = json.loads(answer)
        return read


def _place(document: Mapping[str, Any]) -> tuple[str, str]:
    metadata = document["metadata"]
    return str(metadata.get("namespace", "")), str(metadata["name"])


def _selectors(labels: str, fields: str) -> dict[str, str]:
    given = {"labelSelector": labels, "fieldSelector": fields}
    return {name: value for name, value in given.items() if value}
