"""The client, on a real API server: what it reads and changes, what it refuses, and how it fails."""

import dataclasses
import itertools
import threading
import time

import pytest

from scripts import cluster as clusters
from scripts.cluster import Limits, kinds
from scripts.cluster.kinds import (
    CONFIG_MAP,
    NAMESPACE,
    POD,
    REPLICATION_SOURCE,
    ROLE,
    ROLE_BINDING,
    SECRET,
    VOLUME_SNAPSHOT_CLASS,
)
from scripts.errors import Conflict, Forbidden, NotFound, Refused, SettingsError, Unreachable
from scripts.settings import Secret
from tests.cluster.api_server import write

QUICK = Limits(connect_s=2.0, answer_s=2.0, total_s=1.5)


def config_map(namespace, name="a", **data):
    return {"metadata": {"name": name, "namespace": namespace}, "data": data}


def test_the_version_is_the_servers(cluster):
    assert cluster.version().startswith("v1.")


def test_an_object_is_made_read_changed_and_removed(cluster, namespace):
    cluster.create(CONFIG_MAP, config_map(namespace, x="1", y="2"))
    cluster.patch(CONFIG_MAP, "a", namespace, {"data": {"x": "3", "y": None}})

    assert cluster.get(CONFIG_MAP, "a", namespace)["data"] == {"x": "3"}
    assert cluster.delete(CONFIG_MAP, "a", namespace) is True
    assert cluster.delete(CONFIG_MAP, "a", namespace) is False
    assert cluster.find(CONFIG_MAP, "a", namespace) is None


def test_an_object_that_is_applied_twice_is_there_once(cluster, namespace):
    cluster.apply(CONFIG_MAP, config_map(namespace, x="1"))
    cluster.apply(CONFIG_MAP, config_map(namespace, x="2"))

    assert [each["data"] for each in cluster.list(CONFIG_MAP, namespace)] == [{"x": "2"}]


def test_a_field_of_another_manager_is_a_conflict_unless_it_is_taken_over(cluster, namespace):
    cluster.apply(CONFIG_MAP, config_map(namespace, x="1"))
    held = cluster.get(CONFIG_MAP, "a", namespace)
    held["metadata"]["managedFields"][0]["manager"] = "somebody-else"
    cluster.replace(CONFIG_MAP, held)

    with pytest.raises(Conflict, match="was changed by somebody else"):
        cluster.apply(CONFIG_MAP, config_map(namespace, x="2"))
    assert cluster.apply(CONFIG_MAP, config_map(namespace, x="2"), force=True)["data"] == {"x": "2"}


def test_a_name_that_is_taken_is_a_conflict_that_says_so(cluster, namespace):
    cluster.create(CONFIG_MAP, config_map(namespace))

    with pytest.raises(Conflict, match="is there already") as taken:
        cluster.create(CONFIG_MAP, config_map(namespace))

    assert taken.value.exists is True
    assert taken.value.where == f"ConfigMap {namespace}/a"


def test_a_change_of_what_was_changed_since_is_a_conflict(cluster, namespace):
    version = cluster.create(CONFIG_MAP, config_map(namespace))["metadata"]["resourceVersion"]
    cluster.patch(CONFIG_MAP, "a", namespace, {"data": {"x": "1"}})

    with pytest.raises(Conflict, match="was changed by somebody else") as changed:
        cluster.patch(CONFIG_MAP, "a", namespace, {"metadata": {"resourceVersion": version}, "data": {"x": "2"}})

    assert changed.value.exists is False


def test_another_object_of_the_same_name_is_not_removed(cluster, namespace):
    cluster.create(CONFIG_MAP, config_map(namespace))

    with pytest.raises(Conflict):
        cluster.delete(CONFIG_MAP, "a", namespace, uid="11111111-2222-3333-4444-555555555555")


def test_an_object_that_is_missing_is_named(cluster, namespace):
    with pytest.raises(NotFound) as missing:
        cluster.get(POD, "nobody", namespace)

    assert str(missing.value).startswith(f"Pod {namespace}/nobody: is not there")
    assert missing.value.kind_is_known


def test_a_namespace_that_is_missing_is_named(cluster):
    with pytest.raises(NotFound, match="namespaces nowhere: is not there"):
        cluster.create(CONFIG_MAP, config_map("nowhere"))


