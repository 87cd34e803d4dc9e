"""HelmRepository -> whether its address is one that can be trusted and read."""

from urllib.parse import urlsplit

from scripts.document import Document
from scripts.model import Finding


def is_helm_repository(document: Document) -> bool:
    """
    Tell a HelmRepository from other documents.

    Args:
        document: any document.

    Returns:
        Whether it is one.
    """
    return document.kind == "HelmRepository" and document.api_version.startswith("source.toolkit.fluxcd.io/")


def check(document: Document) -> tuple[Finding, ...]:
    """
    Check the address of a HelmRepository.

    Args:
        document: a HelmRepository.

    Returns:
        What is wrong with it: one finding or none.
    """
    address = str(document.get("spec", "url") or "")
    wanted = "oci" if document.get("spec", "type") == "oci" else "https"
    if _is_address(address, wanted):
        return ()
    shown = "an address with a credential in it" if "@" in address else repr(address)
    return (
        Finding(
            rule="helm-repository",
            file=document.file,
            line=document.line("spec", "url"),
            message=f"HelmRepository {document.name} has {shown} as its url, wanted is {wanted}://host/path",
            next_step="correct spec.url",
        ),
    )


def _is_address(text: str, scheme: str) -> bool:
    try:
        parts = urlsplit(text)
        # to ask for the port is what refuses one that is no number
        return parts.port != 0 and parts.scheme == scheme and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
