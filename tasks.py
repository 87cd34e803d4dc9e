"""
Names, flags and help of the tasks; each body is one call into the package `scripts`.

`invoke --list` shows them, `invoke --help NAME` one of them. A task imports its pipeline when it runs.
"""

from invoke import Collection, Context, task

from scripts.task import exits_cleanly

DRY_RUN = "show the plan and change nothing"
RECORD = "a file that is the record of the credentials where there is no Connect server (mode 0600, outside of git)"
ROOT = "another folder that holds kubernetes/; this checkout where not given"
MINIO = {
    "endpoint": "URL of MinIO; the one in cluster-settings.yaml where not given",
    "ca_file": "PEM file of the authority that signed MinIO's certificate",
    "record": RECORD,
}

CLUSTER = {"context": "of the kubeconfig, always named: the current one is never taken"}
APPS = CLUSTER | {
    "app": "the app, as in shop for ReplicationSource shop/shop-backup; any other as in namespace/source",
    "all": "every app of the cluster",
}
FORMAT = {"format": "of what goes to standard output: text or json"}
ROTATE = (
    MINIO
    | CLUSTER
    | {
        "app": "the app whose backup proves it; every other one has the new value too",
        "all": "prove it with a backup of every app",
        "concurrency": "how many backups, or repositories, may be in flight",
        "timeout": "seconds for the Secrets, for the movers that run, and for each backup",
    }
)


@task(
    help={
        "record": RECORD,
        "dry_run": DRY_RUN,
        "force": "overwrite fields that hold a foreign value; never RESTIC_PASSWORD",
    }
)
@exits_cleanly
def onepassword_setup(_: Context, record: str = "", dry_run: bool = False, force: bool = False) -> None:
    """Make or complete the 1Password item that holds the backup credentials."""
    from scripts.provision import run

    run.set_up_record(record_file=record, dry_run=dry_run, force=force)


@task(help=MINIO | {"dry_run": DRY_RUN, "force": "overwrite a state that this project did not make"})
@exits_cleanly
def minio_setup(
    _: Context, endpoint: str = "", ca_file: str = "", record: str = "", dry_run: bool = False, force: bool = False
) -> None:
    """Converge MinIO's bucket, versioning, policy and user to the record, and prove the result."""
    from scripts.provision import run

    run.set_up_minio(endpoint=endpoint, ca_file=ca_file, record_file=record, dry_run=dry_run, force=force)


@task(help=MINIO)
@exits_cleanly
def minio_check(_: Context, endpoint: str = "", ca_file: str = "", record: str = "") -> None:
    """Prove that the backup credentials can do what movers need, and nothing else."""
    from scripts.provision import run

    run.check_minio(endpoint=endpoint, ca_file=ca_file, record_file=record)


@task(
    help=MINIO
    | {"dry_run": DRY_RUN, "force": "overwrite a state that this project did not make; never RESTIC_PASSWORD"}
)
@exits_cleanly
def setup(
    _: Context, endpoint: str = "", ca_file: str = "", record: str = "", dry_run: bool = False, force: bool = False
) -> None:
    """Set up the 1Password item and MinIO, in this order."""
    from scripts.provision import run

    run.set_up(endpoint=endpoint, ca_file=ca_file, record_file=record, dry_run=dry_run, force=force)


@task(
    iterable=["output"],
    help={
        "root": ROOT,
        "base": "a commit: tell only what changed since, and what is wrong in files that did",
        "format": "of the report on standard output: text, json, junit, sarif or github",
        "output": "a file that gets the report too, as FORMAT=FILE (may be repeated)",
    },
)
@exits_cleanly
def validate(_: Context, output: list[str], root: str = "", base: str = "", format: str = "text") -> None:
    """Check the whole tree: what it renders to, schemas, backups, alerts, secrets."""
    from scripts.validate import run

    run(root, base=base, format_name=format, outputs=output)


@task(help={"name": "only what this Flux Kustomization applies; everything where not given", "root": ROOT})
@exits_cleanly
def render(_: Context, name: str = "", root: str = "") -> None:
    """Print the objects that the cluster would receive, as YAML."""
    from scripts.review import show_manifests

    show_manifests(name=name, root=root)


@task(help={"base": "the commit to compare with", "root": ROOT})
@exits_cleanly
def diff(_: Context, base: str = "HEAD", root: str = "") -> None:
    """Show what a change does to the cluster, and what of it is dangerous for backups."""
    from scripts.review import show_changes

    show_changes(base=base, root=root)


@task
@exits_cleanly
def commit(_: Context) -> None:
    """Validate, then commit the story's paths; never pushes."""
    from scripts.publish import run

    run()


