"""The documentation against the code and the manifests: tasks, flags, variables, parameters, alerts, policy, links."""

import json
import re
from pathlib import Path

import pytest
import yaml

from scripts.checks.docs.markdown import parse, read
from scripts.e2e.evidence import KNOWN_LOSSES
from scripts.e2e.scenario import Scenario
from scripts.e2e.services import Services
from scripts.process import INHERITED
from scripts.provision import policy
from scripts.settings import REPOSITORY_ROOT as ROOT
from scripts.toolchain.network import PROXIES
from tasks import namespace
from tests.docs import code, prose
from tests.docs.programs import COMMANDS

RUNBOOK = "docs/runbooks/volsync-backup-restore.md"
COMPONENT = ROOT / "kubernetes/components/volsync"
BACKUP = ROOT / "kubernetes/workloads/platform/backup/volsync-system"
DEFAULT = re.compile(r"\$\{(\w+):=((?:[^{}$]|\$\{\w+\})*)\}")


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def table(page, *head):
    """The rows of the one table of a page with this head."""
    (found,) = [rows for rows in page.tables if rows[0] == head]
    return found[1:]


def plain(cell):
    return cell.strip("`")


# --------------------------------------------------------------------------------------------- links, paths, inline code


@pytest.mark.parametrize("path", prose.pages(ROOT))
def test_every_link_path_and_task_that_a_page_names_is_there(path):
    assert prose.check(read(ROOT, path), ROOT) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("[a](docs/nothing.md)", "leads to no file", id="a link to no file"),
        pytest.param(f"[a]({RUNBOOK}#nothing)", "leads to no heading", id="a link to no heading of another page"),
        pytest.param("# One\n\n[a](#two)", "leads to no heading", id="a link to no heading of this page"),
        pytest.param("`kubernetes/clusters/apps/nothing.yaml`", "is not there", id="a path that is not there"),
        pytest.param("`kubernetes/workloads/<app>/nothing`", "is not there", id="a path with a placeholder"),
        pytest.param("`nothing.toml`", "there is no file", id="a file that is not there"),
        pytest.param("`invoke nothing`", "nothing", id="a task that there is not"),
        pytest.param("`invoke backup.list`", "backup.list", id="a task that may come later"),
        pytest.param("`.venv/bin/invoke setup --nothing`", "nothing", id="a flag that there is not"),
        pytest.param("`nox -s nothing`", "the session nothing", id="a session that there is not"),
    ],
)
def test_what_leads_nowhere_is_found(text, found):
    (problem,) = prose.check(parse(text, "README.md"), ROOT)

    assert found in problem


# ---------------------------------------------------------------------------------------------------- the task reference


def tasks():
    return {context.name: context for context in namespace.to_contexts()}


def flags():
    """Task, flag and default, as the reference is to have them."""
    return {
        (name, flag, _default(argument))
        for name, context in tasks().items()
        for argument in context.args.values()
        for flag in [f"--{argument.name.replace('_', '-')}"]
    }


def _default(argument):
    if argument.kind is bool:
        return "off"
    if argument.kind is list:
        return "all" if argument.name == "name" else ""
    return str(argument.value) if argument.value else ""


def documented_flags(page):
    return {(plain(task), plain(flag), plain(default)) for task, flag, default, _ in table(page, *FLAG_HEAD)}


FLAG_HEAD = ("task", "flag", "default", "what it is for")


def test_every_task_is_documented_with_its_own_sentence():
    page = read(ROOT, "docs/reference/tasks.md")
    written = {plain(name): sentence for name, sentence in table(page, "task", "what it does")}

    assert written == {name: namespace[name].__doc__.strip() for name in tasks()}


def test_every_flag_is_documented_with_its_default():
    assert documented_flags(read(ROOT, "docs/reference/tasks.md")) == flags()


def test_a_flag_that_is_not_documented_is_found():
    text = (ROOT / "docs/reference/tasks.md").read_text(encoding="utf-8")
    without = "\n".join(line for line in text.splitlines() if "| `setup` | `--force`" not in line)

    assert flags() - documented_flags(parse(without)) == {("setup", "--force", "off")}


def test_what_is_read_from_the_text_of_the_tasks_is_what_invoke_knows_of_them():
    known = {
        name: {f"--{each.name.replace('_', '-')}": each.takes_value for each in context.args.values()}
        for name, context in tasks().items()
    }

    assert COMMANDS.tasks == known


def test_every_session_is_documented():
    page = read(ROOT, "docs/reference/tasks.md")

    assert {plain(name) for name, _ in table(page, "session", "what it does")} == set(COMMANDS.sessions)


# --------------------------------------------------------------------------------------------------- environment, settings


def documented_variables(page):
    return {plain(name) for name, _, _ in table(page, "variable", "for", "what it is")}


def test_every_environment_variable_is_documented_and_no_other():
    page = read(ROOT, "docs/reference/settings.md")

    assert documented_variables(page) == code.variables(ROOT)


def test_what_a_program_sees_of_the_environment_is_documented():
    written = {text for text, _ in read(ROOT, "docs/reference/settings.md").code}

    assert {*INHERITED, *PROXIES} <= written


