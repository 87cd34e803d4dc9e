"""What a tree renders to: what is right is not told, and what many apps share is told once."""

import pytest

from scripts.checks.volsync.spread import spread_schedule
from scripts.validate import conclude, validate
from tests.tools.trees import CLUSTER, COMPONENT, DEMO, SYSTEM, append, both, places, replace, write

SOURCE = f"{COMPONENT}/replicationsource/replicationsource.yaml"
DESTINATION = f"{COMPONENT}/replicationdestination/replicationdestination.yaml"
CLAIM = f"{COMPONENT}/pvc/pvc.yaml"
EXTERNAL_SECRET = f"{COMPONENT}/externalsecret/externalsecret.yaml"
EXTERNALS = "kubernetes/tree.yaml"
APPLIED_BY = f"{CLUSTER}/demo.yaml"
VOLSYNC = f"{SYSTEM}/volsync/ks.yaml"
FOLDER = "kubernetes/workloads/apps/demo"


def add(name, text):
    """A further object of the app."""
    return both(append(DEMO, f"  - {name}\n"), write(f"{FOLDER}/{name}", f"---\n{text}"))


CACHE = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: cache
  annotations:
    allow.backup/volsync-unprotected: it is made anew at each start
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
CLONES = """\
patches:
  - patch: '[{"op": "replace", "path": "/spec/restic/copyMethod", "value": "Clone"}]'
    target:
      kind: ReplicationSource
"""


def crowd(count, schedule="0 2 * * *"):
    """So many apps more, of one template."""

    def edit(root):
        replace(DEMO, "namespace: demo", "namespace: ${APP}")(root)
        replace(f"{FOLDER}/namespace.yaml", "name: demo", "name: ${APP}")(root)
        text = (root / APPLIED_BY).read_text(encoding="utf-8")
        replace(SOURCE, "0 2 * * *", f"${{BACKUP_SCHEDULE:={schedule}}}")(root)
        for number in range(count):
            other = text.replace("cluster-apps-demo", f"cluster-apps-demo-{number}")
            write(f"{CLUSTER}/demo-{number}.yaml", other.replace("APP: demo", f"APP: demo-{number}"))(root)
            append(f"{CLUSTER}/kustomization.yaml", f"  - demo-{number}.yaml\n")(root)

    return edit


def each_has_its_own_minute(root):
    for number in range(10):
        variable = f'BACKUP_SCHEDULE: "{spread_schedule(f"demo-{number}")}"'
        replace(f"{CLUSTER}/demo-{number}.yaml", "    substitute:\n", f"    substitute:\n      {variable}\n")(root)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(
            both(
                replace(SOURCE, "-restic-secret", "-restic"),
                replace(DESTINATION, "-restic-secret", "-restic"),
                append(
                    EXTERNALS,
                    "  # pragma: allowlist nextline secret - a name, and no value\n  Secret:\n    - demo/demo-restic\n",
                ),
            ),
            id="others make the Secret",
        ),
        pytest.param(
            replace(SOURCE, "name: ${APP}-src", f"name: ${{APP}}-{'long' * 11}ab"), id="a name has 51 characters"
        ),
        pytest.param(append(DEMO, CLONES), id="a source clones"),
        pytest.param(replace(DESTINATION, "capacity: 1Gi", "capacity: 1024Mi"), id="a size is written in another way"),
        pytest.param(replace(DESTINATION, "    repository", "    previous: 0\n    repository"), id="previous is 0"),
        pytest.param(replace(SOURCE, "daily: 7", "daily: 0\n      last: unlimited"), id="a source keeps everything"),
        pytest.param(replace(SOURCE, "daily: 7", "within: 30d"), id="a source keeps what is young"),
        pytest.param(replace(SOURCE, "0 2 * * *", '"@daily"'), id="a schedule has a name"),
        pytest.param(both(crowd(10), each_has_its_own_minute), id="each starts at the minute of its name"),
        pytest.param(append(VOLSYNC, "  wait: false\n"), id="health checks without wait"),
    ],
)
def test_what_is_no_fault_of_what_is_rendered_is_not_told(tree, tools, edit):
    edit(tree)

    conclude(validate(tree, tools=tools))


def test_the_exemptions_are_counted(tree, tools):
    add("claim.yaml", CACHE)(tree)

    found = validate(tree, tools=tools)

    assert [each.reason for each in found.outcomes if each.check == "VolSync"] == ["1 allowed with a reason"]


def test_a_fault_of_the_component_is_told_once_and_says_how_many_apps_have_it(tree, tools):
    both(crowd(3), replace(SOURCE, "daily: 7", "daily: 0"))(tree)

    found = validate(tree, tools=tools)

    assert places(found) == [("volsync-retain", SOURCE, 15)]
    assert "(and 3 more: ReplicationSource demo-0/demo-0-src" in found.findings[0].message


def test_what_is_rendered_is_not_checked_where_the_tree_does_not_render(tree, tools):
    replace(APPLIED_BY, "apps/demo", "apps/dem")(tree)

    found = validate(tree, tools=tools)

    assert {"schemas", "Flux graph", "VolSync", "exemptions"} <= {
        each.check for each in found.outcomes if each.status.value == "blocked"
    }
