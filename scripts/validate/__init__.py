"""
A tree -> one report of what was checked, what is wrong with it, and what could not run.

    source       the files -> texts and documents
    tools        where the programs are
    builds       `kustomize build` of every kustomization
    flux_builds  the Flux build of every Flux Kustomization, by flux or flate (flux_tools)
    lint         yamllint
    alerts       promtool
    secret_scan  nothing that looks like a credential
"""

from scripts.validate.pipeline import conclude, run, validate

__all__ = ["conclude", "run", "validate"]
