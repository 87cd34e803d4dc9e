"""The schemas of schemas/ beside the CustomResourceDefinitions of the projects: both take and refuse the same."""

import json
import os
import random
import re
from dataclasses import dataclass
from pathlib import Path

import jsonschema_rs
import pytest

from scripts.checks.schema.library import ADDRESS, FOLDER, Library
from scripts.checks.volsync.cron import Refused, parse
from scripts.settings import REPOSITORY_ROOT
from tests.tools import crds
from tests.tools.instances import at, instance, mutations, named, path_of, paths, places, replaced

UPSTREAM = "BACKUP_UPSTREAM_CRDS"
"""Names the folder where it is not beside the checkout."""

WITHOUT_SCHEMA = {("external-secrets.io/v1", "ClusterSecretStore")}
"""Its definition is one of every provider's, and no tree of ours makes one."""

CHANGES = 4
"""Further ones of each object, drawn by chance, beside all of the field that the object was made for."""

POD = "the operator makes a pod with it, which the API server refuses"
CLAIM = "the operator makes a PVC with it, which the API server refuses"
SERVICE = "the operator makes a Service with it, which the API server refuses"
SELECTOR = "Kubernetes knows four operators, and the operator of Prometheus reads no other"
SCHEDULE = "the operator's parser refuses it after the first backup (rule volsync-schedule)"
NULL = "an API server takes the default in its place, and who wrote null left something out"
RESTIC = "restic refuses it with each backup"

STRICTER = (
    (r"spec\.trigger\.schedule", SCHEDULE),
    (r"spec\.\w+\.(a|cacheA|configA)ccessModes(\[\])?", CLAIM),
    (r"spec\.\w+\.volumeMode", CLAIM),
    (r"spec\.\w+\.serviceType", SERVICE),
    (r"spec\.restic\.retain\.(last|within)", RESTIC),
    (r"spec\.\w+\.moverSecurityContext\.(runAsUser|runAsGroup|fsGroup|supplementalGroups(\[\])?)", POD),
    (r"spec\.\w+\.moverSecurityContext\.(fsGroupChange|supplementalGroups)Policy", POD),
    (r"spec\.\w+\.moverSecurityContext\.(appArmor|seccomp)Profile\.type", POD),
    (r"spec\.\w+\.moverAffinity\..+\.operator", POD),
    (r"spec\.(targets\.ingress\.)?selector\.matchExpressions\[\]\.operator", SELECTOR),
)
"""Where ours refuses what an API server takes, and why: the location, with [] for an index, and the reason."""

DEFAULTS = (
    r"spec\.target(\.(creation|deletion)Policy|\.template\.(engineVersion|mergePolicy|templateFrom\[\]\..+))?",
    r"spec\.(data|dataFrom)\[\]\.sourceRef\.generatorRef\.apiVersion",
    r"spec\.dataFrom\[\]\.rewrite\[\]\.merge\.(conflictPolicy|into|priorityPolicy|strategy)",
    r"spec\.(refreshInterval|force|provider|timeout|chart\.spec\.(reconcileStrategy|version|verify\.provider))",
    r"spec\.verify\.(mode|provider)",
    r"spec\.postBuild\.substituteFrom\[\]\.optional",
    r"spec\.uninstall\.deletionPropagation",
    r"spec\..+[rR]elabel(ingConfig|ing)s\[\]\.action",
    r"spec\..*([cC]redentials|password|username|[sS]ecret|configMap|proxyConnectHeader\.\w+\[\])\.name",
    r"spec\.prober\.path",
)
"""Fields in which an API server takes null for the default, and ours does not: who wrote it left something out."""


