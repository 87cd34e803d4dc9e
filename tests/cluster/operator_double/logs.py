"""What of a mover's log gets into the status."""

import re

LONGEST_BYTES = 1024

KEPT = re.compile(
    r"^\s*(?:processed .*files|snapshot .*saved|no parent snapshot|using parent snapshot|Added to the repository|created |"
    r"restoring |No eligible|No data|Directory is empty|.*Initialize Dir|RESTORE_OPTIONS|Fatal|ERROR|"
    r"Restic completed in \d+s)",
    re.IGNORECASE,
)
"""Source: backube/volsync@v0.12.0:controllers/mover/restic/logfilter.go"""


def of_success(text: str) -> str:
    """The lines that say something, and of them the end."""
    return _end("\n".join(line for line in text.splitlines() if KEPT.match(line)))


def of_failure(text: str) -> str:
    """The end, whatever it says."""
    return _end("\n".join(text.splitlines()))


def _end(text: str) -> str:
    return text.encode()[-LONGEST_BYTES:].decode("utf-8", "ignore")
