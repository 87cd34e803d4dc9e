"""The checks, in the order of their report."""

import contextlib
import gc
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from scripts import particulars, report
from scripts.checks import alert_rules, ambiguous, helm_repositories, kustomizations
from scripts.errors import BackupError, CouldNotRun, FindingsFound
from scripts.model import Finding, Outcome, Report, Status
from scripts.progress import say, step
from scripts.render import Builder, render_tree
from scripts.source import Tree, is_unchanged, read
from scripts.store import NOTHING_KEPT, Store, digest_of, key, of_this_user
from scripts.tree_root import tree_root
from scripts.validate import alerts, builds, charts, components, flux_builds, lint, secret_scan, since, story, unpushed
from scripts.validate.outcome import blocked, concluded, guarded, skipped
from scripts.validate.tools import Tools, locate

Check = Callable[[], tuple[Outcome, ...]]


def run(root: Path | str = "", *, base: str = "", format_name: str = "text", outputs: Iterable[str] = ()) -> None:
    """
    Validate a tree and write the report.

    Args:
        root: the folder that holds `kubernetes/`; this checkout where "".

        base: a commit, where only what changed since is to be told; everything where "".

        format_name: of the report on standard output, one of report.FORMATS.

        outputs: files that get the report too, each as FORMAT=FILE.

    Raises:
        FindingsFound: where something is wrong with the tree.

        CouldNotRun: where nothing is known to be wrong, but a check could not run or there was nothing to check.

        SettingsError: where the root, a format or a file is none, or base names no commit that holds the root.
    """
    folder, delivery = tree_root(root), report.delivery(format_name, outputs)
    found = _validate_since(folder, base) if base else validate(folder, store=of_this_user())
    delivery.send(found)
    conclude(found)


def _validate_since(folder: Path, base: str) -> Report:
    tools = locate()
    with tempfile.TemporaryDirectory(prefix="validate-") as name:
        before, named = since.former(folder, base, Path(name).resolve())
        files = since.changed(before, folder, git=tools.path("git"))
        earlier = validate(before, tools=tools, is_repository=False, store=of_this_user())
    return since.narrowed(earlier, validate(folder, tools=tools, store=of_this_user()), files, base=named)


def validate(
    root: Path, *, tools: Tools | None = None, is_repository: bool = True, store: Store | None = None
) -> Report:
    """
    Run every check on a tree.

    Args:
        root: the folder that holds `kubernetes/`.

        tools: the programs; looked for where None.

        is_repository: whether to ask git which files count; every file does where not.

        store: of earlier runs; None where everything is to be worked out.

    Returns:
        What each check came to, in an order that depends on nothing but the tree.
    """
    with _without_collection():
        return _validated(root, locate() if tools is None else tools, is_repository, store or NOTHING_KEPT)


def _validated(root: Path, tools: Tools, is_repository: bool, store: Store) -> Report:
    try:
        git = tools.path("git") if is_repository else None
        tree = read(root, git=git, store=store)
        commits = unpushed.commits(root, git) if git else None
    except BackupError as error:
        return Report(title="validate", outcomes=(blocked("read", "the tree", str(error)),))
    name = key(
        "report",
        digest_of(tree.digests),
        repr((tree.faults, commits)),
        charts.inputs(),
        *(each.identity for each in tools.found.values()),
    )
    earlier: Report | None = store.get([name]).get(name)
    if earlier is not None:
        note = "Nothing that the checks depend on has changed since an earlier run: this is what that run found."
        return replace(earlier, notes=(*earlier.notes, note))
    with step(f"validate {len(tree.files)} files"):
        found = _checked(tree, tools, store, commits)
    if report.verdict(found) is not report.Verdict.COULD_NOT_RUN and not report.obstacles(found):
        store.put(name, found)
    if is_unchanged(tree):
        store.keep()
    else:
        # what a program read may not be what its result would be kept under
        store.forget_news()
    return found


def _checked(tree: Tree, tools: Tools, store: Store, commits: unpushed.Commits | None) -> Report:
    with ThreadPoolExecutor(4) as workers:
        # the one that computes itself starts first; the others wait for programs
        checks: dict[str, Check] = {
            "secrets": lambda: secret_scan.outcomes(tree, tools, commits),
            "kustomize build, flux build": lambda: _built(tree, tools, store),
            "yamllint": lambda: lint.outcomes(tree),
            "promtool": lambda: alerts.outcomes(tree, tools),
        }
        running = {name: workers.submit(_timed, name, check) for name, check in checks.items()}
        outcomes = _collected(running)
    order = ("kustomize build, flux build", "yamllint", "promtool", "secrets")
    checked = (_reading(tree), *(each for name in order for each in outcomes[name]), *_documents(tree), _emptied(tree))
    return Report(
        title="validate",
        outcomes=(*checked, *story.outcomes(tree, checked)),
        notes=_notes(tree),
    )


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Python looks for garbage each time that thousands of objects were made; of a tree's objects none is."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def conclude(found: Report) -> None:
    """
    Turn a report into how the task ends.

    Args:
        found: the report.

    Raises:
        FindingsFound: where something is wrong with the tree.

        CouldNotRun: where nothing is known to be wrong, but a check could not run or there was nothing to check.
    """
    match report.verdict(found):
        case report.Verdict.FINDINGS:
            first = found.findings[0]
            raise FindingsFound(
                found.title, report.counted(len(found.findings)), f"correct {first.file} first and run it again"
            )
        case report.Verdict.COULD_NOT_RUN:
            stopped = report.obstacles(found)
            checks = "1 check" if len(stopped) == 1 else f"{len(stopped)} checks"
            reason = f"{stopped[0].check}, {stopped[0].subject}: {stopped[0].reason}"
            raise CouldNotRun(found.title, f"{checks} could not run ({reason})", "remove the cause and run it again")
        case report.Verdict.CLEAN:
            return


