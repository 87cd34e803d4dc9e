"""The steps between what was found in MinIO and what is wanted there."""

import dataclasses
import itertools

import pytest

from scripts.errors import Drift
from scripts.model import Change, Plan
from scripts.provision import policy
from scripts.provision.names import Names
from scripts.provision.plan import Action, MinioState, Owner, plan_minio, refuse_foreign

NAMES = Names(bucket="volsync", policy="volsync-backup", user="volsync-backup")
OTHER_POLICY = {"Version": policy.VERSION, "Statement": []}

FRESH = MinioState(
    bucket=False,
    versioning="",
    policy=None,
    user=False,
    enabled=False,
    policies=(),
    groups=(),
    owner=Owner.USER,
    signs_in=False,
)
CONVERGED = MinioState(
    bucket=True,
    versioning="Enabled",
    policy=policy.document("volsync"),
    user=True,
    enabled=True,
    policies=("volsync-backup",),
    groups=(),
    owner=Owner.USER,
    signs_in=True,
)


def planned(state):
    return plan_minio(state, names=NAMES, record="item volsync-minio")


def changed(**what):
    return dataclasses.replace(CONVERGED, **what)


def test_a_fresh_server_gets_everything_and_nothing_is_replaced():
    steps = planned(FRESH)

    assert [(step.action, step.step.change) for step in steps] == [
        (Action.MAKE_BUCKET, Change.CREATE),
        (Action.ENABLE_VERSIONING, Change.CREATE),
        (Action.WRITE_POLICY, Change.CREATE),
        (Action.SET_USER_KEY, Change.CREATE),
        (Action.ATTACH_POLICY, Change.CREATE),
    ]


def test_nothing_is_left_to_do_on_a_server_that_is_as_wanted():
    assert planned(CONVERGED) == ()


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(changed(owner=Owner.SERVICE_ACCOUNT), id="the key of a service account of the user"),
        pytest.param(
            changed(policy=dict(reversed(policy.document("volsync").items()))), id="the policy in another order"
        ),
    ],
)
def test_what_is_right_in_another_way_is_left_alone(state):
    assert planned(state) == ()


@pytest.mark.parametrize(
    ("state", "action"),
    [
        pytest.param(changed(versioning=""), Action.ENABLE_VERSIONING, id="versioning was never enabled"),
        pytest.param(changed(policy=None), Action.WRITE_POLICY, id="the policy is missing"),
        pytest.param(changed(policies=()), Action.ATTACH_POLICY, id="nothing is attached"),
    ],
)
def test_what_is_missing_is_made_without_force(state, action):
    steps = planned(state)

    assert [step.action for step in steps] == [action]
    refuse_foreign([Plan(subject="MinIO", steps=tuple(step.step for step in steps))])


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        pytest.param(changed(versioning="Suspended"), [Action.ENABLE_VERSIONING], id="versioning was suspended"),
        pytest.param(changed(policy=OTHER_POLICY), [Action.WRITE_POLICY], id="another document under our name"),
        pytest.param(changed(enabled=False, signs_in=False), [Action.SET_USER_KEY], id="the user was disabled"),
        pytest.param(changed(signs_in=False), [Action.SET_USER_KEY], id="the user has another secret"),
        pytest.param(
            changed(policies=("readwrite", "volsync-backup")), [Action.DETACH_POLICIES], id="another policy is attached"
        ),
        pytest.param(changed(groups=("admins",)), [Action.LEAVE_GROUPS], id="the user is in a group"),
        pytest.param(
            changed(owner=Owner.STRANGER, signs_in=True),
            [Action.RENEW_RECORDED_KEY, Action.SET_USER_KEY],
            id="the record has a stranger's key that works",
        ),
        pytest.param(
            changed(owner=Owner.STRANGER, signs_in=False),
            [Action.RENEW_RECORDED_KEY, Action.SET_USER_KEY],
            id="the record has a key that nobody has",
        ),
        pytest.param(
            changed(owner=Owner.SERVICE_ACCOUNT, signs_in=False),
            [Action.SET_SERVICE_ACCOUNT_KEY],
            id="the service account has another secret",
        ),
        pytest.param(
            changed(owner=Owner.SERVICE_ACCOUNT, signs_in=False, enabled=False),
            [Action.ENABLE_USER, Action.SET_SERVICE_ACCOUNT_KEY],
            id="the user of the service account was disabled",
        ),
    ],
)
def test_what_somebody_else_made_is_replaced_only_with_force(state, actions):
    steps = planned(state)
    plan = Plan(subject="MinIO", steps=tuple(step.step for step in steps))

    assert [step.action for step in steps] == actions
    assert plan.replaced == plan.steps
    with pytest.raises(Drift, match="`--force`"):
        refuse_foreign([plan])


def after(state, action):
    """What a server looks like once a step was taken."""
    everything = {
        Action.MAKE_BUCKET: {"bucket": True},
        Action.ENABLE_VERSIONING: {"versioning": "Enabled"},
        Action.WRITE_POLICY: {"policy": policy.document("volsync")},
        Action.RENEW_RECORDED_KEY: {"owner": Owner.USER, "signs_in": False},
        Action.SET_USER_KEY: {"user": True, "enabled": True, "signs_in": True},
        Action.ENABLE_USER: {"enabled": True},
        Action.SET_SERVICE_ACCOUNT_KEY: {"signs_in": True},
        Action.ATTACH_POLICY: {"policies": tuple(sorted({*state.policies, NAMES.policy}))},
        Action.DETACH_POLICIES: {"policies": tuple(name for name in state.policies if name == NAMES.policy)},
        Action.LEAVE_GROUPS: {"groups": ()},
    }
    return dataclasses.replace(state, **everything[action])


def possible_states():
    """Every state that a server can be found in, as far as a plan can tell them apart."""
    buckets = [(False, ""), (True, ""), (True, "Suspended"), (True, "Enabled")]
    documents = [None, OTHER_POLICY, policy.document("volsync")]
    for (bucket, versioning), document, user in itertools.product(buckets, documents, list(possible_users())):
        yield MinioState(bucket=bucket, versioning=versioning, policy=document, **user)


def possible_users():
    nobody = {"user": False, "enabled": False, "policies": (), "groups": (), "signs_in": False}
    yield from ({**nobody, "owner": owner} for owner in (Owner.USER, Owner.STRANGER))
    attached = [(), ("volsync-backup",), ("readwrite",), ("readwrite", "volsync-backup")]
    for enabled, policies, groups, owner, signs_in in itertools.product(
        [True, False], attached, [(), ("admins",)], Owner, [True, False]
    ):
        # a disabled user does not sign in, nor do its service accounts
        if enabled or not signs_in or owner is Owner.STRANGER:
            yield {
                "user": True,
                "enabled": enabled,
                "policies": policies,
                "groups": groups,
                "owner": owner,
                "signs_in": signs_in,
            }


def test_whatever_is_found_the_steps_lead_to_what_is_wanted():
    states = list(possible_states())
    for state in states:
        end = state
        for step in planned(state):
            end = after(end, step.action)

        assert planned(end) == (), state
    assert len(states) > 900


def test_a_run_that_ends_after_any_step_leaves_nothing_that_looks_foreign():
    for state in possible_states():
        steps = planned(state)
        if any(step.step.change is Change.REPLACE for step in steps):
            continue
        left = state
        for step in steps:
            left = after(left, step.action)

            assert not [next_ for next_ in planned(left) if next_.step.change is Change.REPLACE], state
