"""
A tree -> one report of what was checked, what is wrong with it, and what could not run.

    tools          where the programs are
    builds         `kustomize build` of every kustomization
    flux_builds    whether each Flux Kustomization can be applied
    lint           ryl, and yamllint where ryl has something to say
    yamllint_batch the program that runs yamllint
    rendered       whether the objects that the tree renders to fit each other
    alerts         promtool, and the rendered alerts
    docs           what README.md and docs/ speak of
    story          the acceptance criteria, by what all of these came to
    secret_scan    nothing that looks like a credential
    gitleaks       what gitleaks gets to read, and what it finds
    unpushed       the commits that a push would publish
"""

from scripts.validate.pipeline import conclude, run, validate

__all__ = ["conclude", "run", "validate"]
