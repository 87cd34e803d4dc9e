"""Alerts: what of them can never fire, fires always, shows nothing or leads nowhere; and each name of the real ones, renamed."""

import re

import promql_parser
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.checks import alerts
from scripts.checks.alerts import runbook, tested
from scripts.checks.alerts.series import SERIES
from scripts.checks.objects import Objects
from scripts.document import load
from scripts.model import Resource, ResourceId
from scripts.settings import REPOSITORY_ROOT

RULES = REPOSITORY_ROOT / "kubernetes/workloads/platform/backup/volsync-system/volsync/app/prometheusrule.yaml"
OUT_OF_SYNC = "volsync_volume_out_of_sync"
PHASE = "kube_pod_status_phase"


def prometheus_rule(*rules):
    identity = ResourceId(api_version="monitoring.coreos.com/v1", kind="PrometheusRule", namespace="a", name="a")
    document = {"metadata": {"name": "a"}, "spec": {"groups": [{"name": "a", "rules": list(rules)}]}}
    return Resource(id=identity, document=document, kustomization="a")


def objects(*rules, externals=()):
    return Objects(resources=(prometheus_rule(*rules),), externals={alerts.EXTERNAL: frozenset(externals)})


def alert(expr, **more):
    return {"alert": "A", "expr": expr, "for": "5m", "labels": {"severity": "high"}, **more}


def faults(*rules, externals=()):
    return list(alerts.check_series(objects(*rules, externals=externals)))


def broken(*rules, externals=()):
    return [each.rule for each in faults(*rules, externals=externals)]


# -------------------------------------------------------------------------------------------------- what is not there


@pytest.mark.parametrize(
    ("expr", "rule", "near"),
    [
        pytest.param("volsync_replication_status > 0", "alert-metric", "volsync_", id="a series of the story"),
        pytest.param(
            '{__name__="volsync_volume_out_of_snyc"} == 1', "alert-metric", OUT_OF_SYNC, id="named by a label"
        ),
        pytest.param('{"volsync_volume_out_of_snyc"} == 1', "alert-metric", OUT_OF_SYNC, id="a name in quotes"),
        pytest.param(f'{OUT_OF_SYNC}{{state="failed"}} == 1', "alert-label", "", id="a label of the story"),
        pytest.param(f'{OUT_OF_SYNC}{{rol="source"}} == 1', "alert-label", "role", id="a label with a typo"),
        pytest.param(f'{OUT_OF_SYNC}{{job="a" or rol="source"}} == 1', "alert-label", "role", id="a label behind or"),
        pytest.param(f'{OUT_OF_SYNC}{{role="src"}} == 1', "alert-label", "", id="a value that a label never has"),
        pytest.param(f'{OUT_OF_SYNC}{{role!="src"}} == 1', "alert-label", "", id="a value that it never has, left out"),
        pytest.param(f'{OUT_OF_SYNC}{{method="kopia"}} == 1', "alert-label", "", id="a method that is not there"),
        pytest.param(f'{PHASE}{{phase=~"Failed|Pendin"}} > 0', "alert-label", "Pending", id="one alternative of two"),
        pytest.param(f'{PHASE}{{phase=~"Err.*"}} > 0', "alert-label", "", id="a pattern that no value fits"),
        pytest.param(
            'volsync_sync_duration_seconds{quantile="0.95"} > 1', "alert-label", "0.9", id="a quantile that is not kept"
        ),
        pytest.param(f"max by (obj_nam) ({OUT_OF_SYNC}) == 1", "alert-label", "obj_name", id="by"),
        pytest.param(f"max without (pood) ({OUT_OF_SYNC}) == 1", "alert-label", "pod", id="without"),
        pytest.param("kube_job_status_failed * on (jobname) kube_job_owner > 0", "alert-label", "job_name", id="on"),
        pytest.param(f"{PHASE} == 1 and ignoring (phse) kube_pod_created > 0", "alert-label", "phase", id="ignoring"),
        pytest.param(
            "kube_job_status_failed * on (job_name) group_left (owner) kube_job_owner > 0",
            "alert-label",
            "owner_name",
            id="group_left",
        ),
        pytest.param(
            "kube_job_owner * on (job_name) group_right (owner) kube_job_status_failed > 0",
            "alert-label",
            "",
            id="group_right, from the other side",
        ),
        pytest.param(
            f'label_replace({OUT_OF_SYNC}, "a", "$1", "objname", "(.+)") == 1', "alert-label", "obj_name", id="replaced"
        ),
        pytest.param(
            f'label_join({OUT_OF_SYNC}, "a", "/", "obj_name", "objname") == 1', "alert-label", "obj_name", id="joined"
        ),
        pytest.param("histogram_quantile(0.9, up) > 1", "alert-label", "", id="a quantile of what is no histogram"),
        pytest.param(
            f'max by (pod) (label_replace({OUT_OF_SYNC}, "podx", "$1", "obj_name", "(.+)")) == 1',
            "alert-label",
            "pod",
            id="a label that is made and then dropped",
        ),
        pytest.param(
            "max by (namespace) (sum by (pod) (kube_pod_created)) > 0", "alert-label", "", id="a label that was dropped"
        ),
        pytest.param('max_over_time(upp{job="a"}[5m]) == 0', "alert-metric", "up", id="within a range"),
        pytest.param("max_over_time((upp == 0)[5m:1m]) == 0", "alert-metric", "up", id="within a subquery"),
        pytest.param("topk(scalar(upp), up == 0)", "alert-metric", "up", id="within a parameter"),
    ],
)
def test_a_name_that_is_nowhere_is_found_with_the_one_that_was_meant(expr, rule, near):
    (found,) = faults(alert(expr))

    assert (found.rule, found.location) == (rule, ("spec", "groups", 0, "rules", 0, "expr"))
    assert found.message.startswith("alert A ")
    assert near in found.next_step


