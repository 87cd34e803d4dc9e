import pytest

from scripts.checks import RULES, SECRET_RULES, alert_rules, credentials, helm_repositories, story
from scripts.document import load
from scripts.model import Finding
from scripts.render.references import closure, references

PASSPHRASE = "hunter" + "2hunter" + "2"  # pragma: allowlist secret - made up for the tests


def read(*lines, path="a.yaml"):
    (document,) = load(path, "".join(f"{line}\n" for line in lines)).documents
    return document


def test_each_rule_says_what_it_demands():
    assert set(RULES) >= SECRET_RULES
    assert all(demand.endswith(".") for demand in RULES.values())


def prometheus_rule(*rules):
    head = ("apiVersion: monitoring.coreos.com/v1", "kind: PrometheusRule", "metadata: {name: a}", "spec:", "  groups:")
    return read(*head, *rules)


GOOD_RULE = "{alert: A, expr: up, labels: {severity: high}, annotations: {summary: s, runbook_url: u}}"


@pytest.mark.parametrize(
    ("rules", "line", "message"),
    [
        pytest.param((), 5, "has no groups", id="no groups"),
        pytest.param(("  - {name: g}",), 6, "the group has no rules", id="a group without rules"),
        pytest.param(
            ("  - name: g", "    rules:", "    - {expr: up}"),
            8,
            "neither `alert` nor `record`",
            id="a rule without a name",
        ),
        pytest.param(
            ("  - name: g", "    rules:", "    - {record: r}"),
            8,
            "rule r has no `expr`",
            id="a rule that watches nothing",
        ),
        pytest.param(
            ("  - name: g", "    rules:", f"    - {GOOD_RULE.replace('severity', 'other')}"),
            8,
            "rule A has no labels.severity",
            id="an alert without severity",
        ),
        pytest.param(
            ("  - name: g", "    rules:", f"    - {GOOD_RULE.replace('runbook_url', 'url')}"),
            8,
            "rule A has no annotations.runbook_url",
            id="an alert without a runbook",
        ),
    ],
)
def test_a_rule_that_helps_nobody_is_one_finding(rules, line, message):
    (finding,) = alert_rules.check(prometheus_rule(*rules))

    assert (finding.rule, finding.line) == ("alert-rule", line)
    assert message in finding.message


def test_a_rule_with_all_it_needs_is_none():
    rules = ("  - name: g", "    rules:", f"    - {GOOD_RULE}", "    - {record: r, expr: up}")

    assert alert_rules.check(prometheus_rule(*rules)) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "kind: PrometheusRule\nspec:\n  groups:\n    - name: g\n      rules: []\n  other: 1\n",
            "\n\ngroups:\n  - name: g\n    rules: []\n",
            id="lines keep their numbers",
        ),
        pytest.param(
            "kind: PrometheusRule\nspec: {groups: [{name: g}]}\n",
            "groups:\n- name: g\n",
            id="flow style is written anew",
        ),
    ],
)
def test_the_groups_are_cut_out_for_promtool(text, expected):
    (document,) = load("a.yaml", text).documents

    assert alert_rules.rules_text(document, text) == expected


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://example.org/charts", id="http"),
        pytest.param("oci://example.org/charts", id="oci without the type that says so"),
        pytest.param("https:///charts", id="no host"),
        pytest.param("https://example.org:port/", id="a port that is no number"),
        pytest.param("https://[::1/", id="a broken address"),
        pytest.param("example.org", id="no scheme"),
        pytest.param("''", id="nothing"),
        pytest.param("[1]", id="a list"),
        pytest.param(f"https://me:{PASSPHRASE}@example.org/", id="a password in it"),
    ],
)
def test_an_address_that_cannot_be_trusted_or_read_is_one_finding(url):
    (finding,) = helm_repositories.check(read("kind: HelmRepository", "spec:", f"  url: {url}"))

    assert (finding.rule, finding.line) == ("helm-repository", 3)
    assert PASSPHRASE not in str(finding)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(("  url: https://example.org/charts/",), id="https"),
        pytest.param(("  url: https://example.org:8443/",), id="a port"),
        pytest.param(("  type: oci", "  url: oci://example.org/charts"), id="oci"),
    ],
)
def test_an_address_that_can_be_trusted_is_none(fields):
    assert helm_repositories.check(read("kind: HelmRepository", "spec:", *fields)) == ()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            ("apiVersion: v1", "kind: Secret", "data:", "  a: aHVudGVyMg==", "  b: eA=="),
            [("secret-object", 3)],
            id="a Secret, once however many values it has",
        ),
        pytest.param(("RESTIC_PASSWORD: x1",), [("secret-value", 1)], id="a variable"),
        pytest.param(("MINIO_ROOT_PASSWORD: 12345678",), [("secret-value", 1)], id="a number"),
        pytest.param(
            ("env:", "  - name: AWS_SECRET_ACCESS_KEY", "    value: x1"),
            [("secret-value", 3)],
            id="an env of a container",
        ),
        pytest.param(("args: [serve, --root-password=x1]",), [("secret-value", 1)], id="an argument"),
        pytest.param(
            ("args:", "  - --access-key", "  - x1"), [("secret-value", 2)], id="an argument with its value behind it"
        ),
        pytest.param(("API_TOKEN: |", "  x1"), [("secret-value", 1)], id="a block of text"),
    ],
)
def test_the_value_of_a_credential_is_one_finding(lines, expected):
    found = credentials.check(read(*lines))

    assert [(each.finding.rule, each.finding.line) for each in found] == expected


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(('RESTIC_PASSWORD: "{{ .RESTIC_PASSWORD }}"',), id="a template of External Secrets"),
        pytest.param(("RESTIC_PASSWORD: ${RESTIC_PASSWORD}",), id="a variable of Flux"),
        pytest.param(("args: [--password=$(PASSWORD)]",), id="a variable of Kubernetes"),
        pytest.param(("secretKey: RESTIC_PASSWORD",), id="the name of a key"),
        pytest.param(("ACCESS_KEY: AWS_ACCESS_KEY_ID",), id="the name of another variable"),
        pytest.param(("RESTIC_PASSWORD: ''",), id="nothing"),
        pytest.param(("RESTIC_PASSWORD:", "  secretKeyRef: {name: a, key: b}"), id="a reference"),
        pytest.param(("TOKEN: true",), id="a switch"),
        pytest.param(("args: [--token, --verbose]",), id="an argument without a value"),
        pytest.param(("apiVersion: v1", "kind: Secret", "stringData: {a: '${A}'}"), id="a Secret of variables"),
        pytest.param(("kind: ExternalSecret", "data: [{secretKey: a}]"), id="an ExternalSecret"),
    ],
)
def test_what_only_leads_to_a_credential_is_none(lines):
    assert credentials.check(read(*lines)) == ()