@task(
    help={
        "size": "bytes of the dataset, as in 64MiB or 1GiB",
        "files": "number of its files",
        "evidence": "folder below which the evidence of this run is kept",
    }
)
@exits_cleanly
def e2e(_: Context, size: str = "16MiB", files: int = 200, evidence: str = "evidence") -> None:
    """Back up, wipe, restore and compare on this machine, driven by the manifests of this tree."""
    from scripts.e2e.run import run

    run(size=size, files=files, evidence_folder=evidence)


@task(help={"root": ROOT})
@exits_cleanly
def charts_fetch(_: Context, root: str = "") -> None:
    """Get the charts that the HelmReleases pin into the cache, so that validate renders them."""
    from scripts.charts import run

    run(root)


@task(
    iterable=["name"],
    help={"name": "a tool of tools.toml (may be repeated); where not given all but those of `nox -s cluster`"},
)
@exits_cleanly
def tools_install(_: Context, name: list[str]) -> None:
    """Get the external programs that are not on the PATH into the cache."""
    from scripts.toolchain import install

    install(tuple(name))


@task(help=APPS | FORMAT)
@exits_cleanly
def backup_status(_: Context, context: str = "", app: str = "", all: bool = False, format: str = "text") -> None:
    """Tell how the backups of an app, or of all, are; ends with 1 where a person is needed."""
    from scripts.operate import status

    status.run(context=context, app=app, all_apps=all, format_name=format)


@task(
    help=APPS
    | FORMAT
    | {"concurrency": "how many backups may run at once", "timeout": "seconds that one of them may take, all in all"}
)
@exits_cleanly
def backup_now(
    _: Context,
    context: str = "",
    app: str = "",
    all: bool = False,
    concurrency: int = 4,
    timeout: int = 3600,
    format: str = "text",
) -> None:
    """Back up an app, or all, now; done is what saved a snapshot, and a mover that fails is told at once."""
    from scripts.operate import now

    now.run(context=context, app=app, all_apps=all, concurrency=concurrency, timeout_s=timeout, format_name=format)


@task(
    help=APPS
    | {
        "concurrency": "how many drills may run at once",
        "image": "of the pods that read volumes, with Python; the pinned one where not given",
        "timeout": "seconds that a restore may take, and each reading of a volume",
        "evidence": "folder below which the evidence of each drill is kept",
    }
    | FORMAT
)
@exits_cleanly
def backup_drill(
    _: Context,
    *,
    context: str = "",
    app: str = "",
    all: bool = False,
    concurrency: int = 1,
    image: str = "",
    timeout: int = 3600,
    evidence: str = "evidence",
    format: str = "text",
) -> None:
    """Prove that the newest backup of an app, or of all, comes back, without touching its volume."""
    from scripts.operate import drill

    drill.run(
        context=context,
        app=app,
        all_apps=all,
        concurrency=concurrency,
        image=image,
        timeout_s=timeout,
        evidence_folder=evidence,
        format_name=format,
    )


@task(
    help={
        "name": "the app, as its Flux Kustomization is called, with or without cluster-apps-",
        "namespace": "of its volume; the only one that it has objects in where not given",
        "size": "of its volume, as in 10Gi",
        "user": "the number of the user that the app runs as, who has to own what is restored",
        "root": ROOT,
    },
)
@exits_cleanly
def backup_add(_: Context, name: str, namespace: str = "", size: str = "", user: str = "", root: str = "") -> None:
    """Write the lines that give an app of the tree backups, at a time of day that follows from its name."""
    from scripts.operate import add

    add.run(name=name, namespace=namespace, size=size, user=user, root=root)


@task(help=CLUSTER | {"app": APPS["app"]} | FORMAT)
@exits_cleanly
def backup_snapshots(_: Context, context: str = "", app: str = "", format: str = "text") -> None:
    """List the snapshots of an app that a restore can choose, counted as `previous` counts."""
    from scripts.operate import snapshots

    snapshots.run(context=context, app=app, format_name=format)


@task(
    help=CLUSTER
    | {
        "app": APPS["app"],
        "at": "a time, as in 2026-01-31T02:30:00Z: the newest snapshot that is not later",
        "snapshot": "the first digits of the id of a snapshot",
        "previous": "how many snapshots to go back from the newest, which is restored where nothing is said",
        "into": "a PVC to make and to restore into; the app and its volume are left alone",
        "resume": "finish or undo a restore that was cut short",
        "without_backup": "restore without a backup of what is there now, which is lost",
        "image": "of the pod that reads the volume: with Python 3.11 or newer; a pinned one where not given",
        "timeout": "seconds that the backup before, the restore and the comparison may take each",
    }
)
@exits_cleanly
def backup_restore(
    _: Context,
    context: str = "",
    app: str = "",
    at: str = "",
    snapshot: str = "",
    previous: str = "",
    into: str = "",
    resume: bool = False,
    without_backup: bool = False,
    image: str = "",
    timeout: int = 7200,
) -> None:
    """Restore one snapshot in the place of an app's volume, and prove it; what was stopped for it is started again."""
    from scripts.operate import restore

    restore.run(
        context=context,
        app=app,
        at=at,
        snapshot=snapshot,
        previous=previous,
        into=into,
        resume=resume,
        backup=not without_backup,
        image=image,
        timeout_s=timeout,
    )