@pytest.mark.parametrize(
    "expr",
    [
        pytest.param(f'{OUT_OF_SYNC}{{role="source",obj_name=~".+"}} == 1', id="labels of the series"),
        pytest.param(f'{OUT_OF_SYNC}{{pod="a",container="manager"}} == 1', id="labels of the scrape"),
        pytest.param(f'{PHASE}{{phase=~"F.*|Pending"}} > 0', id="a pattern that a value fits"),
        pytest.param(f'{OUT_OF_SYNC}{{role!=""}} == 1', id="a label that is to be there"),
        pytest.param('{__name__=~"volsync_.+", nosuch="a"} == 1', id="series that are not named"),
        pytest.param("go_goroutines{nosuch='a'} > 1", id="what the libraries expose"),
        pytest.param('probe_success{target="a"} == 0', id="the probe of an endpoint"),
        pytest.param('ALERTS{alertname="A", anything="b"}', id="what Prometheus makes of rules"),
        pytest.param('count_values("version", kube_pod_created) > 1', id="a label that is made"),
        pytest.param("max by (le) (histogram_quantile(0.9, go_x)) > 1", id="a label that may be there"),
        pytest.param(
            "kube_pod_created * on (pod) group_left (node) max by (pod, node) (go_info) > 1", id="a label of others"
        ),
        pytest.param("vector(1)", id="an alert that is always to fire"),
        pytest.param("time() - kube_pod_created > 900", id="an age"),
        pytest.param("up == 0 or absent(up)", id="arms that compare each in its own way"),
        pytest.param(f"{PHASE} unless on (pod) {PHASE} > 0", id="what something else silences"),
        pytest.param("kube_pod_created and on (pod) up == 0", id="what something else lets through"),
        pytest.param(
            'kube_pod_container_status_waiting_reason{reason="a"}', id="a series that is there while it is so"
        ),
        pytest.param("2 > 1", id="numbers"),
    ],
)
def test_what_can_be_there_is_not_told(expr):
    assert faults(alert(expr)) == []


def test_a_series_of_a_recording_rule_of_the_tree_is_there_and_its_own_series_are_looked_at():
    recording = {"record": "a:b:c", "expr": "sum(upp)"}

    assert broken(alert("a:b:c > 1"), recording) == ["alert-metric"]
    assert broken(alert("a:b:d > 1"), {**recording, "expr": "sum(up)"}) == ["alert-metric"]


@pytest.mark.parametrize("name", ["ceph_health_status", "ceph_*"])
def test_a_series_that_others_expose_is_declared(name):
    assert broken(alert("ceph_health_status > 0"), externals=[name]) == []
    assert broken(alert("cep_health_status > 0"), externals=[name]) == ["alert-metric"]


def test_a_name_that_is_used_twice_is_told_once_and_two_names_are_two():
    assert broken(alert("upp == 0 or upp == 1")) == ["alert-metric"]
    assert broken(alert("upp == 0 or upq == 1")) == ["alert-metric"] * 2


# ------------------------------------------------------------------------------------------------------- what is said


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(alert(OUT_OF_SYNC), id="no comparison"),
        pytest.param(alert(f"max by (obj_name) ({OUT_OF_SYNC})"), id="no comparison, aggregated"),
        pytest.param(alert(f"{OUT_OF_SYNC} == bool 1"), id="a comparison that gives 0 or 1"),
        pytest.param(alert(f"up == 0 or {OUT_OF_SYNC}"), id="one arm without a comparison"),
        pytest.param(alert(f"changes({OUT_OF_SYNC}[1h])"), id="a number of changes"),
        pytest.param(alert("volsync_sync_duration_seconds > 3600"), id="any quantile"),
        pytest.param(alert("sum(avg_over_time(volsync_sync_duration_seconds[1h])) > 1"), id="the sum of quantiles"),
        pytest.param({**alert("absent(up)"), "for": None}, id="absent at once"),
        pytest.param({**alert("absent(up == 1) or up == 0"), "for": "0s"}, id="absent, waiting for nothing"),
    ],
)
def test_an_expression_that_is_always_a_fault_is_found(rule):
    assert broken(rule) == ["alert-expression"]


