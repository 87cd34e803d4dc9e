"""backup.status: how the backups of every app are."""

from datetime import UTC, datetime

from scripts import cluster as clusters
from scripts import report
from scripts.errors import CouldNotRun, FindingsFound
from scripts.operate import apps, as_json, as_text, seen
from scripts.operate.seen import Seen
from scripts.operate.state import Health, State, states
from scripts.progress import step


def run(*, context: str, app: str, all_apps: bool, format_name: str) -> None:
    """
    Print how the backups of one app, or of all, are.

    Args:
        context: of the kubeconfig.

        app: its name; "" with all_apps.

        all_apps: whether all are meant.

        format_name: "text" or "json".

    Raises:
        FindingsFound: where a person is needed.

        CouldNotRun: where what could not be read might say so.
    """
    meant = apps.meant(app, all_apps=all_apps)
    is_json = as_json.is_asked(format_name)
    with clusters.connect(context) as cluster, step(f"read the backups of {context}"):
        found = seen.read(cluster, meant)
    now = datetime.now(UTC)
    known = states(found, now)
    if is_json:
        report.show_text(as_json.status(known, found, now=now, context=context))
    else:
        report.show(as_text.status(known, found, now=now, context=context))
    judge(known, found, context=context)


def judge(known: tuple[State, ...], found: Seen, *, context: str) -> None:
    """
    End with what the states come to.

    Args:
        known: the states.

        found: what they were worked out from.

        context: of the cluster.

    Raises:
        FindingsFound: where a person is needed.

        CouldNotRun: where what could not be read might say so.
    """
    where = f"cluster {context}"
    needed = [each.app.name for each in known if each.health is Health.ATTENTION]
    if needed:
        raise FindingsFound(where, f"{len(needed)} of {len(known)} apps need a person", "see above what each needs")
    blind = [each.app.name for each in known if each.health is Health.UNKNOWN]
    if blind or found.unreadable:
        kinds = ", ".join(kind.plural for kind in found.unreadable)
        what = " and ".join(filter(None, (f"{len(blind)} of {len(known)} apps" if blind else "", kinds)))
        raise CouldNotRun(where, f"could not see {what}", "see above what is unknown, and docs/reference/roles.md")
