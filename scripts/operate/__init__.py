"""
What people do with backups on a cluster: one module for each task, pure ones for what the objects mean.

    apps          --app, --all -> the ReplicationSources that are meant
    mover_log     what a mover wrote -> what it saved, or why it failed
    seen          the cluster -> the objects of every app, one list a kind
    stuck         the objects around a backup in progress -> why it does not come to its end
    state         the objects of an app -> how its backups are
    trigger       the manual trigger, and how a schedule is given back
    attempt       what is seen of a backup that was asked for -> what comes next
    backups       apps -> how their backups ended, so many at once
    authority     customCA of an app -> the certificate of the authority of its MinIO
    repository    the Secret of an app -> the snapshots and locks of its repository
    contents      a snapshot -> what a restore of it has to bring
    restoring     what is seen of a restore -> how it ended
    scratch       the objects of a restore drill
    proof         one restore drill, step by step
    examination   what checks found -> what a person or a machine reads of it
    examined_secrets  ExternalSecrets and their stores -> what keeps Secrets from being up to date
    examined      the objects of a cluster -> what keeps backups from being made or restored
    repository_keys  which password opens a repository, and how one is added and removed
    consumers     the ExternalSecrets of the item -> Secrets that hold what the record holds
    rotating      what every rotation needs, and how the cluster gets the new value
    as_text       states -> what a person reads
    as_json       states -> what a machine reads
    status        backup.status
    now           backup.now
    snapshots     backup.snapshots
    unlock        backup.unlock
    restore       backup.restore
    drill         backup.drill
    edit          a YAML file, and an entry that it should have -> the file with it
    add           backup.add
    rotate_keys   backup.rotate-keys
    rotate_password  backup.rotate-password
    doctor        cluster.doctor
"""