def test_a_recording_rule_compares_nothing():
    assert broken({"record": "a:b", "expr": f"max by (obj_name) ({OUT_OF_SYNC})"}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("of {{ $labels.namespace }}", ["alert-label"], id="a label that the expression drops"),
        pytest.param("of {{ .Labels.namespace }}", ["alert-label"], id="the same, in the other spelling"),
        pytest.param('of {{ index $labels "namespace" }}', ["alert-label"], id="the same, by an index"),
        pytest.param("of {{ $labels.pod | title }}", [], id="a label that it keeps"),
        pytest.param("{{ if $labels.pod }}a{{ end }} {{ $value }}", [], id="no label at all"),
        pytest.param("$labels.namespace", [], id="a text that is no template"),
    ],
)
@pytest.mark.parametrize("place", ["annotations", "labels"])
def test_a_template_shows_labels_that_the_result_has(text, expected, place):
    rule = alert("max by (pod) (kube_pod_created) > 0")
    rule[place] = {**rule.get(place, {}), "summary": text}
    found = faults(rule)

    assert [each.rule for each in found] == expected
    assert [each.location[-2:] for each in found] == [(place, "summary")] * len(expected)


def test_a_template_is_not_judged_where_the_labels_are_not_known():
    assert broken(alert("go_info > 1", annotations={"summary": "{{ $labels.anything }}"})) == []


@pytest.mark.parametrize(
    ("expr", "label", "expected"),
    [
        pytest.param('absent(up{job="a"})', "job", [], id="what a plain selector asks for"),
        pytest.param('absent_over_time(up{job="a"}[5m])', "job", [], id="the same over a time"),
        pytest.param('absent(up{job="a"} == 1)', "job", ["alert-label"], id="nothing of what is worked out"),
        pytest.param('absent(up{job=~"a"})', "job", ["alert-label"], id="nothing of a pattern"),
    ],
)
def test_absent_tells_only_what_it_was_asked_for(expr, label, expected):
    assert broken(alert(expr, annotations={"summary": f"{{{{ $labels.{label} }}}}"})) == expected


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("critical", []), ("hihg", ["alert-severity"]), ("page", ["alert-severity"]), ("{{ $labels.severity }}", None)],
)
def test_an_alert_has_a_severity_that_somebody_is_told_of(severity, expected):
    found = broken(alert("up == 0", labels={"severity": severity}))

    assert found == (["alert-label"] if expected is None else expected)


# ------------------------------------------------------------------------------------------------------ tests, runbooks