def exposure(line, last=None, rule="secret-in-tree"):
    finding = Finding(rule=rule, file="a", line=line, message="m", next_step="n")
    return credentials.Exposure(finding=finding, last=last or line)


@pytest.mark.parametrize(
    ("text", "exposures", "expected", "allowed"),
    [
        pytest.param("x", (exposure(1),), ["secret-in-tree"], 0, id="no comment"),
        pytest.param(
            "x # pragma: allowlist secret - it is made up", (exposure(1),), [], 1, id="a comment with a reason"
        ),
        pytest.param(
            "<!-- pragma: allowlist nextline secret: it is made up -->\nx", (exposure(2),), [], 1, id="one line above"
        ),
        pytest.param(
            "x # pragma: allowlist secret - it is made up\ny",
            (exposure(2),),
            ["secret-in-tree"],
            0,
            id="another line's",
        ),
        pytest.param(
            "x # pragma: allowlist secret - yes",
            (exposure(1),),
            ["secret-allowed-without-reason"],
            0,
            id="a word is no reason",
        ),
        pytest.param(
            "x # pragma: allowlist secret ------------",
            (exposure(1),),
            ["secret-allowed-without-reason"],
            0,
            id="dashes are no reason",
        ),
        pytest.param(
            "x\ny\nz", (exposure(1, 3, "first"), exposure(2)), ["first"], 0, id="one finding for the same lines"
        ),
    ],
)
def test_a_finding_is_settled_by_a_reasoned_comment_alone(text, exposures, expected, allowed):
    findings, count = credentials.settle(text, exposures)

    assert [finding.rule for finding in findings] == expected
    assert count == allowed


def test_references_are_relative_to_the_root():
    document = read(
        "resources: [a.yaml, ../b, https://example.org/x]",
        "components: [../../c]",
        "patches: [{path: p.yaml}, {patch: 'x: 1'}]",
        "configMapGenerator: [{files: [k=f.txt, g.txt], envs: [e.env]}]",
        "replacements: [{path: r.yaml}, {source: {kind: A}}]",
        path="kubernetes/x/kustomization.yaml",
    )

    names = ("x/a.yaml", "b", "x/p.yaml", "x/f.txt", "x/g.txt", "x/e.env", "x/r.yaml")
    assert references(document) == {*(f"kubernetes/{name}" for name in names), "c"}


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(("resources: a.yaml",), id="a string for a list"),
        pytest.param(("patches: [a]", "configMapGenerator: [b]"), id="strings for mappings"),
        pytest.param(("- a",), id="a list for the document"),
    ],
)
def test_a_kustomization_of_another_shape_refers_to_nothing(lines):
    assert references(read(*lines)) == frozenset()


def test_a_closure_ends_where_folders_are_built_from_each_other():
    graph = {"a": frozenset({"b"}), "b": frozenset({"a", "c"})}

    assert closure("a", graph) == {"a", "b", "c"}


def test_a_missing_folder_is_one_finding_that_names_each_criterion():
    wanted = (
        story.Criterion(name="AC1", asks="one", paths=("a/b/2.yaml",)),
        story.Criterion(name="AC2", asks="two", paths=("a/b/1.yaml", "a/b/3.yaml")),
        story.Criterion(name="AC3", asks="three", paths=("a/3.yaml", "a/4.yaml")),
    )

    found = story.missing({"a/3.yaml"}, wanted)

    assert [(name, each.file, each.message) for name, each in found] == [
        ("AC3", "a/4.yaml", "is missing, and AC3 asks for it"),
        ("AC1", "a/b", "is missing, and AC1, AC2 asks for it"),
    ]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("a\n x # pragma: allowlist secret - it is made up", True, id="the line with a comment"),
        pytest.param("# pragma: allowlist nextline secret - it is made up\n  x", True, id="one line above"),
        pytest.param("x # pragma: allowlist secret", False, id="without a reason"),
        pytest.param("x\ny # pragma: allowlist secret - it is made up", False, id="of another line"),
        pytest.param("", False, id="a file that is gone"),
    ],
)
def test_a_line_of_an_earlier_version_is_allowed_where_it_is_now(text, allowed):
    assert credentials.allows(text, "  x ") is allowed


def test_every_criterion_of_the_story_is_checked_by_something_or_says_what_does():
    assert [each.name for each in story.CRITERIA] == [f"AC{number}" for number in range(1, 11)]
    assert [each.name for each in story.CRITERIA if bool(each.checks) is bool(each.elsewhere)] == []