KINDS = tuple(
    (fields["apiVersion"]["const"], fields["kind"]["const"])
    for path in sorted(FOLDER.glob("*/*_*.json"))
    for fields in [json.loads(path.read_text(encoding="utf-8"))["properties"]]
)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A change about which the two do not agree."""

    kind: str
    location: str
    done: str
    value: object
    is_taken: bool

    @property
    def reason(self):
        """Why it is meant to be; "" where it is not."""
        if not self.is_taken:
            return ""
        table = [(each, NULL) for each in DEFAULTS] if self.value is None else STRICTER
        return next((reason for pattern, reason in table if re.fullmatch(pattern, self.location)), "")


@pytest.fixture(scope="module")
def upstream():
    given = os.environ.get(UPSTREAM)
    folder = Path(given) if given else REPOSITORY_ROOT.parent / "shared" / "upstream-crds"
    if not list(folder.glob("*.yaml")):
        pytest.fail(f"{folder} holds no CustomResourceDefinitions of the projects; {UPSTREAM} names another folder")
    return crds.definitions(folder)


@pytest.fixture(scope="module")
def library():
    return Library(frozenset())


@pytest.fixture(scope="module")
def valid(upstream):
    return {identity: objects(crds.schema(upstream[identity]), *identity) for identity in KINDS}


@pytest.fixture(scope="module")
def compared(upstream, library, valid):
    """(kind, number of changes, differences) for each kind."""
    return [compare(crds.schema(upstream[identity]), library, valid[identity], identity[1]) for identity in KINDS]


def objects(schema, api_version, kind):
    """Field -> a valid object that has it, for each field of the schema."""
    chance = random.Random(kind)  # noqa: S311 - the same objects each time
    own = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "demo"}}
    wanted = (path for path in paths(schema) if path[0] not in {*own, "status"})
    return {path: {**instance(schema, chance, path), **own} for path in wanted}


def compare(schema, library, valid, kind):
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    chance = random.Random(kind)  # noqa: S311 - the same changes each time
    count, found = 0, []
    for path, document in valid.items():
        fields = [(name,) for name in document if name not in {"apiVersion", "kind", "metadata"}]
        changes = [change for field in fields for change in mutations(document, field)]
        chosen = [change for change in changes if path_of(change[1]) == path]
        chosen += chance.sample(changes, min(len(changes), CHANGES))
        for done, location, place, value in chosen:
            changed = replaced(document, place, value)
            count += 1
            is_taken = validator.is_valid(changed)
            if is_taken != takes(library, changed):
                given = value if location == place else ...
                found.append(Difference(kind=kind, location=named(location), done=done, value=given, is_taken=is_taken))
    return kind, count, found


def takes(library, document):
    """Whether nothing of ours has anything against it: the schema, and the rule that reads schedules."""
    validator = library.validator(document["apiVersion"], document["kind"])
    if not validator.is_valid(document):
        return False
    try:
        parse(document["spec"]["trigger"]["schedule"])
    except Refused:
        return False
    except (KeyError, TypeError):
        return True
    return True


def test_every_definition_that_is_at_hand_has_a_schema(upstream):
    assert set(KINDS) == upstream.keys() - WITHOUT_SCHEMA


@pytest.mark.parametrize("identity", KINDS, ids=lambda identity: identity[1])
def test_both_take_what_is_valid_with_each_field_that_there_is(upstream, library, valid, identity):
    theirs = jsonschema_rs.Draft202012Validator(crds.schema(upstream[identity]), validate_formats=True)
    ours = library.validator(*identity)

    each_of = valid[identity].values()
    refused = [str(error) for each in each_of for side in (theirs, ours) for error in side.iter_errors(each)]

    assert valid[identity]
    assert refused == []


def test_both_refuse_the_same_but_for_what_ours_is_meant_to_refuse(compared):
    unmeant = [each for _, _, found in compared for each in found if not each.reason]

    assert unmeant == []


def test_many_changes_of_each_field_were_compared(valid, compared):
    assert sum(count for _, count, _ in compared) > 100_000
    assert [kind for (_, kind), count in zip(KINDS, compared, strict=True) if count[1] < 20 * len(valid[_, kind])] == []


@pytest.mark.parametrize("identity", KINDS, ids=lambda identity: identity[1])
def test_both_know_the_same_fields_of_each_object(upstream, library, valid, identity):
    theirs = jsonschema_rs.Draft202012Validator(crds.schema(upstream[identity]))
    ours = library.validator(*identity)
    every = dict.fromkeys(held(library, "properties"), "x")

    differing = [
        (path, sorted(one ^ other))
        for path, document in valid[identity].items()
        for location in places(document, path)
        if isinstance(at(document, location), dict)
        for changed in [replaced(document, location, {**every, **at(document, location)})]
        for one, other in [(unknown(theirs, changed, location), unknown(ours, changed, location))]
        if one != other
    ]

    assert differing == []


@pytest.mark.parametrize("identity", KINDS, ids=lambda identity: identity[1])
def test_both_know_the_same_options_of_each_field(upstream, library, valid, identity):
    theirs = jsonschema_rs.Draft202012Validator(crds.schema(upstream[identity]))
    options = sorted(each for each in held(library, "enum") if each is not None)

    differing = [
        (path, option)
        for path, document in valid[identity].items()
        for location in places(document, path)
        if not theirs.is_valid(replaced(document, location, "no such option"))
        for changed in [replaced(document, location, option) for option in options]
        if theirs.is_valid(changed) != takes(library, changed)
        for option in [at(changed, location)]
    ]

    assert differing == []


def held(library, keyword):
    """All that any schema of ours has below a keyword."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.rglob("*.json")]
    waiting, found = [*files, library.at(f"{ADDRESS}embedded.json").schema], set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            found.update(each.get(keyword, ()))
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found


def unknown(validator, document, location):
    """The fields of a mapping in a document that a schema does not know."""
    errors = (each for each in validator.iter_errors(document) if tuple(each.instance_path) == location)
    return {name for each in errors if each.kind.name == "additionalProperties" for name in each.kind.unexpected}


def test_each_way_in_which_ours_refuses_more_was_seen(compared):
    seen = {each.reason for _, _, found in compared for each in found}

    assert {reason for _, reason in STRICTER} | {NULL} == seen - {""}
