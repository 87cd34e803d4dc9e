"""The Job controller: pods that are tried again, at intervals that double."""

import secrets
import string
from datetime import UTC, datetime

from scripts.cluster import Object
from scripts.cluster.kinds import JOB, POD
from scripts.errors import Conflict, Forbidden, Refused
from tests.cluster.doubles import events
from tests.cluster.doubles.controller import Controller
from tests.cluster.doubles.hub import Hub, Key, gone_is_fine
from tests.cluster.doubles.timing import Timing

ALPHABET = "".join(set(string.ascii_lowercase + string.digits) - set("aeiou013"))
"""What the API server's name generator uses."""


class Jobs:
    """
    Runs Jobs of one completion.

    Args:
        hub: the cluster.

        timing: how long it waits between two pods.
    """

    def __init__(self, hub: Hub, timing: Timing) -> None:
        self._hub = hub
        self.timing = timing
        self.controller = Controller("jobs", hub, self._reconcile, threads=2)
        self.controller.looks_at(JOB)
        self.controller.looks_at_owner(POD, JOB)

    def _reconcile(self, name: Key) -> float | None:
        job = self._hub.cluster.find(JOB, name[1], name[0])
        if job is None or "deletionTimestamp" in job["metadata"] or _ended(job):
            return None
        pods = self._pods(job)
        by_phase = {phase: [each for each in pods if _phase(each) == phase] for phase in ("Failed", "Succeeded")}
        active = [each for each in pods if _phase(each) not in by_phase and "deletionTimestamp" not in each["metadata"]]
        failed = max(len(by_phase["Failed"]), (job.get("status") or {}).get("failed", 0))
        status: Object = {"active": len(active), "failed": failed, "ready": len(active)}
        again_s = None
        if by_phase["Succeeded"]:
            status |= {"succeeded": 1, "completionTime": events.stamp()}
            status["conditions"] = [_condition("SuccessCriteriaMet"), _condition("Complete")]
        elif failed > job["spec"]["backoffLimit"]:
            reason = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
            status["conditions"] = [_condition("FailureTarget") | reason, _condition("Failed") | reason]
        elif job["spec"].get("parallelism", 1) == 0:
            self._remove(active)
            status |= {"active": 0, "ready": 0}
        elif not active:
            again_s = self._next_pod(job, failed, by_phase["Failed"])
            status["active"] = 1 if again_s is None else 0
        self._tell(job, status)
        return again_s

    def _pods(self, job: Object) -> list[Object]:
        namespace, uid = job["metadata"]["namespace"], job["metadata"]["uid"]
        return list(self._hub.cluster.list(POD, namespace, labels=f"batch.kubernetes.io/controller-uid={uid}"))

    def _next_pod(self, job: Object, failed: int, failures: list[Object]) -> float | None:
        wait_s = self.timing.job_back_off_s(failed) - _seconds_since_last(failures)
        if wait_s > 0:
            return wait_s
        try:
            self._hub.cluster.create(POD, _pod(job))
        except (Forbidden, Refused) as refused:
            self._warn(job, f"Error creating: {refused.found}")
            return max(self.timing.job_back_off_s(1), 0.2)
        except Conflict:
            return 0.0
        return None

    def _remove(self, pods: list[Object]) -> None:
        for each in pods:
            with gone_is_fine():
                self._hub.cluster.delete(POD, each["metadata"]["name"], each["metadata"]["namespace"])

    def _tell(self, job: Object, status: Object) -> None:
        held = job.get("status") or {}
        status.setdefault("startTime", held.get("startTime") or events.stamp())
        if any(held.get(name) != value for name, value in status.items()):
            with gone_is_fine():
                metadata = job["metadata"]
                change = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "status": status}
                self._hub.cluster.patch(JOB, metadata["name"], metadata["namespace"], change, subresource="status")

    def _warn(self, job: Object, message: str) -> None:
        events.record(
            self._hub.cluster, job, type="Warning", reason="FailedCreate", message=message, component="job-controller"
        )


def _pod(job: Object) -> Object:
    metadata, template = job["metadata"], job["spec"]["template"]
    labels = {
        "batch.kubernetes.io/controller-uid": metadata["uid"],
        "batch.kubernetes.io/job-name": metadata["name"],
        "controller-uid": metadata["uid"],
        "job-name": metadata["name"],
    }
    return {
        "metadata": {
            # the generator leaves room for five characters within 63
            "name": f"{metadata['name'][:57]}-{''.join(secrets.choice(ALPHABET) for _ in range(5))}",
            "namespace": metadata["namespace"],
            "labels": {**(template["metadata"].get("labels") or {}), **labels},
            "annotations": template["metadata"].get("annotations") or {},
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": template["spec"],
    }


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", "Pending"))


def _ended(job: Object) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions)


def _condition(type: str) -> Object:
    now = events.stamp()
    return {"type": type, "status": "True", "lastProbeTime": now, "lastTransitionTime": now}


def _seconds_since_last(failures: list[Object]) -> float:
    ends = [
        datetime.fromisoformat(container["state"]["terminated"]["finishedAt"])
        for pod in failures
        for container in pod["status"].get("containerStatuses") or ()
        if "terminated" in container["state"]
    ]
    return (datetime.now(UTC) - max(ends)).total_seconds() if ends else 0.0
