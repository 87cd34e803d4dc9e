"""A namespace of a run's own: made, never taken over, and removed with all that is in it."""

import contextlib
from collections.abc import Mapping

from scripts.cluster import Cluster
from scripts.cluster.kinds import NAMESPACE
from scripts.cluster_e2e.app import REPOSITORY, RUN
from scripts.e2e import bucket as buckets
from scripts.errors import Conflict, Drift, NotFound, ProofFailed
from scripts.settings import Secret

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
        secret = self._repository_secret()
        self._cluster.delete(NAMESPACE, self.namespace, uid=found["metadata"]["uid"])
        self._cluster.wait(
            NAMESPACE,
            self.namespace,
            "",
            lambda found: found is None,
            timeout_s=self._timeout_s,
            what="the end of the namespace",
        )
        # movers are gone with it, so that nothing is written any more
        return f"namespace {self.namespace} is gone" + ("" if secret is None else self._emptied(secret))

    def _emptied(self, secret: Mapping[str, Secret]) -> str:
        repository, bucket = secret[REPOSITORY].reveal(), buckets.of_secret(secret)
        if not repository.endswith(f"/{self.namespace}"):
            raise Drift(repository, "is not this run's own, and stays", "remove what this run stored in it")
        count = bucket.remove_all(repository)
        left = bucket.stored(repository).objects
        if left:
            raise ProofFailed(repository, f"still has {left} objects", "remove them")
        return f", and so are the {count} objects of its repository"

    def _repository_secret(self) -> Mapping[str, Secret] | None:
        with contextlib.suppress(NotFound):
            found = self._cluster.secret(self._secret, self.namespace)
            return found if REPOSITORY in found else None
        # the run did not get as far as a repository
        return None