@pytest.mark.parametrize(
    "ask", [lambda c, k: c.list(k), lambda c, k: c.find(k, "a", "b"), lambda c, k: c.delete(k, "a")]
)
def test_a_kind_that_the_cluster_does_not_serve_is_named_whatever_is_asked(cluster, ask):
    unknown = dataclasses.replace(REPLICATION_SOURCE, api_version="volsync.backube/v9")

    with pytest.raises(NotFound, match=r"has no ReplicationSource \(volsync.backube/v9\)") as missing:
        ask(cluster, unknown)

    assert not missing.value.kind_is_known


def test_what_this_user_may_not_do_is_named_as_a_role_names_it(namespace):
    with clusters.connect("person") as person, pytest.raises(Forbidden) as forbidden:
        person.logs("app", namespace)

    assert (forbidden.value.verb, forbidden.value.resource) == ("get", "pods/log")
    assert f"refuses to get pods/log in namespace {namespace}" in forbidden.value.found


@pytest.mark.parametrize(
    ("act", "verb", "resource"),
    [
        pytest.param(lambda c, _: c.list(REPLICATION_SOURCE), "list", "replicationsources.volsync.backube", id="list"),
        pytest.param(lambda c, n: next(c.watch(POD, n, timeout_s=5)), "list", "pods", id="watch"),
        pytest.param(lambda c, n: c.create(CONFIG_MAP, config_map(n)), "create", "configmaps", id="create"),
        pytest.param(lambda c, n: c.patch(POD, "a", n, {}, subresource="status"), "patch", "pods/status", id="patch"),
        pytest.param(lambda c, n: c.delete(NAMESPACE, n), "delete", "namespaces", id="delete"),
    ],
)
def test_each_verb_is_named(namespace, act, verb, resource):
    with clusters.connect("stranger") as stranger, pytest.raises(Forbidden) as forbidden:
        act(stranger, namespace)

    assert (forbidden.value.verb, forbidden.value.resource) == (verb, resource)


def test_a_role_lets_a_user_do_what_it_names_and_nothing_else(cluster, namespace):
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    cluster.create(ROLE, {"metadata": {"name": "reader", "namespace": namespace}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "person"}]
    metadata = {"name": "reader", "namespace": namespace}
    cluster.create(ROLE_BINDING, {"metadata": metadata, "roleRef": reference, "subjects": subjects})

    with clusters.connect("person") as person:
        person.list(CONFIG_MAP, namespace)
        with pytest.raises(Forbidden):
            person.list(CONFIG_MAP)
        with pytest.raises(Forbidden):
            person.create(CONFIG_MAP, config_map(namespace))


def test_what_the_api_refuses_is_told_in_its_words(cluster, namespace):
    with pytest.raises(Refused, match="a lowercase RFC 1123 subdomain"):
        cluster.create(CONFIG_MAP, config_map(namespace, name="A_B"))


def test_the_values_of_a_secret_are_secrets_and_in_no_message(cluster, namespace):
    metadata = {"name": "a", "namespace": namespace}
    cluster.create(SECRET, {"metadata": metadata, "stringData": {"key": "hunter2"}})

    assert cluster.secret("a", namespace) == {"key": Secret("hunter2")}
    with pytest.raises(Refused) as refused:
        cluster.create(SECRET, {"metadata": {**metadata, "name": "b"}, "data": {"key": "hunter2 is no base64"}})
    assert "hunter2" not in str(refused.value)


def test_a_list_of_more_than_one_page_is_whole(cluster, namespace, monkeypatch):
    monkeypatch.setattr("scripts.cluster.listing.PAGE", 3)
    for number in range(10):
        cluster.create(CONFIG_MAP, config_map(namespace, name=f"n{number}"))

    found = cluster.list(CONFIG_MAP, namespace)

    assert [each["metadata"]["name"] for each in found] == [f"n{number}" for number in range(10)]
    assert {(each["apiVersion"], each["kind"]) for each in found} == {("v1", "ConfigMap")}


def test_a_list_can_be_narrowed_by_labels_and_fields(cluster, namespace):
    for name in ("a", "b"):
        document = config_map(namespace, name=name)
        cluster.create(CONFIG_MAP, {**document, "metadata": {**document["metadata"], "labels": {"name": name}}})

    by_label = cluster.list(CONFIG_MAP, namespace, labels="name=a")
    by_field = cluster.list(CONFIG_MAP, namespace, fields="metadata.name=b")

    assert [each["metadata"]["name"] for each in (*by_label, *by_field)] == ["a", "b"]


