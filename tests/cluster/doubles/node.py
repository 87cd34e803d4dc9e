"""A node: pods are scheduled to it when their claims are bound, and run as processes of this machine."""

import contextlib
import threading
from pathlib import Path

from scripts.cluster import Object
from scripts.cluster.connection import Connection, Request
from scripts.cluster.failures import Call
from scripts.cluster.kinds import NODE, PERSISTENT_VOLUME_CLAIM, POD, STORAGE_CLASS
from scripts.errors import Conflict
from tests.cluster.doubles import events
from tests.cluster.doubles.control_plane import claims
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine, key
from tests.cluster.doubles.kubelet import Kubelet
from tests.cluster.doubles.pod_process import Container, PodProcess, Unready
from tests.cluster.doubles.volumes import SELECTED_NODE, WAITS, Volumes

NAME = "node-1"
LOOK_AGAIN_S = 0.2


class Node:
    """
    The scheduler and the kubelet of the only node.

    Args:
        hub: the cluster.

        connection: to its API, for what only a scheduler does.

        volumes: what pods mount.

        kubelet: that serves their logs.

        root: an existing directory of its own.
    """

    def __init__(self, hub: Hub, connection: Connection, volumes: Volumes, kubelet: Kubelet, root: Path) -> None:
        self._hub = hub
        self._connection = connection
        self._volumes = volumes
        self._kubelet = kubelet
        self._root = root
        self._processes: dict[str, PodProcess] = {}
        self._lock = threading.Lock()
        self.missing_images: set[str] = set()
        """Images that cannot be pulled."""
        self.instant_movers = False
        """Movers succeed at once and move nothing, for tests of a thousand of them."""
        self.scheduler = Controller("scheduler", hub, self._schedule)
        self.scheduler.looks_at(POD)
        self.scheduler.looks_where(
            PERSISTENT_VOLUME_CLAIM, lambda change: self._waiting_in(key(dict(change.object))[0])
        )
        self.controller = Controller("kubelet", hub, self._reconcile, threads=4)
        self.controller.looks_at(POD)

    def register(self) -> None:
        """Make the Node object, with the address that the API server asks for logs."""
        self._hub.cluster.apply(NODE, {"metadata": {"name": NAME}})
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._kubelet.port}},
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "is ready"}],
            "capacity": {"cpu": "2", "memory": "4Gi", "pods": "1000"},
            "nodeInfo": {},
        }
        del status["nodeInfo"]
        self._hub.cluster.patch(NODE, NAME, "", {"status": status}, subresource="status")

    def kill(self, pod: str, namespace: str) -> None:
        """End a pod's processes at once, as the kernel does where there is no memory left: exit code 137."""
        uid = self._hub.cluster.get(POD, pod, namespace)["metadata"]["uid"]
        self._processes[uid].kill()

    def running(self, namespace: str = "") -> list[Key]:
        """The pods whose processes run."""
        with self._lock:
            found = [process.pod for process in self._processes.values() if process.exit_code is None]
        return sorted(name for name in found if namespace in ("", name[0]))

    def stop(self) -> None:
        """End every process."""
        with self._lock:
            processes = list(self._processes.values())
        for process in processes:
            process.kill()
        for process in processes:
            process.join()

    def _waiting_in(self, namespace: str) -> list[Key]:
        return [key(each) for each in self._hub.list(POD, namespace) if not each["spec"].get("nodeName")]

    def _schedule(self, name: Key) -> float | None:
        pod = self._hub.cluster.find(POD, name[1], name[0])
        if pod is None or pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
            return None
        obstacle = self._obstacle(pod)
        if obstacle:
            condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": obstacle}
            with gone_is_fine():
                self._hub.cluster.patch(
                    POD, name[1], name[0], {"status": {"conditions": [condition]}}, subresource="status"
                )
            events.record(
                self._hub.cluster,
                pod,
                type="Warning",
                reason="FailedScheduling",
                message=f"0/1 nodes are available: {obstacle}",
                component="default-scheduler",
            )
            # bound claims are told of; nothing tells of one that stays as it is
            return None
        self._bind(pod)
        return None

    def _obstacle(self, pod: Object) -> str:
        namespace = pod["metadata"]["namespace"]
        for name in claims(pod):
            claim = self._hub.cluster.find(PERSISTENT_VOLUME_CLAIM, name, namespace)
            if claim is None or "deletionTimestamp" in claim["metadata"]:
                return f'persistentvolumeclaim "{name}" not found'
            if claim["status"].get("phase") == "Bound":
                continue
            of = self._hub.cluster.find(STORAGE_CLASS, claim["spec"].get("storageClassName") or "-")
            if of is not None and of.get("volumeBindingMode") == WAITS:
                mark = {"metadata": {"annotations": {SELECTED_NODE: NAME}}}
                self._hub.cluster.patch(PERSISTENT_VOLUME_CLAIM, name, namespace, mark)
                return f'waiting for the claim "{name}" to be bound'
            return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    def _bind(self, pod: Object) -> None:
        namespace, name = key(pod)
        call = Call(
            context=self._hub.cluster.context,
            verb="create",
            kind=POD,
            namespace=namespace,
            name=name,
            subresource="binding",
        )
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NAME},
        }
        path = POD.path(namespace=namespace, name=name, subresource="binding")
        with gone_is_fine():
            self._connection.send(Request(call=call, path=path, body=binding))

    def _reconcile(self, name: Key) -> float | None:
        pod = self._hub.cluster.find(POD, name[1], name[0])
        if pod is None:
            self._forget(name)
            return None
        if pod["spec"].get("nodeName") != NAME:
            return None
        uid = pod["metadata"]["uid"]
        process = self._processes.get(uid)
        if "deletionTimestamp" in pod["metadata"]:
            if process is not None:
                process.terminate()
                if process.exit_code is None:
                    return LOOK_AGAIN_S
            self._hub.cluster.delete(POD, name[1], name[0], uid=uid, grace_s=0)
            return None
        if process is None and pod["status"].get("phase", "Pending") == "Pending":
            return self._start(pod)
        return None

    def _start(self, pod: Object) -> float | None:
        namespace, name = key(pod)
        spec = pod["spec"]["containers"][0]
        try:
            if spec["image"] in self.missing_images:
                raise Unready("ErrImagePull", f"failed to pull image {spec['image']}")
            directories = self._directories(pod)
            container = Container.of(
                pod, self._hub.cluster, directories, self._mounts(pod, directories), instant=self.instant_movers
            )
        except Unready as unready:
            waiting = {"waiting": {"reason": unready.reason, "message": unready.message}}
            self._tell(pod, "Pending", waiting)
            return LOOK_AGAIN_S
        log = self._kubelet.log_file(namespace, name, spec["name"])
        process = PodProcess(container, log, (namespace, name), ended=lambda: self._ended(pod))
        with self._lock:
            self._processes[pod["metadata"]["uid"]] = process
        process.start()
        self._tell(pod, "Running", {"running": {"startedAt": events.stamp()}})
        process.watch()
        return None

    def _directories(self, pod: Object) -> dict[str, Path]:
        # the name of a volume of the pod -> its directory
        namespace = pod["metadata"]["namespace"]
        found = {}
        for volume in pod["spec"].get("volumes") or ():
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                found[volume["name"]] = self._volumes.directory(claim, namespace)
            elif "emptyDir" in volume:
                folder = self._root / "empty" / pod["metadata"]["uid"] / volume["name"]
                folder.mkdir(parents=True, exist_ok=True)
                found[volume["name"]] = folder
        return found

    def _mounts(self, pod: Object, directories: dict[str, Path]) -> dict[str, Path]:
        # a path in the container -> a path here, which is the same for every pod of one Job: restic stores it
        namespace, name = key(pod)
        home = self._root / "mounts" / namespace / pod["metadata"].get("labels", {}).get("job-name", name)
        found = {}
        for mount in pod["spec"]["containers"][0].get("volumeMounts") or ():
            if mount["name"] in directories:
                link = home / mount["mountPath"].strip("/")
                link.parent.mkdir(parents=True, exist_ok=True)
                link.unlink(missing_ok=True)
                link.symlink_to(directories[mount["name"]])
                found[mount["mountPath"]] = link
        return found

    def _tell(self, pod: Object, phase: str, state: Object) -> None:
        namespace, name = key(pod)
        ready = phase == "Running"
        container = pod["spec"]["containers"][0]
        status = {
            "phase": phase,
            "startTime": events.stamp(),
            "podIP": "127.0.0.1",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Ready", "status": "True" if ready else "False"},
            ],
            "containerStatuses": [
                {
                    "name": container["name"],
                    "image": container["image"],
                    "imageID": container["image"],
                    "ready": ready,
                    "restartCount": 0,
                    "state": state,
                }
            ],
        }
        with gone_is_fine():
            self._hub.cluster.patch(POD, name, namespace, {"status": status}, subresource="status")

    def _ended(self, pod: Object) -> None:
        process = self._processes.get(pod["metadata"]["uid"])
        if process is None:
            # the pod was removed meanwhile
            return
        code = process.exit_code
        reason = "Completed" if code == 0 else "Error"
        terminated = {"exitCode": code, "reason": reason, "finishedAt": events.stamp(), "startedAt": process.started}
        with contextlib.suppress(Conflict):
            self._tell(pod, "Succeeded" if code == 0 else "Failed", {"terminated": terminated})

    def _forget(self, name: Key) -> None:
        with self._lock:
            gone = [uid for uid, process in self._processes.items() if process.pod == name]
            processes = [self._processes.pop(uid) for uid in gone]
        for process in processes:
            process.kill()
        self._kubelet.forget(*name)
