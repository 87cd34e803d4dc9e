"""How long the controllers wait, at the pace that a test sets."""

from dataclasses import dataclass

BUSY_S = 6.0
"""Before a warning, whatever the pace: a machine with much to do takes seconds to bind what would be bound at once."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """
    What a cluster waits for, in seconds, times a factor.

    Args:
        factor: 1.0 is a real cluster's pace; the tests' is a small part of it.
    """

    factor: float = 1.0

    def job_back_off_s(self, failures: int) -> float:
        """Before the next pod of a Job with so many failed ones: 10, 20, 40 … 600 s."""
        return min(10.0 * 2 ** (failures - 1), 600.0) * self.factor if failures else 0.0

    @property
    def snapshot_not_bound_s(self) -> float:
        """After which VolSync warns of a VolumeSnapshot."""
        return max(30.0 * self.factor, BUSY_S)

    @property
    def claim_not_bound_s(self) -> float:
        """After which VolSync warns of a PersistentVolumeClaim."""
        return max(120.0 * self.factor, BUSY_S)

    @property
    def cadence_s(self) -> float:
        """After which VolSync looks at a running sync again, whatever changed."""
        return 60.0 * self.factor

    @property
    def copy_trigger_s(self) -> float:
        """After which VolSync gives a copy trigger up."""
        return 600.0 * self.factor
