"""
What the cluster would receive, and what a change does to it.

    manifests  rendered objects -> YAML
    revision   a commit -> the tree that it holds
    compare    two renderings -> what differs, object by object
    dangers    what differs -> what of it is dangerous for backups
    as_text    both -> lines
"""

from scripts.review.pipeline import show_changes, show_manifests

__all__ = ["show_changes", "show_manifests"]
