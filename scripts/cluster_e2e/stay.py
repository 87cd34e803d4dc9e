"""A namespace of a run's own: made, never taken over, and removed with all that is in it."""

import contextlib

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import NAMESPACE, POD
from scripts.cluster_e2e.app import RUN
from scripts.cluster_e2e.bucket import Bucket
from scripts.errors import BackupError, Conflict, Drift, NotFound, ProofFailed

LABELS = {
    "app.kubernetes.io/managed-by": "apps-backup",
    # from the seed to the restore no pod needs more
    "pod-security.kubernetes.io/enforce": "restricted",
}


class Stay:
    """
    A run's stay in a cluster.

    Args:
        cluster: that it is in.

        namespace: that is made.

        run: name of the run.

        secret: name of the Secret in it that says where the repository is.

        timeout_s: within which the namespace has to be gone at the end, in seconds.
    """

    def __init__(self, cluster: Cluster, namespace: str, run: str, *, secret: str, timeout_s: float) -> None:
        self.namespace = namespace
        self._cluster = cluster
        self._run = run
        self._secret = secret
        self._timeout_s = timeout_s

    def begin(self) -> None:
        """
        Make the namespace.

        Raises:
            Drift: where it is there already.
        """
        metadata = {"name": self.namespace, "labels": {**LABELS, RUN: self._run}}
        try:
            self._cluster.create(NAMESPACE, {"metadata": metadata})
        except Conflict:
            raise Drift(
                f"Namespace {self.namespace}",
                "is there already, and this run did not make it",
                "name another one with --namespace, or give none",
            ) from None

    def end(self) -> str:
        """
        Remove the namespace if this run made it, and then its repository; what is gone already is no error.

        Returns:
            What was removed, in a sentence.

        Raises:
            ProofFailed: where something is left.

            Unreachable: where the namespace does not go in time.
        """
        found = self._cluster.find(NAMESPACE, self.namespace)
        is_ours = found is not None and (found["metadata"].get("labels") or {}).get(RUN) == self._run
        if found is None or not is_ours:
            return "nothing of this run is in the cluster"
        bucket = self._bucket()
        self._cluster.delete(NAMESPACE, self.namespace, uid=found["metadata"]["uid"])
        self._cluster.wait(
            NAMESPACE, self.namespace, "", self._is_gone, timeout_s=self._timeout_s, what="the end of the namespace"
        )
        # movers are gone with it, so that nothing is written any more
        if bucket is None:
            return f"namespace {self.namespace} is gone"
        count = bucket.remove_all()
        left = bucket.stored(bucket.repository).objects
        if left:
            raise ProofFailed(bucket.repository, f"still has {left} objects", "remove them")
        return f"namespace {self.namespace} is gone, and so are the {count} objects of its repository"

    def _bucket(self) -> Bucket | None:
        try:
            found = Bucket(self._cluster.secret(self._secret, self.namespace))
        except (NotFound, KeyError):
            # the run did not get as far as a repository
            return None
        if not found.repository.endswith(f"/{self.namespace}"):
            raise Drift(found.repository, "is not this run's own, and stays", "remove what this run stored in it")
        return found

    def _is_gone(self, found: Object | None) -> bool:
        if found is None:
            return True
        for pod in self._cluster.list(POD, self.namespace) if "deletionTimestamp" in found["metadata"] else ():
            # a mover that runs has its own grace
            with contextlib.suppress(BackupError):
                self._cluster.delete(POD, pod["metadata"]["name"], self.namespace, grace_s=0)
        return False
