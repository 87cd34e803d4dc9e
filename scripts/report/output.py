"""Reports and sentences -> standard output and files; the only module of the project that prints results."""

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rich.console import Console
from rich.markup import escape

from scripts.checks import severity
from scripts.errors import SettingsError
from scripts.model import Report, Severity
from scripts.report import as_github, as_json, as_junit, as_sarif, as_text
from scripts.report.as_text import finding_parts, printable

FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {
        "text": as_text.text,
        "json": as_json.text,
        "junit": as_junit.text,
        "sarif": as_sarif.text,
        "github": as_github.text,
    }
)
"""Name of a format -> what writes a report in it."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """
    Where a report goes, known to be writable before there is one.

    Args:
        format_name: of what goes to standard output.

        files: file -> the format that goes there.
    """

    format_name: str
    files: Mapping[Path, str]

    def send(self, report: Report) -> None:
        """
        Write every file, then standard output, which gets nothing else than the report.

        Args:
            report: what to write.

        Raises:
            SettingsError: where a file could not be written; the others and standard output have theirs by then.
        """
        refused: list[SettingsError] = []
        for file, format_name in self.files.items():
            try:
                _replace(file, FORMATS[format_name](report))
            except OSError as error:
                refused.append(_unwritable(file, error))
        show(report, format_name=self.format_name)
        if refused:
            raise refused[0]


def delivery(format_name: str, outputs: Iterable[str] = ()) -> Delivery:
    """
    Find out where a report is to go, and that it can go there, before the work that it is about.

    Reports of an earlier run are removed, so that a run which is stopped leaves none that could pass for its own.

    Args:
        format_name: of what goes to standard output.

        outputs: files, each as FORMAT=FILE.

    Returns:
        Where the report goes.

    Raises:
        SettingsError: where a format is not known, or a file cannot be written.
    """
    _known("--format", format_name)
    files: dict[Path, str] = {}
    for output in outputs:
        name, given, file = output.partition("=")
        if not given or not file:
            raise SettingsError(
                "--output", f"{output!r} is not FORMAT=FILE", "write it as in --output json=report.json"
            )
        _known("--output", name)
        path = Path(file).expanduser().resolve()
        if path in files:
            raise SettingsError("--output", f"{file} is named twice", "give each format a file of its own")
        _refuse_unwritable(path)
        files[path] = name
    for path in files:
        path.unlink(missing_ok=True)
    return Delivery(format_name=format_name, files=files)


def show(result: Report | tuple[str, ...], console: Console | None = None, *, format_name: str = "text") -> None:
    """
    Print a result: a report as a table and its findings on a terminal, as plain lines elsewhere; sentences as they are.

    Args:
        result: what to print; never a secret.

        console: where to; standard output where None.

        format_name: of a report; only text looks different on a terminal.
    """
    target = console or Console(file=sys.stdout, highlight=False)
    if isinstance(result, tuple):
        target.file.write("".join(f"{printable(line)}\n" for line in result))
    elif format_name != "text" or not target.is_terminal:
        target.file.write(FORMATS[format_name](result))
    else:
        _show_table(result, target)
    target.file.flush()


def show_text(text: str) -> None:
    """
    Print a text as it is.

    Args:
        text: made by a program that escapes what a terminal would act on; never a secret.
    """
    sys.stdout.write(text)
    sys.stdout.flush()


def _show_table(report: Report, target: Console) -> None:
    target.print(as_text.table(report))
    for finding in report.findings:
        place, rest = (escape(printable(part)) for part in finding_parts(finding))
        style = "bold red" if severity(finding.rule) is Severity.ERROR else "bold yellow"
        target.print(f"[{style}]{place}[/]: {rest} [dim]\\[{finding.rule}][/]", soft_wrap=True)
    for line in (*report.notes, as_text.summary(report)):
        target.print(escape(printable(line)), soft_wrap=True)


def _known(flag: str, name: str) -> None:
    if name not in FORMATS:
        raise SettingsError(flag, f"{name!r} is no format", f"give one of {', '.join(FORMATS)}")


def _refuse_unwritable(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise SettingsError(f"--output {path}", "is there and is no file", "name a file")
    try:
        _replace(path.with_name(f".{path.name}.probe-{secrets.token_hex(6)}"), "", keep=False)
    except OSError as error:
        raise _unwritable(path, error) from error


def _replace(path: Path, text: str, *, keep: bool = True) -> None:
    """Whoever reads the file sees the whole of it, or none."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with new.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if keep:
            new.replace(path)
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"--output {path}", f"cannot be written ({error.strerror})", "name a file in a folder that can be written to"
    )