def test_a_wait_ends_when_it_is_so(cluster, namespace):
    timer = threading.Timer(0.5, lambda: cluster.create(CONFIG_MAP, config_map(namespace, x="1")))
    timer.start()

    found = cluster.wait(CONFIG_MAP, "a", namespace, lambda found: found, timeout_s=60, what="the object")

    timer.join()
    assert found["data"] == {"x": "1"}


def test_a_wait_in_vain_says_what_it_saw_last(cluster, namespace):
    with pytest.raises(Unreachable) as vain:
        cluster.wait(NAMESPACE, namespace, "", lambda _: False, timeout_s=0.5, what="its end")

    assert vain.value.where == f"Namespace {namespace}"
    assert vain.value.found == 'waited 0.5 s for its end, last seen: {"phase": "Active"}'


def test_a_wait_for_what_is_not_there_says_so(cluster, namespace):
    with pytest.raises(Unreachable, match="last seen: it is not there"):
        cluster.wait(CONFIG_MAP, "a", namespace, lambda found: found, timeout_s=0.1, what="the object")


def test_an_api_that_is_away_for_good_is_unreachable(door):
    door.shut()
    begun = time.monotonic()
    with clusters.connect("administrator-gate", QUICK) as cluster, pytest.raises(Unreachable, match="does not answer"):
        cluster.list(NAMESPACE)

    assert time.monotonic() - begun < 20


def test_an_api_that_comes_back_was_never_away(door):
    door.shut()
    timer = threading.Timer(1.0, door.open)
    timer.start()
    with clusters.connect("administrator-gate") as cluster:
        assert cluster.list(NAMESPACE)
    timer.join()


def test_an_api_that_is_slow_is_waited_for_and_one_that_is_too_slow_is_not(door):
    door.slow(0.3)
    with clusters.connect("administrator-gate") as cluster:
        assert cluster.list(NAMESPACE)
    door.slow(5.0)
    with clusters.connect("administrator-gate", QUICK) as cluster, pytest.raises(Unreachable):
        cluster.list(NAMESPACE)


def test_a_connection_that_is_cut_while_it_is_idle_is_made_again(door):
    with clusters.connect("administrator-gate") as cluster:
        cluster.list(NAMESPACE)
        door.cut()

        assert cluster.list(NAMESPACE)


def test_something_that_may_have_been_made_is_not_made_again(door, namespace):
    with clusters.connect("administrator-gate", QUICK) as cluster:
        cluster.list(NAMESPACE)
        door.slow(0.5)
        timer = threading.Timer(0.2, door.cut)
        timer.start()
        with pytest.raises(Unreachable):
            cluster.create(CONFIG_MAP, config_map(namespace))
        timer.join()
        door.open()

        assert [each["metadata"]["name"] for each in cluster.list(CONFIG_MAP, namespace)] == ["a"]


def test_many_threads_share_one_client(cluster, namespace):
    failures = []

    def work(number):
        try:
            cluster.create(CONFIG_MAP, config_map(namespace, name=f"n{number}"))
            cluster.get(CONFIG_MAP, f"n{number}", namespace)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(cluster.list(CONFIG_MAP, namespace)) == 20


def test_credentials_that_are_refused_are_told(api):
    document = api.kubeconfig()
    document["users"] = [{"name": each["name"], "user": {"token": "x" * 20}} for each in document["users"]]
    file = api.folder / "kubeconfig"
    before = file.read_text()
    write(document, file)
    try:
        with clusters.connect("administrator") as cluster, pytest.raises(Refused, match="does not accept"):
            cluster.version()
    finally:
        file.write_text(before)


def test_a_server_that_is_not_the_one_of_the_context_is_refused_at_once(api, tmp_path, monkeypatch):
    document = api.kubeconfig()
    for each in document["clusters"]:
        # an authority of this machine's, which has nothing to do with it
        del each["cluster"]["certificate-authority"]
    monkeypatch.setenv("KUBECONFIG", str(write(document, tmp_path / "kubeconfig")))
    with clusters.connect("administrator") as cluster, pytest.raises(SettingsError, match="does not prove who it is"):
        cluster.version()


@pytest.mark.parametrize(
    "kind", [each for each in vars(kinds).values() if isinstance(each, kinds.Kind)], ids=lambda k: k.kind
)
def test_each_kind_that_is_used_is_served_as_it_is_named(cluster, kind):
    cluster.list(kind)


def test_no_two_kinds_are_one():
    found = [each for each in vars(kinds).values() if isinstance(each, kinds.Kind)]

    assert all(one != other for one, other in itertools.combinations(found, 2))
    assert VOLUME_SNAPSHOT_CLASS.path(name="a/b") == "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses/a%2Fb"
