"""What a program that downloads something may see of this machine's own settings."""

from collections.abc import Iterable

from scripts.process import minimal_environment
from scripts.settings import Secret, environment

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy")


def settings(names: Iterable[str], *, prefix: str = "") -> dict[str, str | Secret]:
    """
    The minimal environment, the proxies, and the variables that say where downloads come from.

    Args:
        names: of further variables.

        prefix: of further variables; "" for none.

    Returns:
        A mapping for `process.run`; an address with a password in it is a Secret, so that no message has it.
    """
    wanted = {*PROXIES, *names}
    found = {
        name: Secret(value) if "@" in value else value
        for name, value in environment().items()
        if name in wanted or (prefix and name.startswith(prefix))
    }
    return minimal_environment(found)
