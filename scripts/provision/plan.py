"""What was found in MinIO and what is wanted there -> the steps between them; nothing here touches a server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from scripts.errors import Drift
from scripts.model import Change, Plan, Step
from scripts.provision import policy
from scripts.provision.credentials import ACCESS_KEY_ID
from scripts.provision.names import Names


class Owner(Enum):
    """Whose access key id the record holds."""

    USER = "the user itself"
    SERVICE_ACCOUNT = "a service account of the user"
    STRANGER = "neither the user nor a service account of it"


@dataclass(frozen=True, kw_only=True)
class MinioState:
    """
    MinIO, as it was found.

    Args:
        bucket: whether it exists.

        versioning: "Enabled" or "Suspended"; "" where it was never enabled.

        policy: the document under our policy's name; None where there is none.

        user: whether it exists.

        enabled: whether it may sign in.

        policies: names of what is attached to it, sorted.

        groups: names of the groups it is in, sorted.

        owner: whose access key id the record holds.

        signs_in: whether MinIO accepts the key of the record.
    """

    bucket: bool
    versioning: str
    policy: Mapping[str, Any] | None
    user: bool
    enabled: bool
    policies: tuple[str, ...]
    groups: tuple[str, ...]
    owner: Owner
    signs_in: bool


class Action(Enum):
    """What a step does to MinIO; the order is the one they are taken in."""

    MAKE_BUCKET = "make the bucket"
    ENABLE_VERSIONING = "enable versioning"
    WRITE_POLICY = "write the policy"
    RENEW_RECORDED_KEY = "write a new key into the record"
    SET_USER_KEY = "make the user, or set its secret and enable it"
    ENABLE_USER = "enable the user"
    # pragma: allowlist nextline secret - what a step does, in words
    SET_SERVICE_ACCOUNT_KEY = "set the secret of the service account"
    ATTACH_POLICY = "attach the policy"
    DETACH_POLICIES = "detach every other policy"
    LEAVE_GROUPS = "take the user out of its groups"


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """
    A step and what takes it.

    Args:
        step: to be shown.

        action: to be taken.
    """

    step: Step
    action: Action


def plan_minio(state: MinioState, *, names: Names, record: str) -> tuple[PlannedStep, ...]:
    """
    What brings MinIO to what the record and the cluster settings say.

    What is missing is made. What is there and is not as this project makes it is replaced, which needs --force.
    A run that ends after any of these steps leaves a state that the next run completes without --force.

    Args:
        state: as it was found.

        names: of the bucket, the policy and the user.

        record: name of the record.

    Returns:
        The steps in the order they are to be taken.
    """
    return (
        *_bucket_steps(state, names),
        *_policy_steps(state, names),
        *_key_steps(state, names, record),
        *_attachment_steps(state, names),
    )


def refuse_foreign(plans: Iterable[Plan]) -> None:
    """
    Stop before a state that this project did not make is overwritten.

    Args:
        plans: all that would be done.

    Raises:
        Drift: where a step replaces something.
    """
    replaced = [(plan.subject, step) for plan in plans for step in plan.replaced]
    if replaced:
        found = ", and ".join(f"{step.subject} is {step.found} (wanted: {step.wanted})" for _, step in replaced)
        raise Drift(
            replaced[0][0],
            f"{found}; this project did not make it so",
            "put it right by hand, or run it again with `--force` to overwrite it",
        )


def _bucket_steps(state: MinioState, names: Names) -> tuple[PlannedStep, ...]:
    steps = []
    if not state.bucket:
        steps.append(_planned(Action.MAKE_BUCKET, Change.CREATE, f"bucket {names.bucket}", "missing", "there"))
    if state.versioning != "Enabled":
        suspended = bool(state.versioning)
        change = Change.REPLACE if suspended else Change.CREATE
        found = state.versioning.lower() if suspended else "never enabled"
        steps.append(
            _planned(Action.ENABLE_VERSIONING, change, f"versioning of bucket {names.bucket}", found, "enabled")
        )
    return tuple(steps)


def _policy_steps(state: MinioState, names: Names) -> tuple[PlannedStep, ...]:
    subject, wanted = f"policy {names.policy}", f"bucket {names.bucket} alone, without deletion of versions"
    if state.policy is None:
        return (_planned(Action.WRITE_POLICY, Change.CREATE, subject, "missing", wanted),)
    if not policy.is_same(state.policy, policy.document(names.bucket)):
        return (_planned(Action.WRITE_POLICY, Change.REPLACE, subject, "another document", wanted),)
    return ()


def _key_steps(state: MinioState, names: Names, record: str) -> tuple[PlannedStep, ...]:
    user, secret = f"user {names.user}", "with the secret of the record"
    renewed: tuple[PlannedStep, ...] = ()
    if state.owner is Owner.STRANGER:
        subject = f"{ACCESS_KEY_ID} of {record}"
        renewed = (
            _planned(
                Action.RENEW_RECORDED_KEY, Change.REPLACE, subject, state.owner.value, f"{user} with a new secret"
            ),
        )
    if not state.user:
        return (*renewed, _planned(Action.SET_USER_KEY, Change.CREATE, user, "missing", f"there, {secret}"))
    if state.owner is Owner.SERVICE_ACCOUNT:
        return _service_account_steps(state, user, record)
    if not state.enabled:
        return (*renewed, _planned(Action.SET_USER_KEY, Change.REPLACE, user, "disabled", f"enabled, {secret}"))
    if renewed or not state.signs_in:
        return (*renewed, _planned(Action.SET_USER_KEY, Change.REPLACE, user, "there with another secret", secret))
    return ()


def _service_account_steps(state: MinioState, user: str, record: str) -> tuple[PlannedStep, ...]:
    steps = []
    if not state.enabled:
        steps.append(_planned(Action.ENABLE_USER, Change.REPLACE, user, "disabled", "enabled"))
    if not state.signs_in:
        subject = f"service account in {record}"
        found = "disabled, or there with another secret"
        wanted = "enabled, with the secret of the record"
        steps.append(_planned(Action.SET_SERVICE_ACCOUNT_KEY, Change.REPLACE, subject, found, wanted))
    return tuple(steps)


def _attachment_steps(state: MinioState, names: Names) -> tuple[PlannedStep, ...]:
    steps = []
    subject = f"policies of user {names.user}"
    others = [name for name in state.policies if name != names.policy]
    if names.policy not in state.policies:
        steps.append(
            _planned(Action.ATTACH_POLICY, Change.CREATE, subject, f"without {names.policy}", f"with {names.policy}")
        )
    if others:
        steps.append(
            _planned(
                Action.DETACH_POLICIES, Change.REPLACE, subject, f"also {', '.join(others)}", f"{names.policy} alone"
            )
        )
    if state.groups:
        groups = f"groups of user {names.user}"
        steps.append(_planned(Action.LEAVE_GROUPS, Change.REPLACE, groups, f"in {', '.join(state.groups)}", "in none"))
    return tuple(steps)


def _planned(action: Action, change: Change, subject: str, found: str, wanted: str) -> PlannedStep:
    return PlannedStep(step=Step(change=change, subject=subject, found=found, wanted=wanted), action=action)
