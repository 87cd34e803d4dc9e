"""Evidence of a run -> a folder of its own, and what a person is shown."""

from pathlib import Path

from scripts import report
from scripts.e2e import digest, evidence
from scripts.e2e.digest import Manifest
from scripts.e2e.evidence import Evidence


def keep(found: Evidence, record: Manifest, parent: Path) -> None:
    """
    Write the evidence of a run and the record of its source, and show its steps.

    Args:
        found: the evidence.

        record: of the source before the first backup; empty before it was made.

        parent: below which it goes, in a folder named after its start.

    Raises:
        SettingsError: where no folder can be made there.
    """
    folder = evidence.made_folder(parent, found.started)
    evidence.write(found, folder)
    (folder / "source-record.txt").write_text(digest.checksums(record), encoding="utf-8")
    report.show((*evidence.summary(found), f"evidence: {folder / 'report.md'}"))
