"""An error of the operator's own, as the condition shows it."""

from scripts.errors import BackupError, Refused


class Problem(Refused):
    """
    The operator cannot do its own step.

    Args:
        text: what Go's error says.
    """

    def __init__(self, text: str) -> None:
        super().__init__("VolSync", text, "correct the custom resource")


def missing(kind: str, name: str) -> Problem:
    """What a look-up that found nothing says."""
    return Problem(f'{kind} "{name}" not found' if name else "resource name may not be empty")


def text_of(error: BackupError) -> str:
    """What the condition says of an error."""
    return error.found if isinstance(error, Problem) else str(error)
