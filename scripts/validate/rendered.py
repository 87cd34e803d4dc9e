"""What the tree renders to -> whether the objects fit each other."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from scripts.checks import flux, flux_graph, helm, volsync
from scripts.checks.fault import Fault, Places, check_exemptions, settle
from scripts.checks.objects import Objects
from scripts.model import Outcome
from scripts.render import Rendering
from scripts.source import Tree
from scripts.store import NOTHING_KEPT, Store
from scripts.validate import charts
from scripts.validate.outcome import blocked, concluded, skipped

FLUX_GRAPH = "Flux graph"
HELM = "Helm values"
VOLSYNC = "VolSync"
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
        One outcome for each of: the Flux graph, the values of HelmReleases, the chart of each of them, the backups, the
        exemptions from rules.
    """
    found = Objects(resources=rendering.resources, externals=flux.external_objects(tree.documents))
    rendered_charts = charts.attempts(found, store=store)
    objects = replace(found, made=charts.made(rendered_charts))
    count = len(objects.sources), len(objects.destinations), len(objects.claims)
    subject = "{} ReplicationSources, {} ReplicationDestinations, {} PVCs".format(*count)
    some = (
        _outcome(VOLSYNC, subject, lambda: volsync.check(objects), places)
        if any(count)
        else skipped(VOLSYNC, "kubernetes", "nothing of it is applied")
    )
    values = (
        _outcome(HELM, f"{len(rendered_charts)} HelmReleases", lambda: helm.check(objects), places)
        if rendered_charts
        else skipped(HELM, "kubernetes", "there are no HelmReleases")
    )
    return (
        _outcome(
            FLUX_GRAPH,
            f"{len(rendering.kustomizations)} Flux Kustomizations",
            lambda: flux_graph.check(objects),
            places,
        ),
        values,
        *charts.outcomes(rendered_charts, places),
        some,
        _outcome(
            EXEMPTIONS, f"{len(rendering.resources)} objects", lambda: check_exemptions(rendering.resources), places
        ),
    )


def stopped(reason: str) -> tuple[Outcome, ...]:
    """
    The outcomes where there is nothing rendered to check.

    Args:
        reason: the root cause.

    Returns:
        One outcome for each check that could not run.
    """
    return tuple(blocked(check, "kubernetes", reason) for check in (FLUX_GRAPH, HELM, VOLSYNC, EXEMPTIONS))


def _outcome(check: str, subject: str, faults: Callable[[], Iterator[Fault]], places: Places) -> Outcome:
    findings, allowed = settle(faults(), places)
    return concluded(check, subject, findings, reason=f"{allowed} allowed with a reason" if allowed else "")
