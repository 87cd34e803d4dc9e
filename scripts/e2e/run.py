"""One run of the proof on this machine: services, scenario, clean-up, evidence."""

import secrets
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from scripts.e2e import digest, steps
from scripts.e2e.dataset import Dataset
from scripts.e2e.evidence import Evidence
from scripts.e2e.kept import keep
from scripts.e2e.scenario import Scenario
from scripts.e2e.services import Services
from scripts.e2e.size import parse_size
from scripts.errors import SettingsError
from scripts.settings import REPOSITORY_ROOT

SPACE_FACTOR = 6
"""Copies of the dataset that the busiest moment of a run holds: volumes, snapshots of them, the repository, its cache."""


def run(*, size: str, files: int, evidence_folder: str) -> None:
    """
    Prove on this machine that what these manifests back up comes back.

    Args:
        size: of the dataset, as in "64MiB".

        files: of the dataset, 1 or more.

        evidence_folder: below which this run's evidence goes, in a folder named after its start.

    Raises:
        BackupError: of the first step that failed; the evidence is written in any case.
    """
    dataset = dataset_of(size, files)
    started = datetime.now(UTC)
    work = Path(tempfile.mkdtemp(prefix="apps-backup-e2e-"))
    services = Services(work, REPOSITORY_ROOT)
    record: digest.Manifest = {}
    try:
        _refuse_without_space(dataset, work)
        with services:
            taken, failure = steps.run(services.steps())
            if failure is None:
                proof = Scenario(services.system(), dataset)
                proof_taken, failure = steps.run(proof.steps())
                taken, record = taken + proof_taken, proof.record
    finally:
        shutil.rmtree(work, ignore_errors=True)
    cleaned, left = steps.run((("leave nothing behind", services.nothing_left),))
    found = Evidence(
        system="local",
        started=started,
        finished=datetime.now(UTC),
        facts=(
            *services.facts(),
            ("dataset", f"{dataset.files} files of {dataset.size_bytes} bytes, and awkward ones"),
        ),
        steps=taken + cleaned,
    )
    keep(found, record, Path(evidence_folder))
    for error in (failure, left):
        if error is not None:
            raise error


def dataset_of(size: str, files: int) -> Dataset:
    """
    Read the flags that describe the dataset.

    Args:
        size: as in "64MiB".

        files: 1 or more.

    Returns:
        The dataset, with a nonce of its own.

    Raises:
        SettingsError: where one of them is none.
    """
    if files < 1:
        raise SettingsError("--files", f"{files} is no number of files", "give 1 or more")
    return Dataset(size_bytes=parse_size(size), files=files, nonce=secrets.token_hex(16))


def _refuse_without_space(dataset: Dataset, work: Path) -> None:
    free, needed = shutil.disk_usage(work).free, dataset.size_bytes * SPACE_FACTOR
    if free < needed:
        raise SettingsError(
            f"the temporary directory {work.parent}",
            f"has {free} bytes free and this dataset needs {needed}",
            "give a smaller --size, or `export TMPDIR=...` to a larger disk",
        )
