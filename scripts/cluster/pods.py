"""A pod -> what its container waits for, and whether that will ever come."""

from scripts.cluster.listing import Object

CANNOT_START = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError", "CreateContainerError", "InvalidImageName"}
)
"""What a container says that does not start by itself."""


def waiting(pod: Object) -> tuple[str, str]:
    """
    Read what a container that has not begun waits for.

    Args:
        pod: the object.

    Returns:
        One word ("ErrImagePull") and a sentence; "" where nothing is said.
    """
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        found = (container.get("state") or {}).get("waiting")
        if found:
            return str(found.get("reason", "")), str(found.get("message", ""))
    return "", ""


def exit_code(pod: Object) -> int | None:
    """
    Read how the container of a pod ended.

    Args:
        pod: the object.

    Returns:
        Its exit code; None where it has not ended, or never began.
    """
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = (container.get("state") or {}).get("terminated")
        if ended:
            return int(ended["exitCode"])
    return None
