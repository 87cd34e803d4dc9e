"""Rendered objects -> the YAML that a person reads."""

from collections.abc import Mapping
from typing import Any

import yaml

from scripts.document import mapping
from scripts.model import Resource
from scripts.settings import REDACTED

SECRET_FIELDS = ("data", "stringData")


class _Dumper(yaml.SafeDumper):
    """YAML without aliases, and with texts of several lines as they were written."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # what neither a terminal nor every reader of YAML takes for a letter is escaped
    is_plain = value.replace("\n", "").isprintable()
    style = ("|" if "\n" in value.rstrip("\n") else None) if is_plain else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _string)


def text(resources: tuple[Resource, ...], *, entry_point: str) -> str:
    """
    Write objects as one stream of YAML.

    Args:
        resources: in any order.

        entry_point: what those that come first are applied by.

    Returns:
        Those of the entry point first, then by Flux Kustomization, kind, namespace and name; each below a comment that
        says what applies it. Values of a Secret are redacted.
    """
    return "".join(_document(each) for each in sorted(resources, key=lambda each: _order(each, entry_point)))


def public(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Take the values out of a Secret.

    Args:
        document: any object.

    Returns:
        The object; of a Secret one that has its keys and none of its values.
    """
    if document.get("kind") != "Secret":
        return document
    hidden = {field: dict.fromkeys(mapping(document[field]), REDACTED) for field in SECRET_FIELDS if field in document}
    return {**document, **hidden}


def _order(resource: Resource, entry_point: str) -> tuple[bool, str, str, str, str]:
    found = resource.id
    is_applied_later = resource.kustomization != entry_point
    return is_applied_later, resource.kustomization, found.kind, found.namespace, found.name


def _document(resource: Resource) -> str:
    written = yaml.dump(
        dict(public(resource.document)), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return f"---\n# applied by {resource.kustomization}\n{written}"
