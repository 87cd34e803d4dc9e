"""
The scenario of scripts.e2e on a Kubernetes API: the same proof, with the cluster's own VolSync, storage and secrets.

    app         the tree's rendered app -> its objects in a namespace of the run's own
    stay        that namespace: made, and removed with all that is in it and in the bucket
    sync        a ReplicationSource or -Destination that was triggered -> how its sync ended, and what was seen of it
    dead_lock   a lock whose holder is long dead
    system      all of it as the BackupSystem that the scenario works on
    platform    Flux, controllers, External Secrets: are they there, and ready
    metrics     Prometheus, or the endpoint that it scrapes: are the series and the alerts there
    run         the steps, and the evidence
"""
