"""What keeps a renderer from the network."""

from collections.abc import Mapping
from pathlib import Path

from scripts.process import minimal_environment
from scripts.settings import Secret

CLOSED = "http://127.0.0.1:9"
"""The discard port of this machine, where nothing listens: what is asked for there is refused at once."""


def environment(home: Path) -> Mapping[str, str | Secret]:
    """
    What a renderer may see.

    Args:
        home: a folder for what it keeps.

    Returns:
        Variables with which it reaches no address, so that a tree renders the same everywhere.
    """
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), CLOSED)
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "GIT_ALLOW_PROTOCOL": "file", "KUBECONFIG": ""}
    return minimal_environment({**proxies, **own})
