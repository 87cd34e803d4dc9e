"""A Report -> JUnit XML: one test case for each outcome."""

from xml.etree import ElementTree

from scripts.model import Outcome, Report, Status
from scripts.report.as_text import counted, finding_parts, printable
from scripts.report.verdict import obstacles


def text(report: Report) -> str:
    """
    Write a report as JUnit XML.

    Args:
        report: what to write.

    Returns:
        One suite in ASCII: a finding is a failure, what could not run is an error, also that nothing was checked.
    """
    unsaid = tuple(each for each in obstacles(report) if each not in report.outcomes)
    outcomes = (*report.outcomes, *unsaid)
    statuses = [each.status for each in outcomes]
    numbers = {
        "name": printable(report.title),
        "tests": str(len(outcomes)),
        "failures": str(statuses.count(Status.FAILED)),
        "errors": str(statuses.count(Status.BLOCKED)),
        "skipped": str(statuses.count(Status.SKIPPED)),
        "time": f"{sum(each.duration_s for each in outcomes):.3f}",
    }
    suites = ElementTree.Element("testsuites", {key: value for key, value in numbers.items() if key != "skipped"})
    suite = ElementTree.SubElement(suites, "testsuite", numbers)
    for outcome in outcomes:
        _add(suite, outcome)
    if report.notes:
        ElementTree.SubElement(suite, "system-out").text = "\n".join(map(printable, report.notes))
    ElementTree.indent(suites)
    written: bytes = ElementTree.tostring(suites, encoding="us-ascii", xml_declaration=True)
    return written.decode("ascii") + "\n"


def _add(suite: ElementTree.Element, outcome: Outcome) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=printable(outcome.check),
        name=printable(outcome.subject),
        time=f"{outcome.duration_s:.3f}",
    )
    reason = printable(outcome.reason)
    match outcome.status:
        case Status.PASSED:
            if reason:
                ElementTree.SubElement(case, "system-out").text = reason
        case Status.FAILED:
            rules = ", ".join(dict.fromkeys(each.rule for each in outcome.findings))
            failure = ElementTree.SubElement(case, "failure", type=rules, message=counted(len(outcome.findings)))
            failure.text = "\n".join(
                printable(f"{': '.join(finding_parts(each))} [{each.rule}]") for each in outcome.findings
            )
        case Status.BLOCKED:
            ElementTree.SubElement(case, "error", type="could-not-run", message=reason)
        case Status.SKIPPED:
            ElementTree.SubElement(case, "skipped", message=reason)
