"""Every kind of mistake in this repository's own tree: the validation finds it, or it is known to do no harm."""

import dataclasses
import random
import shutil
from collections import Counter, defaultdict

import pytest

from scripts.checks import severity
from scripts.model import Severity
from scripts.report import Verdict, verdict
from scripts.settings import REPOSITORY_ROOT
from scripts.source import read
from scripts.store import Store
from scripts.validate import alerts, docs, lint, secret_scan, validate
from scripts.validate.outcome import skipped
from tests.tools.harmless import HARMLESS
from tests.tools.mutations import CLASSES, mutations, rewritten

SEED = 36
SAMPLE = 24
"""Mutations of each class, beside those that each entry of HARMLESS is held against."""

HELD = 2
"""Mutations that each entry of HARMLESS is held against at most, of each class."""

ERROR, WARNING, STOPPED, SURVIVED, TRACEBACK = "error", "warning", "could not run", "survived", "traceback"
BELOW = "kubernetes/"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """A mutation, how the validation took it, and what it said."""

    mutation: object
    end: str
    said: str


class Tree:
    """A copy of this repository's tree, validated again and again."""

    def __init__(self, root, folder, tools, patched):
        self.root, self._tools, self._patched = root, tools, patched
        self._stores = {is_whole: Store(folder / f"{is_whole}.sqlite3") for is_whole in (False, True)}
        self._alerts = alerts.outcomes(read(root, git=None), tools)

    def validate(self, *, is_whole, with_alerts=False):
        """
        All rules but the lint and the scan for credentials; without those about the documentation, which only warn, where
        not whole.

        What promtool says is worked out anew only where the alerts are others.
        """
        with self._patched.context() as patch:
            # a mutation adds no credential: it is made of what is there
            patch.setattr(secret_scan, "outcomes", lambda *_: ())
            # a mutated file is written anew, and its layout is not what is looked at
            patch.setattr(lint, "outcomes", lambda *_: ())
            if not with_alerts:
                patch.setattr(alerts, "outcomes", lambda *_: self._alerts)
            if not is_whole:
                patch.setattr(docs, "outcome", lambda *_: skipped(docs.CHECK, "docs", "it only warns"))
            store = self._stores[is_whole]
            return validate(self.root, tools=self._tools, is_repository=False, store=store)

    def end_of(self, mutation):
        file = self.root / mutation.file
        before = file.read_text(encoding="utf-8")
        after = mutation.text(before)
        try:
            if after is None:
                file.unlink()
            else:
                file.write_text(after, encoding="utf-8")
            return self._end(mutation)
        except Exception as error:
            return Result(mutation=mutation, end=TRACEBACK, said=repr(error))
        finally:
            file.write_text(before, encoding="utf-8")

    def _end(self, mutation):
        found = self.validate(is_whole=False)
        if not _errors(found):
            found = self.validate(is_whole=True, with_alerts="prometheusrule" in mutation.file)
        said = "; ".join(map(str, found.findings[:2]))
        if _errors(found):
            end = ERROR
        elif found.findings:
            end = WARNING
        else:
            end = STOPPED if verdict(found) is Verdict.COULD_NOT_RUN else SURVIVED
        return Result(mutation=mutation, end=end, said=said)


def _errors(found):
    return [each for each in found.findings if severity(each.rule) is Severity.ERROR]


@pytest.fixture(scope="module")
def tree(tmp_path_factory, tools):
    folder = tmp_path_factory.mktemp("mutations")
    for path in read(REPOSITORY_ROOT, git=tools.path("git")).files:
        (folder / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY_ROOT / path, folder / "tree" / path, follow_symlinks=False)
    with pytest.MonkeyPatch.context() as patched:
        yield Tree(folder / "tree", folder, tools, patched)


@pytest.fixture(scope="module")
def population(tree):
    found = defaultdict(list)
    for file in sorted((tree.root / BELOW).rglob("*.yaml")):
        for each in mutations(file.relative_to(tree.root).as_posix(), file.read_text(encoding="utf-8")):
            found[each.kind].append(each)
    return found


@pytest.fixture(scope="module")
def results(tree, population):
    # what is found without a mistake is not found because of one
    assert tree.validate(is_whole=True).findings == ()
    return [tree.end_of(each) for each in sampled(population)]


def sampled(population):
    """So many of each class, and some for each entry of HARMLESS, always the same ones."""
    chance = random.Random(SEED)  # noqa: S311 - a sample, and no secret
    chosen = {}
    for kind in CLASSES:
        order = sorted(population[kind], key=str)
        chance.shuffle(order)
        for each in order[:SAMPLE]:
            chosen[str(each)] = each
        for entry in HARMLESS:
            fitting = (each for each in order if entry.is_about(each))
            for each, _ in zip(fitting, range(HELD), strict=False):
                chosen[str(each)] = each
    return list(chosen.values())


def table(population, results):
    """For each class how many there are, how each that was run ended, and the share found of those that do harm."""
    ends = Counter((each.mutation.kind, "harmless" if is_harmless(each) else each.end) for each in results)
    columns = (ERROR, WARNING, STOPPED, TRACEBACK, SURVIVED, "harmless")
    lines = [f"{'class':24}{'there':>7}{'run':>6}" + "".join(f"{each:>14}" for each in columns) + f"{'found':>8}"]
    for kind in CLASSES:
        counts = [ends[kind, each] for each in columns]
        harmful = sum(counts[:-1])
        found = sum(counts[:3]) / harmful if harmful else 1
        cells = "".join(f"{count:>14}" for count in counts)
        lines.append(f"{kind:24}{len(population[kind]):>7}{sum(counts):>6}{cells}{found:>8.0%}")
    return "\n".join(lines)


def is_harmless(result):
    is_known = any(entry.is_about(result.mutation) for entry in HARMLESS)
    return result.end in {WARNING, SURVIVED} and is_known


def test_a_tree_without_its_comments_is_as_valid(tree):
    before = {}
    for file in sorted((tree.root / BELOW).rglob("*.yaml")):
        before[file] = file.read_text(encoding="utf-8")
        file.write_text(rewritten(before[file]), encoding="utf-8")
    found = tree.validate(is_whole=False)
    for file, text in before.items():
        file.write_text(text, encoding="utf-8")

    assert found.findings == ()
    assert verdict(found) is Verdict.CLEAN
    assert verdict(tree.validate(is_whole=True)) is Verdict.CLEAN


def test_each_mistake_is_found_or_does_no_harm(population, results):
    missed = [each for each in results if each.end not in {ERROR, STOPPED}]
    unexplained = [each for each in missed if not is_harmless(each)]
    stale = [entry for entry in HARMLESS if not any(entry.is_about(each.mutation) for each in missed)]
    broken = [each for each in results if each.end == TRACEBACK]
    said = table(population, results)
    print(f"\n{said}")

    assert not broken, f"{said}\n\nThe validation ended with a traceback:\n" + listed(broken)
    assert not unexplained, (
        f"{said}\n\nNo error tells of these mistakes. Write a rule, or say in tests/tools/harmless.py why they do no harm:\n"
        + listed(unexplained)
    )
    assert not stale, f"{said}\n\nTake out of tests/tools/harmless.py what no mistake needs any more:\n" + "\n".join(
        map(str, stale)
    )


def listed(results):
    return "\n".join(f"{each.mutation} ({each.end} {each.said})" for each in results)
