"""
The story's paths in the work tree -> one validated commit; nothing is ever pushed.

    message     the paths that belong to the story, and what the commit says of them
    repository  git: what state it is in, what would go in, the commit
"""

from scripts.publish.pipeline import run

__all__ = ["run"]
