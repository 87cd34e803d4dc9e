"""Evidence of a run -> a folder of its own, and what a person is shown."""

from datetime import datetime
from pathlib import Path

from scripts import report
from scripts.e2e import digest, evidence
from scripts.e2e.digest import Manifest
from scripts.e2e.evidence import Evidence
from scripts.errors import SettingsError


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
    folder = _made_folder(parent, found.started)
    evidence.write(found, folder)
    (folder / "source-record.txt").write_text(digest.checksums(record), encoding="utf-8")
    report.show((*evidence.summary(found), f"evidence: {folder / 'report.md'}"))


def _made_folder(parent: Path, started: datetime) -> Path:
    # two runs may start in one second; each keeps its own evidence
    for number in range(1, 1000):
        folder = parent / (f"{started:%Y-%m-%dT%H-%M-%SZ}" + (f"-{number}" if number > 1 else ""))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise SettingsError(str(folder), f"cannot be made ({error.strerror})", "make it writable") from error
        return folder
    raise SettingsError(str(parent), "has a thousand runs of this second", "remove some")
