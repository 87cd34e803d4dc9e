"""
The Python behind the tasks: what static YAML cannot do.

    kubernetes/ -- render --> Resource -- checks --> Finding -----------------+
    desired state  +                                                          |
    observed state +-- plan --> Step -- apply (MinIO, 1Password) -------------+--> report
    dataset -- scenario (local | cluster) -- compare --> Evidence ------------+

Imports point one way: errors, model, settings, process, progress, toolchain, cluster_settings, scalars, nesting, document, store,
source, render, checks, report, review, charts, validate, cluster, provision, e2e, operate, cluster_e2e, publish. The layers are
checked by import-linter (pyproject.toml).
"""
