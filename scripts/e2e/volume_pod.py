"""A PVC on a cluster, worked on by pods: written, changed, and recorded to the last byte, independently of any backup."""

import contextlib
import inspect
import json
import math
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType, ModuleType
from typing import Any

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import EVENT, PERSISTENT_VOLUME_CLAIM, POD
from scripts.cluster.pods import CANNOT_START, exit_code, waiting
from scripts.e2e import dataset as datasets
from scripts.e2e import digest
from scripts.e2e.dataset import NONCE_FILE, Dataset
from scripts.e2e.digest import Manifest
from scripts.errors import BackupError, CommandFailed, CouldNotRun, Forbidden
from scripts.progress import say

# Python, because what runs in the pod is the source of this checkout: a record means the same on both ends.
IMAGE = "docker.io/library/python:3.13.1-slim-bookworm"

NAME = "apps-backup-volume"
CONTAINER = "python"
MOUNT = "/volume"
NON_ROOT: Mapping[str, Any] = MappingProxyType({"fsGroup": 65534, "runAsGroup": 65534, "runAsUser": 65534})
"""The owner that the component gives to movers where an app does not name another one."""

LOG_BYTES = 64 << 20
ENDED = frozenset({"Succeeded", "Failed"})
LAST_EVENTS = 4
LAST_LINES = 3


