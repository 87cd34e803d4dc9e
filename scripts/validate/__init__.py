"""
A tree -> one report of what was checked, what is wrong with it, and what could not run.

    tools        where the programs are
    builds       `kustomize build` of every kustomization
    flux_builds  whether each Flux Kustomization can be applied
    lint         yamllint
    rendered     whether the objects that the tree renders to fit each other
    alerts       promtool, and the rendered alerts
    docs         what README.md and docs/ speak of
    story        the acceptance criteria, by what all of these came to
    secret_scan  nothing that looks like a credential
"""

from scripts.validate.pipeline import conclude, run, validate

__all__ = ["conclude", "run", "validate"]
