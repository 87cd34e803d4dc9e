"""What keeps kustomize from the network, and from the memory of the machine."""

from collections.abc import Mapping

from scripts.process import SHORT_LIVED, minimal_environment
from scripts.settings import Secret

CLOSED = "http://127.0.0.1:9"
"""The discard port of this machine, where nothing listens: what is asked for there is refused at once."""


NOWHERE = "/nonexistent"
"""The home of a program that is to read no settings of whoever runs it, and to leave nothing behind."""


def environment() -> Mapping[str, str | Secret]:
    """
    What kustomize may see.

    Returns:
        Variables with which it reaches no address, so that a tree renders the same everywhere.
    """
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), CLOSED)
    own = {"HOME": NOWHERE, "GIT_ALLOW_PROTOCOL": "file", "KUBECONFIG": ""}
    return minimal_environment({**proxies, **own, **SHORT_LIVED})
