"""
backup.restore: one snapshot in the place of what is on a volume, as a transaction.

    choice        --at, --snapshot, --previous -> exactly one snapshot
    journal       what was begun, as a value
    kept          the journal on the cluster, written before each thing that is done
    flux          what applies the app, suspended and resumed
    workloads     what mounts the volume, stopped and started
    hold          the app's backups, held and released
    destination   the restore by VolSync
    transaction   steps, and how they are taken back
    preparation   the steps before the restore
    restoration   the restore, and what is done where a step fails
    run           the task
"""

from scripts.operate.restore.run import run

__all__ = ["run"]
