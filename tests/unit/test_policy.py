"""The policy of the movers' user."""

import copy

import pytest

from scripts.provision import policy


@pytest.mark.parametrize(
    "action",
    [
        pytest.param("s3:DeleteObjectVersion", id="deleting a version for good"),
        pytest.param("s3:BypassGovernanceRetention", id="going round a retention"),
        pytest.param("s3:PutBucketVersioning", id="suspending versioning"),
        pytest.param("s3:PutLifecycleConfiguration", id="letting versions expire"),
        pytest.param("s3:DeleteBucket", id="deleting the bucket"),
        pytest.param("s3:ForceDeleteBucket", id="deleting the bucket with all that is in it"),
        pytest.param("s3:PutBucketPolicy", id="opening the bucket to others"),
        pytest.param("s3:DeleteBucketPolicy", id="closing the bucket to others"),
    ],
)
def test_what_makes_a_loss_final_is_denied_and_not_only_not_allowed(action):
    statements = policy.document("volsync")["Statement"]

    assert [s["Effect"] for s in statements if action in s["Action"]] == ["Deny"]


def test_every_statement_is_about_the_bucket_alone():
    resources = {resource for s in policy.document("volsync")["Statement"] for resource in s["Resource"]}

    assert resources == {"arn:aws:s3:::volsync", "arn:aws:s3:::volsync/*"}


def test_nothing_is_both_allowed_and_denied():
    statements = policy.document("volsync")["Statement"]
    allowed = {action for s in statements if s["Effect"] == "Allow" for action in s["Action"]}
    denied = {action for s in statements if s["Effect"] == "Deny" for action in s["Action"]}

    assert allowed & denied == set()
    assert not any("*" in action for action in allowed)


def reordered(document):
    document["Statement"].reverse()
    for statement in document["Statement"]:
        statement["Action"].reverse()


def labelled(document):
    document["Statement"][0]["Sid"] = "list"


def unlisted(document):
    document["Statement"][0]["Resource"] = document["Statement"][0]["Resource"][0]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(reordered, id="another order, as MinIO gives it back"),
        pytest.param(labelled, id="a label on a statement"),
        pytest.param(unlisted, id="one resource without its list"),
    ],
)
def test_the_same_said_in_another_way_is_the_same(change):
    found = policy.document("volsync")
    change(found)

    assert policy.is_same(found, policy.document("volsync"))


def without_denial(document):
    document["Statement"].pop()


def with_more_allowed(document):
    document["Statement"][1]["Action"].append("s3:DeleteObjectVersion")


def of_every_bucket(document):
    document["Statement"][1]["Resource"] = ["arn:aws:s3:::*"]


def allowed_instead(document):
    document["Statement"][3]["Effect"] = "Allow"


def under_a_condition(document):
    document["Statement"][3]["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(without_denial, id="a denial is missing"),
        pytest.param(with_more_allowed, id="something more is allowed"),
        pytest.param(of_every_bucket, id="it is about every bucket"),
        pytest.param(allowed_instead, id="what is to be denied is allowed"),
        pytest.param(under_a_condition, id="the denial has a condition"),
        pytest.param(dict.clear, id="it is empty"),
    ],
)
def test_a_policy_that_says_anything_else_is_another_one(change):
    found = copy.deepcopy(policy.document("volsync"))
    change(found)

    assert not policy.is_same(found, policy.document("volsync"))
