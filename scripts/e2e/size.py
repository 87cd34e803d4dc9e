"""A size as people write it -> bytes."""

import re

from scripts.errors import SettingsError

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
SIZE = re.compile(r"(\d+) ?(B|[KMGT]iB)")


def parse_size(text: str) -> int:
    """
    Read a size.

    Args:
        text: a whole number and a unit, as in "64MiB" or "512 B".

    Returns:
        Bytes.

    Raises:
        SettingsError: where it is something else.
    """
    match = SIZE.fullmatch(text.strip())
    if match is None:
        raise SettingsError("--size", f"`{text}` is no size", f"give a whole number of {', '.join(UNITS)}")
    return int(match[1]) * UNITS[match[2]]