@dataclass(frozen=True, kw_only=True)
class VolumePods:
    """
    Works on the PVCs of a namespace; each call runs one pod, which is gone at its end, however it ends.

    The pods pass the restricted Pod Security level. A ReadWriteOnce volume that a pod on another node has mounted is not to
    be had: the pod waits for it, and the call fails after `start_s` with what the pod's events say.

    Args:
        cluster: that the namespace is on.

        namespace: of the PVCs.

        image: with Python 3.11 or newer as `python3`.

        security_context: PodSecurityContext, the one of spec.restic.moverSecurityContext so that the pod sees the files with
            the owners and modes that the mover sees; runAsNonRoot and a seccompProfile are added where they are missing.

        labels: that the pods get beside their own.

        start_s: within which a pod has to run, in seconds.

        timeout_s: within which it has to end, in seconds.
    """

    cluster: Cluster
    namespace: str
    image: str = IMAGE
    security_context: Mapping[str, Any] = field(default_factory=lambda: NON_ROOT)
    labels: Mapping[str, str] = field(default_factory=dict)
    start_s: float = 300.0
    timeout_s: float = 3600.0

    def record(self, pvc: str) -> Manifest:
        """
        Read a volume to the last byte.

        The record comes through the pod's log: 10 MiB of it, as kubelets keep by default, hold about 100,000 files.

        Args:
            pvc: the claim.

        Returns:
            The record.

        Raises:
            NotFound: where there is no such PVC.

            CouldNotRun: where the pod does not start, or its log is cut.

            CommandFailed: where something cannot be read.

            Unreachable: where the time is over.
        """
        text = self._run("record", pvc, digest, "sys.stdout.write(dumped(record(root)))", read_only=True)
        try:
            return digest.loaded(text)
        except ValueError as damaged:
            raise CouldNotRun(
                f"PersistentVolumeClaim {self.namespace}/{pvc}",
                f"its record did not come whole through the pod's log: {damaged}",
                "give the kubelets a larger containerLogMaxSize, or record fewer files",
            ) from damaged

    def write(self, pvc: str, dataset: Dataset) -> tuple[str, ...]:
        """
        Write a dataset.

        Args:
            pvc: the claim of an empty volume.

            dataset: what to write.

        Returns:
            What the file system refused, as sentences.

        Raises:
            NotFound, CouldNotRun, CommandFailed, Unreachable: as `record`.
        """
        action = "print(json.dumps(write(Dataset(**json.loads(sys.argv[2])), root)))"
        return tuple(json.loads(self._run("write", pvc, datasets, action, json.dumps(asdict(dataset)))))

    def change(self, pvc: str, dataset: Dataset) -> None:
        """
        Change a written dataset the way an app does.

        Args:
            pvc: the claim.

            dataset: what was written.

        Raises:
            NotFound, CouldNotRun, CommandFailed, Unreachable: as `record`.
        """
        action = "change(Dataset(**json.loads(sys.argv[2])), root)"
        self._run("change", pvc, datasets, action, json.dumps(asdict(dataset)))

    def corrupt(self, pvc: str, path: str = NONCE_FILE) -> str:
        """
        Change one byte of a file; a second call changes it back.

        Args:
            pvc: the claim, of a written dataset where no path is given.

            path: of a file that is not empty, relative to the volume.

        Returns:
            The path.

        Raises:
            NotFound, CouldNotRun, CommandFailed, Unreachable: as `record`.
        """
        action = "print(json.dumps(corrupt_one_byte(root, json.loads(sys.argv[2]))))"
        return str(json.loads(self._run("corrupt", pvc, datasets, action, json.dumps(path))))

    def _run(
        self, verb: str, pvc: str, module: ModuleType, action: str, *arguments: str, read_only: bool = False
    ) -> str:
        # a pod of a claim that is not there would only wait for it
        self.cluster.get(PERSISTENT_VOLUME_CLAIM, pvc, self.namespace)
        name = f"{NAME}-{verb}-{secrets.token_hex(4)}"
        program = f"{inspect.getsource(module)}\n\nimport json, sys\nroot = Path(sys.argv[1])\n{action}\n"
        try:
            # applied, not created: that may be repeated where the answer is lost
            self.cluster.apply(POD, self._pod(name, pvc, (program, MOUNT, *arguments), read_only=read_only))
            pod = self._ended(name, pvc)
            if pod["status"]["phase"] == "Failed":
                raise self._failure(verb, pvc, pod)
            return self._log(name)
        finally:
            self._remove(name)

    def _failure(self, verb: str, pvc: str, pod: Object) -> CommandFailed:
        name, text = pod["metadata"]["name"], ""
        with contextlib.suppress(BackupError):
            # one that was ended before it began has none
            text = self._log(name)
        return CommandFailed(
            f"Pod {self.namespace}/{name}",
            f"could not {verb} PVC {pvc}: {_ending(pod)}: {_last_words(text)}",
            "see whether its image and its user fit the volume",
            command_exit_code=exit_code(pod),
        )

    def _log(self, name: str) -> str:
        return self.cluster.logs(name, self.namespace, container=CONTAINER, limit_bytes=LOG_BYTES)

    def _pod(self, name: str, pvc: str, words: tuple[str, ...], *, read_only: bool) -> Object:
        # Read-only is the mount in the container alone: a claim that is mounted read-only keeps the modes that the kubelet
        # gives its files for fsGroup out of a record, and every mover sees them.
        mount = {"name": "volume", "mountPath": MOUNT, "readOnly": read_only}
        container = {
            "name": CONTAINER,
            "image": self.image,
            "command": ["python3", "-c", *words],
            "env": [{"name": "PYTHONUTF8", "value": "1"}],
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
            "volumeMounts": [mount],
        }
        return {
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "labels": {
                    **self.labels,
                    "app.kubernetes.io/name": NAME,
                    "app.kubernetes.io/managed-by": "apps-backup",
                },
            },
            "spec": {
                "activeDeadlineSeconds": math.ceil(self.timeout_s),
                "automountServiceAccountToken": False,
                "containers": [container],
                "enableServiceLinks": False,
                "restartPolicy": "Never",
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, **self.security_context}
                | {"runAsNonRoot": True},
                "terminationGracePeriodSeconds": 1,
                "volumes": [{"name": "volume", "persistentVolumeClaim": {"claimName": pvc}}],
            },
        }

    def _ended(self, name: str, pvc: str) -> Object:
        where, started = f"Pod {self.namespace}/{name}", time.monotonic()

        def has_ended(pod: Object | None) -> bool:
            if pod is None:
                raise CouldNotRun(where, "was removed before its end", "see who removes pods in this namespace")
            phase = (pod.get("status") or {}).get("phase", "Pending")
            reason, _ = waiting(pod)
            if phase == "Pending" and (reason in CANNOT_START or time.monotonic() - started > self.start_s):
                told = "; ".join((*_state(pod), *self._events(pod, pvc))) or "nothing says why"
                raise CouldNotRun(where, f"does not start: {told}", "mend what it names")
            return phase in ENDED

        found = self.cluster.wait(
            POD, name, self.namespace, has_ended, timeout_s=self.start_s + self.timeout_s, what="its end"
        )
        if found is None:
            raise AssertionError("has_ended raises where there is no pod")
        return found

    def _events(self, pod: Object, pvc: str) -> tuple[str, ...]:
        about = ("Pod", pod["metadata"]["name"]), ("PersistentVolumeClaim", pvc)
        try:
            found = [
                each
                for kind, name in about
                for each in self.cluster.list(
                    EVENT, self.namespace, fields=f"involvedObject.kind={kind},involvedObject.name={name}"
                )
            ]
        except Forbidden as refused:
            return (f"its events: {refused.found}",)
        found.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime")))
        return tuple(f"{event.get('reason')}: {event.get('message')}" for event in found[-LAST_EVENTS:])

    def _remove(self, name: str) -> None:
        try:
            self.cluster.delete(POD, name, self.namespace)
        except BackupError as error:
            # what the pod came to, or what ended it, is more than this
            say(f"Pod {self.namespace}/{name} is still there ({error.found}); remove it")


def _state(pod: Object) -> Iterator[str]:
    status = pod.get("status") or {}
    yield from (
        f"{each['type']} is not so ({each.get('reason', '')}: {each.get('message', '')})"
        for each in status.get("conditions") or ()
        if each.get("status") == "False" and each.get("message")
    )
    if any(waiting(pod)):
        yield ": ".join(waiting(pod))


def _ending(pod: Object) -> str:
    code = exit_code(pod)
    why = " ".join(filter(None, (pod["status"].get("reason"), pod["status"].get("message"))))
    return " ".join(filter(None, (why, "" if code is None else f"exit code {code}"))) or "it failed"


def _last_words(text: str) -> str:
    return " / ".join(line.strip() for line in text.splitlines()[-LAST_LINES:]) or "it said nothing"
