"""
A Report -> what people and machines read, one module for each format; only `output` prints or writes a file.

    verdict    clean, findings, or could not run: the same in every format, and in the exit code
    as_text    lines, and a table for a terminal
    as_json    docs/reference/validate-report.schema.json
    as_junit   one test case for each outcome
    as_sarif   SARIF 2.1.0, as GitHub code scanning takes it
    as_github  annotations in the log of a workflow
    output     standard output and files
"""

from scripts.report.as_text import counted, summary, table, text
from scripts.report.output import FORMATS, Delivery, delivery, show, show_text
from scripts.report.verdict import Verdict, obstacles, verdict

__all__ = [
    "FORMATS",
    "Delivery",
    "Verdict",
    "counted",
    "delivery",
    "obstacles",
    "show",
    "show_text",
    "summary",
    "table",
    "text",
    "verdict",
]
