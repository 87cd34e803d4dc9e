"""The annotations and labels of an alert -> the labels that their templates ask for."""

import re

USED = re.compile(r"\{\{.*?\}\}", re.DOTALL)
LABEL = re.compile(r"""(?:\$labels|\.Labels)\.(\w+)|index\s+(?:\$labels|\.Labels)\s+["`](\w+)["`]""")


def labels_used(text: str) -> tuple[str, ...]:
    """
    The labels that a template asks for.

    Args:
        text: of an annotation or a label ("backup of {{ $labels.namespace }}").

    Returns:
        Their names, each once, in the order of the text.
    """
    found = (one or other for action in USED.findall(text) for one, other in LABEL.findall(action))
    return tuple(dict.fromkeys(found))
