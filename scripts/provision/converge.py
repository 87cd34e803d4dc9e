"""Record and MinIO, as they are -> as the cluster settings want them; everything they need is an argument."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from scripts import progress
from scripts.cluster_settings import ClusterSettings
from scripts.model import Plan, Step
from scripts.provision import minio
from scripts.provision.credentials import (
    ACCESS_KEY_ID,
    LABELS,
    SECRET_ACCESS_KEY,
    AccessKey,
    Field,
    RecordState,
    complete,
    made,
)
from scripts.provision.minio import Observed, Taking
from scripts.provision.minio_clients import MinioAccess, MinioServer
from scripts.provision.names import Names, checked_names
from scripts.provision.plan import PlannedStep, plan_minio, refuse_foreign
from scripts.provision.proof import prove
from scripts.provision.record import Record
from scripts.provision.record_plan import RecordPlan, plan_record


def show_nothing(_plans: tuple[Plan, ...]) -> None:
    """
    Tell nobody of the plans.

    Args:
        _plans: what would be done.
    """


def show_progress(step: Step) -> contextlib.AbstractContextManager[None]:
    """
    Show a step while it is taken.

    Args:
        step: that is taken.

    Returns:
        What surrounds it.
    """
    return progress.step(str(step))


@dataclass(frozen=True, kw_only=True)
class Manner:
    """
    How a run goes about it.

    Args:
        dry_run: plan and show, and change nothing.

        force: overwrite what this project did not make; never RESTIC_PASSWORD.

        show: is given all plans before anything is changed.

        taking: surrounds each step while it is taken.
    """

    dry_run: bool = False
    force: bool = False
    show: Callable[[tuple[Plan, ...]], None] = show_nothing
    taking: Taking = show_progress


MANNER = Manner()


@dataclass(frozen=True, kw_only=True)
class Converged:
    """
    What a run did.

    Args:
        plans: what was left to do, in the order it was done.

        proven: what the key of the record was seen to do and to be refused, a sentence each; none on a dry run.
    """

    plans: tuple[Plan, ...]
    proven: tuple[str, ...] = ()


def set_up_record(record: Record, settings: ClusterSettings, manner: Manner = MANNER) -> Converged:
    """
    Make or complete the record of the credentials.

    Args:
        record: where they are kept.

        settings: of the cluster.

        manner: how to go about it.

    Returns:
        What was done.

    Raises:
        Drift: where something would be overwritten that this project did not make.

        Unreachable, Refused, SettingsError: where the record cannot be read or written.
    """
    names = checked_names(settings)
    state = record.observe()
    planned = plan_record(state, name=record.name, made=made(names.user))
    if _agreed((planned.plan,), manner):
        _write(record, state, planned, manner)
    return Converged(plans=(planned.plan,))


def set_up_minio(record: Record, access: MinioAccess, settings: ClusterSettings, manner: Manner = MANNER) -> Converged:
    """
    Bring MinIO to what the record and the cluster settings say, and prove it.

    Args:
        record: where the credentials are kept; it has to be complete.

        access: MinIO and its administrator.

        settings: of the cluster.

        manner: how to go about it.

    Returns:
        What was done.

    Raises:
        Drift: where something would be overwritten that this project did not make.

        ProofFailed: where the key of the record can do too much or too little.

        Unreachable, Refused, SettingsError: where the record or MinIO cannot be read or written.
    """
    names = checked_names(settings, access.administrator)
    observed, steps = _planned(record, access, names, record.read().key)
    plan = _plan(access.server, steps)
    if not _agreed((plan,), manner):
        return Converged(plans=(plan,))
    return Converged(plans=(plan,), proven=_applied(record, access, names, manner, observed=observed, steps=steps))


def set_up_all(record: Record, access: MinioAccess, settings: ClusterSettings, manner: Manner = MANNER) -> Converged:
    """
    Make or complete the record, then bring MinIO to it and prove it; both are planned before either is changed.

    Args:
        record: where the credentials are kept.

        access: MinIO and its administrator.

        settings: of the cluster.

        manner: how to go about it.

    Returns:
        What was done.

    Raises:
        Drift: where something would be overwritten that this project did not make.

        ProofFailed: where the key of the record can do too much or too little.

        Unreachable, Refused, SettingsError: where the record or MinIO cannot be read or written.
    """
    names = checked_names(settings, access.administrator)
    state = record.observe()
    planned = plan_record(state, name=record.name, made=made(names.user))
    key = complete(_after(state, planned), name=record.name).key
    observed, steps = _planned(record, access, names, key)
    plans = (planned.plan, _plan(access.server, steps))
    if not _agreed(plans, manner):
        return Converged(plans=plans)
    _write(record, state, planned, manner)
    return Converged(plans=plans, proven=_applied(record, access, names, manner, observed=observed, steps=steps))


def check_minio(
    record: Record, server: MinioServer, settings: ClusterSettings, administrator: AccessKey | None = None
) -> tuple[str, ...]:
    """
    Prove what the key of the record can do and what it cannot; nothing is set up.

    Args:
        record: where the credentials are kept; it has to be complete.

        server: MinIO.

        settings: of the cluster.

        administrator: removes what the proof wrote; where None, one small object version stays.

    Returns:
        What was proven, a sentence each.

    Raises:
        ProofFailed: where the key can do too much or too little.

        Unreachable, Refused, SettingsError: where the record or MinIO cannot be read.
    """
    names = checked_names(settings)
    return prove(server, names.bucket, record.read().key, administrator=administrator)


def _planned(
    record: Record, access: MinioAccess, names: Names, key: AccessKey
) -> tuple[Observed, tuple[PlannedStep, ...]]:
    observed = minio.observe(access, names, key)
    return observed, plan_minio(observed.state, names=names, record=record.name)


def _plan(server: MinioServer, steps: tuple[PlannedStep, ...]) -> Plan:
    return Plan(subject=server.name, steps=tuple(planned.step for planned in steps))


def _agreed(plans: tuple[Plan, ...], manner: Manner) -> bool:
    """Show what would be done, stop before a foreign state; True where it is to be done."""
    manner.show(plans)
    if not manner.force:
        refuse_foreign(plans)
    return not manner.dry_run


def _write(record: Record, state: RecordState, planned: RecordPlan, manner: Manner) -> None:
    if not planned.fields:
        return
    with contextlib.ExitStack() as taking:
        for step in planned.plan.steps:
            taking.enter_context(manner.taking(step))
        record.write(state, planned.fields)


def _applied(
    record: Record,
    access: MinioAccess,
    names: Names,
    manner: Manner,
    *,
    observed: Observed,
    steps: tuple[PlannedStep, ...],
) -> tuple[str, ...]:
    def renew() -> AccessKey:
        fresh = made(names.user)
        record.write(record.observe(), [(label, fresh[label]) for label in (ACCESS_KEY_ID, SECRET_ACCESS_KEY)])
        return record.read().key

    minio.apply(access, names, observed, steps, renew=renew, taking=manner.taking)
    settle_s = access.server.patience.settle_s if steps else 0.0
    key = record.read().key
    return prove(access.server, names.bucket, key, administrator=access.administrator, settle_s=settle_s)


def _after(state: RecordState, planned: RecordPlan) -> RecordState:
    """The record as it will be."""
    values = {label: state.value(label) for label in LABELS} | dict(planned.fields)
    fields = tuple(Field(label=label, value=value, concealed=True) for label, value in values.items())
    return replace(state, exists=True, fields=fields)
