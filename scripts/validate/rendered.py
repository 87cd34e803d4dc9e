"""What the tree renders to -> whether the objects fit each other."""

from collections.abc import Callable, Iterator

from scripts.checks import flux, flux_graph, volsync
from scripts.checks.fault import Fault, Places, check_exemptions, settle
from scripts.checks.objects import Objects
from scripts.model import Outcome
from scripts.render import Rendering
from scripts.source import Tree
from scripts.validate import alerts, docs
from scripts.validate.outcome import blocked, concluded, skipped

FLUX_GRAPH = "Flux graph"
VOLSYNC = "VolSync"
EXEMPTIONS = "exemptions"


def outcomes(tree: Tree, rendering: Rendering, places: Places) -> tuple[Outcome, ...]:
    """
    Check the rendered objects.

    Args:
        tree: what was read.

        rendering: of the same tree.

        places: of its objects.

    Returns:
        One outcome for each of: the Flux graph, the backups, what the alerts ask for, whether they are tested, their
        runbooks, the documentation, the exemptions from rules.
    """
    objects = Objects(resources=rendering.resources, externals=flux.external_objects(tree.documents))
    pages = docs.pages_of(tree)
    count = len(objects.sources), len(objects.destinations), len(objects.claims)
    subject = "{} ReplicationSources, {} ReplicationDestinations, {} PVCs".format(*count)
    some = (
        _outcome(VOLSYNC, subject, lambda: volsync.check(objects), places)
        if any(count)
        else skipped(VOLSYNC, "kubernetes", "nothing of it is applied")
    )
    return (
        _outcome(
            FLUX_GRAPH,
            f"{len(rendering.kustomizations)} Flux Kustomizations",
            lambda: flux_graph.check(objects),
            places,
        ),
        some,
        *alerts.rendered(tree, pages, objects, places),
        docs.outcome(tree, pages, rendering, objects),
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
    return tuple(
        blocked(check, "kubernetes", reason)
        for check in (FLUX_GRAPH, VOLSYNC, *alerts.RENDERED, docs.CHECK, EXEMPTIONS)
    )


def _outcome(check: str, subject: str, faults: Callable[[], Iterator[Fault]], places: Places) -> Outcome:
    findings, allowed = settle(faults(), places)
    return concluded(check, subject, findings, reason=f"{allowed} allowed with a reason" if allowed else "")
