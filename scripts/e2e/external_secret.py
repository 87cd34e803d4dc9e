"""An ExternalSecret and the fields of its 1Password item -> the Secret that External Secrets would make."""

import re
from collections.abc import Mapping
from typing import Any

from scripts.errors import RenderError
from scripts.settings import Secret

PLACEHOLDER = re.compile(r"\{\{\s*\.(\w+)\s*\}\}")


def item_title(external_secret: Mapping[str, Any]) -> str:
    """
    The item that an ExternalSecret takes all its fields from.

    Args:
        external_secret: the rendered object.

    Returns:
        The title, as spec.dataFrom[0].extract.key has it.

    Raises:
        RenderError: where it takes its data in another way.
    """
    match external_secret.get("spec", {}).get("dataFrom"):
        case [{"extract": {"key": str(title)}}]:
            return title
        case other:
            raise RenderError(_where(external_secret), f"spec.dataFrom is {other}", "give it one extract with a key")


def resolve(external_secret: Mapping[str, Any], fields: Mapping[str, Secret]) -> dict[str, Secret]:
    """
    Fill the template of an ExternalSecret.

    Args:
        external_secret: the rendered object.

        fields: label -> value, of the item that it names.

    Returns:
        Key -> value of the Secret, none of them empty.

    Raises:
        RenderError: where the template asks for a field that the item lacks, for more than a field, or a value is empty.
    """
    template = external_secret.get("spec", {}).get("target", {}).get("template", {}).get("data", {})
    if not template:
        raise RenderError(_where(external_secret), "has no spec.target.template.data", "say which keys the Secret has")
    return {key: _filled(external_secret, key, str(text), fields) for key, text in sorted(template.items())}


def _filled(external_secret: Mapping[str, Any], key: str, text: str, fields: Mapping[str, Secret]) -> Secret:
    where = f"{_where(external_secret)}: key {key}"
    for name in PLACEHOLDER.findall(text):
        if name not in fields:
            raise RenderError(
                where, f"needs the field {name}, which the item does not have", "run `invoke onepassword.setup`"
            )
    value = PLACEHOLDER.sub(lambda match: fields[match[1]].reveal(), text)
    if "{{" in PLACEHOLDER.sub("", text):
        raise RenderError(where, f"`{text}` is more than fields and text", "use {{ .FIELD }} alone")
    if not value:
        raise RenderError(where, "comes to an empty value", "fill the field of the item")
    return Secret(value)


def _where(external_secret: Mapping[str, Any]) -> str:
    metadata = external_secret.get("metadata", {})
    return f"ExternalSecret {metadata.get('namespace')}/{metadata.get('name')}"
