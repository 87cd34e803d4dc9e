"""backup.rotate-keys: another key of MinIO in the place of the one of the record, and never a moment without one."""

from scripts import report
from scripts.operate.consumers import Consumer
from scripts.operate.rotating import Rotating
from scripts.provision import rotation, service_accounts
from scripts.provision.credentials import NEXT, PREVIOUS
from scripts.provision.proof import prove
from scripts.provision.rotation import Phase

LABELS = service_accounts.LABELS


def rotate(on: Rotating) -> None:
    """
    Rotate the key, from wherever an earlier run has got to.

    Args:
        on: the record, MinIO and the cluster.

    Raises:
        Drift: where something has the key that this would not bring the new one to.

        ProofFailed: where the new key can do too much or too little, or the old one is still accepted.

        MoverFailed: where a backup with the new key fails.

        Unreachable, Refused, SettingsError: where the record, MinIO or the cluster cannot be read or written.
    """
    names, reached = on.names, on.phase()
    found = on.consumers()
    current = service_accounts.key(on.values())
    service_accounts.refuse_unless_in_force(on.access, names.user, current)
    known = [service_accounts.key(on.values(prefix)) for prefix in ("", NEXT, PREVIOUS)]
    service_accounts.refuse_strangers(on.access, names.user, known)
    if reached is Phase.FRESH:
        with on.taking("write the next key into the record, beside the one in force"):
            rotation.begin(on.record, service_accounts.fresh(names.user))
    if reached is not Phase.REPLACED:
        following = service_accounts.key(on.values(NEXT))
        with on.taking("make the next key in MinIO"):
            service_accounts.make(on.access, names.user, current, following)
        with on.taking("prove what the next key can do"):
            settle_s = on.access.server.patience.settle_s
            prove(on.access.server, names.bucket, following, administrator=on.access.administrator, settle_s=settle_s)
        with on.taking("put it in the place of the old one in the record"):
            rotation.replace(on.record, LABELS)
    _finish(on, found)


def _finish(on: Rotating, found: tuple[Consumer, ...]) -> None:
    names = on.names
    new, old = service_accounts.key(on.values()), service_accounts.key(on.values(PREVIOUS))
    on.hand_over(found)
    on.back_up(found)
    with on.taking("prove what the new key can do"):
        proven = prove(on.access.server, names.bucket, new, administrator=on.access.administrator)
    with on.taking("take the old key out of force"):
        service_accounts.remove(on.access, names.user, old)
    with on.taking("prove that MinIO refuses the old key"):
        service_accounts.prove_refused(on.access, old)
    with on.taking("forget the old key"):
        rotation.finish(on.record, LABELS)
    report.show(
        (
            *(f"proven: the new key {sentence}" for sentence in proven),
            f"proven: MinIO refuses the old key, {old.id}; {len(found)} Secrets have the new one, {new.id}",
        )
    )
