"""The table of rules -> the page of the documentation that lists them."""

from scripts.checks import RULES, SECRET_RULES, severity
from scripts.checks.fault import ALLOWED, REASON_LENGTH

HEAD = f"""\
# Rules

What `invoke validate` demands of a tree. This page is made from the table in `scripts/checks/__init__.py`:
`python -m scripts.checks > docs/reference/rules.md`.

An object of the rendered tree is taken out of a rule by an annotation on it, `{ALLOWED}RULE: REASON`, with a reason of
at least {REASON_LENGTH} characters. A line that looks like a credential is allowed by a comment, `pragma: allowlist` and
`secret - REASON`. The report says how many are.

The rules whose names begin with `flux-`, `helm-`, `schema-`, `volsync-`, `external-secret-` and `cluster-settings` look at what the
tree renders to (`helm-repository` at the files). Where a fault stands in a template that many apps use it is told once, with the apps that have it.

An **error** is what would fail, be ignored, back up nothing, restore nothing or give a secret away. A **warning** is what
leaves backups and restores working, and should be looked at. Both end `invoke validate` with exit code 1.

What breaks a rule, and what is said of it then, is in `tests/trees/invalid/`, in the folder of the rule's name.

| Rule | Severity | What it demands |
|---|---|---|
"""

TAIL = """
What these find never goes into a commit that `invoke commit` makes: {rules}.
"""


def page() -> str:
    """
    The page.

    Returns:
        Markdown.
    """
    rows = "".join(f"| `{rule}` | {severity(rule).value} | {demand} |\n" for rule, demand in RULES.items())
    return HEAD + rows + TAIL.format(rules=", ".join(f"`{rule}`" for rule in sorted(SECRET_RULES)))