@task(
    help=CLUSTER
    | FORMAT
    | {
        "app": APPS["app"],
        "without_backup": "make no backup now: the next one removes the locks, and nothing is proven",
        "timeout": "seconds that the backup may take, all in all",
    }
)
@exits_cleanly
def backup_unlock(
    _: Context,
    context: str = "",
    app: str = "",
    without_backup: bool = False,
    timeout: int = 3600,
    format: str = "text",
) -> None:
    """Remove the locks that a dead mover left behind, once it is proven dead, and prove the removal with a backup."""
    from scripts.operate import unlock

    unlock.run(context=context, app=app, backup=not without_backup, timeout_s=timeout, format_name=format)


@task(help=ROTATE)
@exits_cleanly
def backup_rotate_keys(
    _: Context,
    context: str = "",
    app: str = "",
    all: bool = False,
    endpoint: str = "",
    ca_file: str = "",
    record: str = "",
    concurrency: int = 4,
    timeout: int = 3600,
) -> None:
    """Replace the key that movers sign in to MinIO with; the old one is in force until a backup was made with the new one."""
    from scripts.operate import rotate_keys, rotating

    rotating.run(
        rotate_keys.rotate,
        rotate_keys.LABELS,
        context=context,
        app=app,
        all_apps=all,
        endpoint=endpoint,
        ca_file=ca_file,
        record_file=record,
        concurrency=concurrency,
        timeout_s=timeout,
    )


@task(help=ROTATE)
@exits_cleanly
def backup_rotate_password(
    _: Context,
    context: str = "",
    app: str = "",
    all: bool = False,
    endpoint: str = "",
    ca_file: str = "",
    record: str = "",
    concurrency: int = 4,
    timeout: int = 3600,
) -> None:
    """Replace RESTIC_PASSWORD in every repository of the bucket; each is opened by a password of the record at any time."""
    from scripts.operate import rotate_password, rotating

    rotating.run(
        rotate_password.rotate,
        rotate_password.LABELS,
        context=context,
        app=app,
        all_apps=all,
        endpoint=endpoint,
        ca_file=ca_file,
        record_file=record,
        concurrency=concurrency,
        timeout_s=timeout,
    )


@task(help=APPS | FORMAT)
@exits_cleanly
def cluster_doctor(_: Context, context: str = "", app: str = "", all: bool = False, format: str = "text") -> None:
    """Examine a cluster, from its API to its newest snapshots, and say what keeps backups from being made or restored."""
    from scripts.operate import doctor

    doctor.run(context=context, app=app, all_apps=all, format_name=format)


@task(
    help=CLUSTER
    | {
        "size": "bytes of the dataset, as in 64MiB or 1GiB",
        "files": "number of its files",
        "evidence": "folder below which the evidence of this run is kept",
        "namespace": "that is made and removed; one with a name of its own where not given",
        "image": "of the pods that write and read volumes; a pinned one where not given",
        "prometheus": "URL of the Prometheus or Victoria Metrics that watches the cluster",
        "allow_missing": "parts that may be missing: some of flux,external-secrets,prometheus",
        "record": RECORD,
        "timeout": "seconds that one backup, restore or pod may take",
    }
)
@exits_cleanly
def cluster_e2e(
    _: Context,
    *,
    context: str = "",
    size: str = "16MiB",
    files: int = 200,
    evidence: str = "evidence",
    namespace: str = "",
    image: str = "",
    prometheus: str = "",
    allow_missing: str = "",
    record: str = "",
    timeout: int = 1800,
) -> None:
    """Back up, wipe, restore and compare on a cluster, in a namespace of the run's own, with the objects of this tree."""
    from scripts.cluster_e2e.run import run

    run(
        context=context,
        size=size,
        files=files,
        evidence_folder=evidence,
        namespace=namespace,
        image=image,
        prometheus=prometheus,
        allow_missing=allow_missing,
        record_file=record,
        timeout_s=timeout,
    )


namespace = Collection(
    setup,
    validate,
    render,
    diff,
    commit,
    e2e,
    backup=Collection(
        status=backup_status,
        now=backup_now,
        snapshots=backup_snapshots,
        restore=backup_restore,
        drill=backup_drill,
        unlock=backup_unlock,
        add=backup_add,
        rotate_keys=backup_rotate_keys,
        rotate_password=backup_rotate_password,
    ),
    cluster=Collection(doctor=cluster_doctor, e2e=cluster_e2e),
    onepassword=Collection(setup=onepassword_setup),
    minio=Collection(setup=minio_setup, check=minio_check),
    charts=Collection(fetch=charts_fetch),
    tools=Collection(install=tools_install),
)
