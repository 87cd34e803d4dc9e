import pytest

from scripts.model import Finding, Outcome, Report, Status
from scripts.validate.since import narrowed


def finding(file="a.yaml", message="is wrong", line=1, rule="yaml-lint"):
    return Finding(rule=rule, file=file, line=line, message=message, next_step="correct it")


def report(*findings, status=None):
    found = status or (Status.FAILED if findings else Status.PASSED)
    reason = "" if found is not Status.BLOCKED else "no tool"
    return Report(
        title="validate",
        outcomes=(Outcome(check="lint", subject="files", status=found, findings=findings, reason=reason),),
    )


@pytest.mark.parametrize(
    ("before", "after", "files", "told"),
    [
        pytest.param([], [finding()], set(), [finding()], id="a new finding is told wherever it is"),
        pytest.param([finding()], [finding()], set(), [], id="an old one elsewhere is not"),
        pytest.param([finding()], [finding(line=9)], set(), [], id="an old one that moved is not"),
        pytest.param([finding()], [finding()], {"a.yaml"}, [finding()], id="an old one in a file that changed is told"),
        pytest.param(
            [finding()], [finding(), finding(line=5)], set(), [finding(line=5)], id="a second one of a kind is"
        ),
        pytest.param([finding(file="b")], [finding()], set(), [finding()], id="one in another file is"),
    ],
)
def test_a_change_is_told_what_it_is_to_blame_for(before, after, files, told):
    found = narrowed(report(*before), report(*after), frozenset(files), base="main")

    assert list(found.findings) == told
    assert found.outcomes[0].status is (Status.FAILED if told else Status.PASSED)


def test_the_report_says_what_it_leaves_out():
    found = narrowed(report(finding()), report(finding()), frozenset({"x"}), base="main (abc)")

    assert found.title == "validate what changed since main (abc)"
    assert found.outcomes[0].reason == "1 finding of main (abc) not told"
    assert "The change touches 1 file; 1 finding that main (abc) had already are not told." in found.notes


def test_where_the_tree_as_it_was_could_not_be_checked_everything_is_told():
    found = narrowed(report(status=Status.BLOCKED), report(finding()), frozenset(), base="main")

    assert list(found.findings) == [finding()]
    assert "could not be checked" in found.notes[-1]


def test_what_could_not_run_stays_what_could_not_run():
    found = narrowed(report(), report(status=Status.BLOCKED), frozenset(), base="main")

    assert found.outcomes[0].status is Status.BLOCKED
