"""What the tree renders to -> whether the objects fit each other."""

from collections.abc import Iterator
from dataclasses import replace

from scripts.checks import flux_graph, helm, pods, schema, volsync
from scripts.checks.fault import Fault, Places, check_exemptions, settle
from scripts.checks.objects import Objects
from scripts.model import Outcome
from scripts.render import Rendering
from scripts.source import Tree
from scripts.store import NOTHING_KEPT, Store
from scripts.validate import alerts, charts, docs
from scripts.validate.outcome import blocked, concluded, skipped

SCHEMAS = "schemas"
FLUX_GRAPH = "Flux graph"
HELM = "Helm values"
VOLSYNC = "VolSync"
PODS = "pods"
EXEMPTIONS = "exemptions"


def outcomes(tree: Tree, rendering: Rendering, places: Places, *, store: Store = NOTHING_KEPT) -> tuple[Outcome, ...]:
    """
    Check the rendered objects.

    Args:
        tree: what was read.

        rendering: of the same tree.

        places: of its objects.

        store: of earlier results.

    Returns:
        One outcome for each of: the schemas, the Flux graph, the values of HelmReleases, the chart of each of them, the
        backups, the pods, what the alerts ask for, whether they are tested, their runbooks, the documentation, the exemptions from
        rules.
    """
    checked = schema.check(Objects(resources=rendering.resources, externals=rendering.particulars.externals))
    rendered_charts = charts.attempts(checked.meant, store=store)
    objects = replace(checked.meant, made=charts.made(rendered_charts))
    pages = docs.pages_of(tree)
    count = len(objects.sources), len(objects.destinations), len(objects.claims)
    subject = "{} ReplicationSources, {} ReplicationDestinations, {} PVCs".format(*count)
    graph, backups, releases, workloads = (tuple(each.check(objects)) for each in (flux_graph, volsync, helm, pods))
    some = (
        _outcome(VOLSYNC, subject, checked.independent(backups), places)
        if any(count)
        else skipped(VOLSYNC, "kubernetes", "nothing of it is applied")
    )
    values = (
        _outcome(HELM, f"{len(rendered_charts)} HelmReleases", checked.independent(releases), places)
        if rendered_charts
        else skipped(HELM, "kubernetes", "there are no HelmReleases")
    )
    return (
        _schemas(tree, checked.subject, checked.beside((*graph, *backups, *releases, *workloads)), places),
        _outcome(
            FLUX_GRAPH,
            f"{len(rendering.kustomizations)} Flux Kustomizations",
            checked.independent(graph),
            places,
        ),
        values,
        *charts.outcomes(rendered_charts, places),
        some,
        _outcome(PODS, "workloads", checked.independent(workloads), places),
        *alerts.rendered(tree, pages, objects, places),
        docs.outcome(tree, pages, rendering, objects),
        _outcome(EXEMPTIONS, f"{len(rendering.resources)} objects", check_exemptions(rendering.resources), places),
    )


def stopped(reason: str) -> tuple[Outcome, ...]:
    """
    The outcomes where there is nothing rendered to check.

    Args:
        reason: the root cause.

    Returns:
        One outcome for each check that could not run.
    """
    names = (SCHEMAS, FLUX_GRAPH, HELM, VOLSYNC, PODS, *alerts.RENDERED, docs.CHECK, EXEMPTIONS)
    return tuple(blocked(check, "kubernetes", reason) for check in names)


def _schemas(tree: Tree, subject: str, faults: Iterator[Fault], places: Places) -> Outcome:
    findings, allowed = settle((_with_quotes(tree, each, places) for each in faults), places)
    # what is read as another type than it is written is told as that
    told = {(each.file, line) for each in tree.documents for line, _ in each.ambiguous}
    left = tuple(each for each in findings if each.rule != "schema-value" or (each.file, each.line) not in told)
    return concluded(SCHEMAS, subject, left, reason=f"{allowed} allowed with a reason" if allowed else "")


def _with_quotes(tree: Tree, fault: Fault, places: Places) -> Fault:
    if fault.next_step != schema.QUOTE:
        return fault
    file, line = places.line(fault.resource, fault.location)
    written = tree.texts.get(file, "").splitlines()[line - 1 : line]
    is_value = fault.resource.id.kind not in {each.kind for each in tree.documents if each.file == file}
    is_variable = is_value or any("${" in text for text in written)
    return replace(fault, next_step=schema.QUOTE_VARIABLE) if is_variable else fault


def _outcome(check: str, subject: str, faults: Iterator[Fault], places: Places) -> Outcome:
    findings, allowed = settle(faults, places)
    return concluded(check, subject, findings, reason=f"{allowed} allowed with a reason" if allowed else "")