TEST = """\
---
rule_files: [a.rules.yaml]
tests:
  - alert_rule_test:
      - {alertname: A, eval_time: 5m, exp_alerts: [{exp_labels: {}}]}
      - {alertname: B, eval_time: 5m, exp_alerts: []}
      - {alertname: C, eval_time: 5m}
      - {alertname: C, eval_time: 9m, exp_alerts: [{}]}
  - input_series: []
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("A", ["has no test in which it stays silent"], id="one that only fires"),
        pytest.param("B", ["has no test in which it fires"], id="one that is only silent"),
        pytest.param("C", [], id="one with both"),
        pytest.param("D", ["has no test in which it fires, and none in which it stays silent"], id="one with neither"),
    ],
)
def test_an_alert_is_seen_to_fire_and_to_stay_silent(name, expected):
    read = tested.read(load("tests/alerts/a.test.yaml", TEST).documents)
    found = list(alerts.check_tested(objects({"alert": name, "expr": "up == 0"}), read))

    assert [each.message for each in found] == [f"alert {name} {each}" for each in expected]
    assert [each.location[-1] for each in found] == ["alert"] * len(expected)


def test_tests_of_another_shape_expect_nothing():
    documents = load("a.test.yaml", "tests: {a: 1}\n---\n- 1\n---\ntests: [1, {alert_rule_test: 5}]\n").documents

    assert tested.read(documents).missing("A") == ("fires", "stays silent")


PAGES = {"docs/runbooks/a.md": frozenset({"first", "second-step"}), "README.md": frozenset({"x"})}


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        pytest.param("https://git.example.com/apps/blob/main/docs/runbooks/a.md#first", "", id="a heading"),
        pytest.param("https://git.example.com/docs/runbooks/a.md#fist", "(#first?)", id="a heading with a typo"),
        pytest.param("https://git.example.com/docs/runbooks/a.md", "to the top of", id="no heading"),
        pytest.param("https://git.example.com/docs/runbooks/b.md#first", "not in the tree", id="a page of the folder"),
        pytest.param("https://example.org/wiki/volsync#x", "", id="a page elsewhere"),
        pytest.param("https://example.org/other/blob/main/README.md#y", "", id="the README of another repository"),
        pytest.param("docs/runbooks/a.md#first", "begins with https://", id="a path"),
        pytest.param("kubectl get pods", "begins with https://", id="a command, as in the story"),
        pytest.param("https://[x/docs/runbooks/a.md", "is no address", id="nothing that could be an address"),
    ],
)
def test_a_runbook_link_leads_to_a_heading(link, expected):
    found = runbook.fault(link, PAGES)

    assert expected in found
    assert bool(found) is bool(expected)


# ------------------------------------------------------------------------------------------------------- the real ones


def real():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["spec"]["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def places_of_names(text, names):
    """Every place in an expression where one of the names stands by itself."""
    for found in re.finditer(r"\w+", text):
        if found[0] in names:
            yield found.span()


def label_names():
    return {label for series in SERIES.values() for label in series.labels or ()} | {"name"}


def renamed(text, names, other):
    for start, end in places_of_names(text, names):
        yield text[start:end], text[:start] + other(text[start:end]) + text[end:]


def one_letter_more(name):
    return f"{name}x"


def two_letters_swapped(name):
    return name[:-2] + name[-1] + name[-2] if name[-1] != name[-2] else f"{name[:-1]}"


def values(text):
    """Each value of a closed set, in the place where a matcher asks for it."""
    sets = {label: known for series in SERIES.values() for label, known in series.values.items()}
    for found in re.finditer(r'(\w+)=~?"([^"]*)"', text):
        for value in sets.get(found[1], ()):
            if value in found[2].split("|"):
                start = found.start(2) + found[2].index(value)
                yield value, f"{text[:start]}{one_letter_more(value)}{text[start + len(value) :]}"


MUTATIONS = {
    "a metric, one letter more": lambda text: renamed(text, SERIES, one_letter_more),
    "a metric, two letters swapped": lambda text: renamed(text, SERIES, two_letters_swapped),
    "a label, one letter more": lambda text: renamed(text, label_names(), one_letter_more),
    "a label, two letters swapped": lambda text: renamed(text, label_names(), two_letters_swapped),
    "a value of a closed set": values,
}


def mutants(rule, mutate):
    for name, expr in mutate(rule["expr"]):
        yield name, {**rule, "expr": expr}


def mutated_templates(rule):
    for key, text in rule["annotations"].items():
        for found in re.finditer(r"\$labels\.(\w+)", text):
            changed = f"{text[: found.end()]}x{text[found.end() :]}"
            yield found[1], {**rule, "annotations": {**rule["annotations"], key: changed}}


@pytest.mark.parametrize("name", sorted(real()))
def test_a_real_alert_has_no_fault(name):
    rule = real()[name]

    assert faults(rule) == []
    assert promql_parser.parse(rule["expr"])


@pytest.mark.parametrize("what", [*MUTATIONS, "a label of a template"])
def test_each_name_of_the_real_alerts_is_missed_when_it_is_changed(what, capsys):
    made = [
        (name, each, rule)
        for name, each in real().items()
        for each, rule in (mutated_templates(each) if what not in MUTATIONS else mutants(each, MUTATIONS[what]))
    ]
    survivors = [(alert_name, name) for alert_name, name, rule in made if not faults(rule)]
    with capsys.disabled():
        print(f"\n{what}: {len(made) - len(survivors)} of {len(made)} caught", end=" ")

    assert len(made) >= 5
    assert survivors == []


# ----------------------------------------------------------------------------------------------------- anything at all

tokens = st.sampled_from(
    [
        "up",
        "(",
        ")",
        "{",
        "}",
        "[5m]",
        "==",
        "1",
        " by (pod) ",
        "sum",
        "absent(",
        '"',
        "=",
        "a",
        ",",
        " or ",
        "\x00",
        "é",
    ]
)


@given(st.lists(tokens, max_size=12).map("".join) | st.text(max_size=20))
def test_whatever_an_expression_is_the_check_ends_without_an_error(text):
    held = objects(alert(text))

    assert alerts.unreadable(held) or list(alerts.check_series(held)) is not None


@pytest.mark.parametrize("value", [None, 5, "text", [1], {"rules": "x"}, {"rules": [5, {"alert": [1], "expr": {}}]}])
def test_a_group_of_another_shape_stops_nothing(value):
    document = {"metadata": {"name": "a"}, "spec": {"groups": [value]}}
    held = Objects(resources=(Resource(**{**vars(prometheus_rule()), "document": document}),), externals={})

    for found in (alerts.check_series(held), alerts.check_runbooks(held, {})):
        assert [each for each in found if not each.message] == []
