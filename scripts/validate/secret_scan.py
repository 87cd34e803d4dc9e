"""Every file -> the lines that look like a credential."""

import io
from collections import defaultdict
from collections.abc import Iterator
from typing import cast

from detect_secrets.core.potential_secret import PotentialSecret

# scan_file reads one form of a file, so that comments and what stands beside a first hit escape it
from detect_secrets.core.scan import _process_line_based_plugins
from detect_secrets.settings import get_plugins, transient_settings
from detect_secrets.transformers import get_transformed_file
from detect_secrets.types import NamedIO

from scripts.checks import credentials
from scripts.checks.credentials import NEXT_STEP, Exposure
from scripts.model import Finding, Outcome
from scripts.source import Tree
from scripts.validate.outcome import blocked, concluded

CHECK = "secrets"

DETECTORS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "Base64HighEntropyString",
    "BasicAuthDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "HexHighEntropyString",
    "JwtTokenDetector",
    "KeywordDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
"""Those of detect-secrets that fit a tree of manifests; the one for public IP addresses does not."""

BY_KEYWORD = "Secret Keyword"
"""What the scanner calls a value that it takes for a secret because of the word before it."""

LIMITS = {"Base64HighEntropyString": 4.5, "HexHighEntropyString": 3.0}
"""Bits of entropy for each character from which on a quoted string is no word; the scanner's own defaults."""

FILTERS = (
    "is_indirect_reference",
    "is_likely_id_string",
    "is_not_alphanumeric_string",
    "is_potential_uuid",
    "is_prefixed_with_dollar_sign",
    "is_sequential_string",
    "is_templated_secret",
)
"""Heuristics of detect-secrets against false alarms. Its own comments are not among them, for they need no reason."""


def outcomes(tree: Tree) -> tuple[Outcome, ...]:
    """
    Look for credentials in every text of the tree: with detect-secrets, and with what is known of Kubernetes objects.

    Args:
        tree: what was read.

    Returns:
        One outcome; its reason says what was allowed and what was not looked at.
    """
    texts = {path: text for path, text in tree.texts.items() if path not in tree.broken}
    if not texts:
        return (blocked(CHECK, "the tree", "it holds no file that can be read"),)
    known: dict[str, list[Exposure]] = defaultdict(list)
    for document in tree.documents:
        known[document.file] += credentials.check(document)
    findings: list[Finding] = []
    allowed = 0
    # the scanner's own list of secrets keeps one line of each; read line by line, every line is told
    with transient_settings(_settings()):
        for path, text in sorted(texts.items()):
            settled, allowed_here = credentials.settle(text, (*known[path], *_scanned(tree, path)))
            findings += settled
            allowed += allowed_here
    remarks = [f"{allowed} lines allowed with a reason"] if allowed else []
    if unread := len(tree.binaries) + len(tree.texts) - len(texts):
        remarks.append(f"{unread} files that are no text were not looked at")
    return (concluded(CHECK, f"{len(texts)} files", tuple(findings), reason=", ".join(remarks)),)


def _settings() -> dict[str, list[dict[str, str | float]]]:
    return {
        "plugins_used": [
            {"name": name, "limit": LIMITS[name]} if name in LIMITS else {"name": name} for name in DETECTORS
        ],
        "filters_used": [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in FILTERS],
    }


def _scanned(tree: Tree, path: str) -> Iterator[Exposure]:
    found: dict[int, set[str]] = defaultdict(set)
    seen: set[str] = set()
    plain = tree.texts[path].split("\n")
    for form in _forms(path, tree.texts[path]):
        hits = [(number, each) for number, line in enumerate(form, start=1) for each in _hits(path, line)]
        for number, each in hits:
            value = (each.secret_value or "").strip()
            line = plain[number - 1] if number <= len(plain) else ""
            is_name = each.type == BY_KEYWORD and credentials.is_name(line, value)
            # a form may give the line of a key for what stands lines below it, where it was found already
            if not is_name and value not in seen:
                found[number].add(each.type)
        seen |= {each.secret_value.strip() for _, each in hits if each.secret_value}
    for number, kinds in sorted(found.items()):
        finding = Finding(
            rule="secret-in-tree",
            file=path,
            line=number,
            message=f"looks like a credential ({', '.join(sorted(kinds))})",
            next_step=f"{NEXT_STEP}; or say why it is none: `pragma: allowlist secret - REASON`",
        )
        yield Exposure(finding=finding, last=number)


def _hits(path: str, line: str) -> Iterator[PotentialSecret]:
    # to ask the detectors first, and the filters only where one of them speaks, takes half of the time
    line = line.rstrip()
    if any(plugin.analyze_line(filename=path, line=line) for plugin in get_plugins()):
        yield from _process_line_based_plugins([(1, line)], path)


def _forms(path: str, text: str) -> Iterator[list[str]]:
    """The lines as they are, and as the scanner makes them of YAML and of anything that reads like settings."""
    yield text.split("\n")
    for is_eager in (False, True):
        with io.StringIO(text) as file:
            file.name = path
            lines = get_transformed_file(cast(NamedIO, file), use_eager_transformers=is_eager)
        if lines:
            yield lines