def _built(tree: Tree, tools: Tools, store: Store) -> tuple[Outcome, ...]:
    if not builds.folders(tree):
        return (blocked(builds.CHECK, "kubernetes", "it holds no kustomization.yaml"),)
    built: list[Outcome] = []

    def build() -> tuple[Outcome, ...]:
        builder = Builder(tree, tools.get("kustomize"), store)
        rendering = render_tree(tree, builder, store=store)
        built.extend(builds.outcomes(tree, builder))
        broken = frozenset(each.subject for each in built if each.status in {Status.FAILED, Status.BLOCKED})
        applied = flux_builds.outcomes(tree, rendering, builder, broken=broken, store=store)
        # of what does not build, or is not applied, more would only be said twice
        is_whole = all(each.status in {Status.PASSED, Status.SKIPPED} for each in (*built, *applied))
        return (*applied, *(components.outcomes(tree, rendering, builder) if is_whole else ()))

    outcomes = guarded(builds.CHECK, "kubernetes", build)
    return (*built, *outcomes)


def _documents(tree: Tree) -> tuple[Outcome, ...]:
    manifests = tuple(each for each in tree.documents if each.file.startswith("kubernetes/"))
    tables = (
        ("YAML values", "documents", lambda each: each.value is not None, ambiguous.check),
        ("alert rules", "PrometheusRules", alert_rules.is_prometheus_rule, alert_rules.check),
        ("labels", "kustomizations", kustomizations.is_kustomization, kustomizations.check),
        ("Helm repositories", "HelmRepositories", helm_repositories.is_helm_repository, helm_repositories.check),
    )
    outcomes: list[Outcome] = []
    for check, kind, is_meant, examine in tables:
        meant = tuple(filter(is_meant, manifests))
        findings = tuple(finding for each in meant for finding in examine(each))
        some = concluded(check, f"{len(meant)} {kind}", findings)
        outcomes.append(some if meant else skipped(check, "kubernetes", f"there are no {kind}"))
    if particulars.PATH not in tree.texts:
        outcomes.append(skipped("tree file", particulars.PATH, "there is none, and the defaults hold"))
    elif particulars.PATH not in tree.broken:
        outcomes.append(concluded("tree file", particulars.PATH, tuple(particulars.check(manifests))))
    return tuple(outcomes)


def _emptied(tree: Tree) -> Outcome:
    files = tuple(each for each in tree.yaml_files if each.path.startswith("kubernetes/") and not each.fault)
    findings = tuple(
        Finding(
            rule="file-empty",
            file=each.path,
            line=1,
            message="holds nothing, so that Flux deletes what it held",
            next_step="restore it from git, or remove the file and what lists it",
        )
        for each in files
        if not each.documents
    )
    some = concluded("empty files", f"{len(files)} YAML files", findings)
    return some if files else skipped("empty files", "kubernetes", "there are no YAML files")


def _reading(tree: Tree) -> Outcome:
    if not tree.files and not tree.faults:
        return blocked("read", "the tree", "it holds no file")
    findings: tuple[Finding, ...] = tuple(tree.broken[path] for path in sorted(tree.broken))
    return concluded("read", f"{len(tree.files) + len(tree.faults)} files", findings)


def _timed(name: str, check: Check) -> tuple[Outcome, ...]:
    started = time.monotonic()
    outcomes = guarded(name, "the tree", check)
    failed = sum(each.status is Status.FAILED for each in outcomes)
    stopped = sum(each.status is Status.BLOCKED for each in outcomes)
    seconds = time.monotonic() - started
    say(f"{name}: {len(outcomes)} checked, {failed} failed, {stopped} could not run ({seconds:.1f} s)")
    return outcomes


def _collected(running: dict[str, Future[tuple[Outcome, ...]]]) -> dict[str, tuple[Outcome, ...]]:
    try:
        return {name: future.result() for name, future in running.items()}
    finally:
        for future in running.values():
            future.cancel()


def _notes(tree: Tree) -> tuple[str, ...]:
    notes: list[str] = []
    if tree.binaries:
        notes.append(f"{len(tree.binaries)} files that are no text were not checked: {', '.join(tree.binaries)}.")
    return tuple(notes)
