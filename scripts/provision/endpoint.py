"""A URL that a person gave -> the server it names, or a sentence that says what is wrong with it."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from scripts.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """
    A server that speaks http or https.

    Args:
        secure: whether it is https.

        address: host, and port where one was given ("10.25.11.3:9000").

        is_loopback: whether it is this machine, so that no proxy is between.
    """

    secure: bool
    address: str
    is_loopback: bool

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.address}"


def parse(url: str, *, where: str = "endpoint", example: str = "http://10.25.11.3:9000") -> Endpoint:
    """
    Read the URL of a server.

    Args:
        url: scheme, host, port; nothing else.

        where: what it came from, for the message ("--endpoint").

        example: a right one, for the message.

    Returns:
        The server.

    Raises:
        SettingsError: where it is no such URL; the message repeats no part that could be a password.
    """
    next_step = f"write it as {example}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(where, "is no URL with a port from 1 to 65535", next_step) from None
    if "@" in parts.netloc:
        raise SettingsError(where, "has a user name or password in it, which would be shown", next_step)
    if parts.scheme not in {"http", "https"}:
        raise SettingsError(where, f"is `{url}`, which does not start with http:// or https://", next_step)
    if not parts.hostname or port == 0 or any(character.isspace() for character in url):
        raise SettingsError(where, f"is `{url}`, which names no host", next_step)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise SettingsError(where, f"is `{url}`, which has more than scheme, host and port", next_step)
    return Endpoint(secure=parts.scheme == "https", address=parts.netloc, is_loopback=_is_loopback(parts.hostname))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
