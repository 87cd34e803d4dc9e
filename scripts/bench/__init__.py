"""
Time of this project's work beside named peers in the same run -> JSON on standard output.

    trees       trees of any number of apps
    kubeconform its check of their files
    validation  `invoke validate` on them, beside flate, kubeconform and a bare loop of kustomize
    timing      how a piece of work is timed
    __main__    all of it, and the mover beside plain restic
"""
