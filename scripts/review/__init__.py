"""
What the cluster would receive, and what a change does to it.

    manifests  rendered objects -> YAML
"""

from scripts.review.pipeline import show_manifests

__all__ = ["show_manifests"]