def test_a_variable_that_the_code_begins_to_read_is_found(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/new.py").write_text('NAME = "NEW_VARIABLE"\nvalue = settings.optional(NAME)\n')

    assert code.variables(tmp_path) == {"NEW_VARIABLE"}


def test_a_variable_whose_name_the_code_works_out_is_refused(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/new.py").write_text("value = settings.required(prefix + name, purpose='')\n")

    with pytest.raises(AssertionError, match="is no name"):
        code.variables(tmp_path)


def test_the_cluster_settings_are_documented_with_their_values():
    rows = table(read(ROOT, "docs/reference/settings.md"), "key", "value", "what it is")
    held = load(ROOT / "kubernetes/clusters/apps/cluster-settings.yaml")["data"]

    assert {plain(key): plain(value) for key, value, _ in rows} == held


def test_every_parameter_of_the_component_is_documented_with_its_default():
    templates = "\n".join(path.read_text(encoding="utf-8") for path in COMPONENT.glob("*/*.yaml"))
    rows = table(read(ROOT, "docs/reference/parameters.md"), "parameter", "default", "what it is")

    assert {plain(name): plain(default) for name, default, _ in rows} == dict(DEFAULT.findall(templates)) | {
        "APP": "none"
    }


# ----------------------------------------------------------------------------------------------------------- the runbook


def alerts():
    rules = load(BACKUP / "volsync/app/prometheusrule.yaml")["spec"]["groups"]
    return {rule["alert"]: rule for group in rules for rule in group["rules"]}


def missing_sections(page):
    """Alerts whose link leads to no section, or to one that leaves something out."""
    for name, rule in alerts().items():
        anchor = rule["annotations"]["runbook_url"].partition("#")[2]
        section = page.headings.get(anchor, "")
        for part in ("**Detects**", "**Cannot see**", "**First steps"):
            if part not in section:
                yield f"{name}: no {part}"


def test_every_alert_has_a_section_that_says_what_it_detects_what_it_cannot_see_and_what_to_do():
    assert list(missing_sections(read(ROOT, RUNBOOK))) == []


@pytest.mark.parametrize("part", ["#### VolSyncStaleBackup", "**Cannot see** the first day"])
def test_an_alert_without_its_section_is_found(part):
    text = (ROOT / RUNBOOK).read_text(encoding="utf-8")

    assert part in text
    assert [each for each in missing_sections(parse(text.replace(part, "…"))) if "VolSyncStaleBackup" in each]


def test_the_table_of_alerts_has_every_one_with_its_severity():
    rows = table(read(ROOT, RUNBOOK), "alert", "severity", "after")
    written = {re.sub(r"\[(\w+)\].*", r"\1", name): severity for name, severity, _ in rows}

    assert written == {name: rule["labels"]["severity"] for name, rule in alerts().items()}


def policies(page):
    text = "\n".join(block.text for block in page.blocks)
    return [json.loads(found) for found in re.findall(r"<<'POLICY'\n(.*?)\nPOLICY\n", text, re.DOTALL)]


def test_the_policy_for_mc_is_the_one_that_the_task_writes():
    (found,) = policies(read(ROOT, RUNBOOK))
    bucket = load(ROOT / "kubernetes/clusters/apps/cluster-settings.yaml")["data"]["VOLSYNC_BUCKET"]

    assert policy.is_same(found, policy.document(bucket))


def test_a_policy_without_a_denial_is_found():
    text = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    (found,) = policies(parse(text.replace('"s3:BypassGovernanceRetention", "s3:DeleteObjectVersion"', '"s3:None"')))

    assert not policy.is_same(found, policy.document("volsync"))


def test_what_a_restore_does_not_bring_back_is_in_the_runbook():
    section = read(ROOT, RUNBOOK).headings["what-a-restore-does-not-bring-back"]

    assert [loss for loss in KNOWN_LOSSES if loss.partition(" (")[0].rstrip(".") not in section] == []


def test_the_versions_are_those_of_the_releases():
    rows = table(read(ROOT, RUNBOOK), "component", "version", "chart")
    charts = [load(path)["spec"]["chart"]["spec"] for path in BACKUP.glob("*/app/helmrelease.yaml")]

    assert all(any(f"`{each['chart']}` {each['version']}" in chart for _, _, chart in rows) for each in charts)


# ------------------------------------------------------------------------------------------------------------ the README


def test_the_output_in_the_readme_has_the_steps_of_a_run():
    (output,) = [block.text for block in read(ROOT, "README.md").blocks if block.text.startswith("passed ")]
    wanted = [
        *(title for title, _ in Services(Path(), ROOT).steps()),
        *(title for title, _ in Scenario(system=None, dataset=None).steps()),
        "leave nothing behind",
    ]
    lines = [line.removeprefix("passed  ") for line in output.splitlines() if line.startswith("passed  ")]

    assert [title for line, title in zip(lines, wanted, strict=True) if not line.startswith(f"{title}: ")] == []
    assert f"{len(wanted)} of {len(wanted)} steps passed" in output


def test_the_first_code_of_the_readme_is_the_command_that_proves_it():
    blocks = read(ROOT, "README.md").blocks

    assert [block.text for block in blocks[:1]] == ["python3 bootstrap.py && .venv/bin/nox -s e2e\n"]
    assert blocks[0].line < 10
