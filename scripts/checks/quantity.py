"""A quantity of Kubernetes -> a number."""

import re
from decimal import Decimal, InvalidOperation

QUANTITY = re.compile(r"(?P<number>[0-9.]+)(?P<suffix>|[eE]-?[0-9]+|[numkMGTPE]|[KMGTPE]i)")
UNITS = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "n": -9, "u": -6, "m": -3}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}

FARTHEST = 99
"""Power of ten that no size comes near to."""


def size_of(quantity: object) -> Decimal | None:
    """
    What a Kubernetes quantity stands for.

    Args:
        quantity: a text such as "10Gi" or "100m", or a number.

    Returns:
        Bytes, or CPUs; None where it is no quantity.
    """
    found = QUANTITY.fullmatch(str(quantity))
    if found is None:
        return None
    try:
        number, suffix = Decimal(found["number"]), found["suffix"]
    except InvalidOperation:
        return None
    if suffix in BINARY:
        return number * Decimal(2 ** BINARY[suffix])
    power = UNITS[suffix] if suffix in UNITS else max(-FARTHEST, min(FARTHEST, int(suffix[1:9])))
    return number.scaleb(power)
