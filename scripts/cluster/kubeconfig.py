"""A context's name -> how to reach its API server, from the files that kubectl reads."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.errors import SettingsError
from scripts.settings import Secret, optional

DEFAULT = "~/.kube/config"
NEXT_STEP = "correct it, or name another context"


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """
    A program that gives credentials.

    Args:
        command: the program and its arguments.

        variables: what its environment has beside this process's own.

        api_version: of the ExecCredential that it speaks.
    """

    command: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    api_version: str


@dataclass(frozen=True, kw_only=True)
class Access:
    """
    One context.

    Args:
        context: its name.

        server: URL of the API server.

        namespace: that the context has; "default" where it has none.

        authority: PEM of who signed the server's certificate; "" for the authorities of this machine.

        verify: whether the server's certificate is checked.

        server_name: that the certificate is for, where it is not the one in the URL.

        proxy: URL of a proxy; "" for none.

        certificate: PEM of the client's certificate; "" for none.

        key: PEM of its key.

        token: a bearer token, empty for none.

        token_file: a file that holds the token, read again whenever it was refused; None for none.

        plugin: a program that gives either; None for none.
    """

    context: str
    server: str
    namespace: str = "default"
    authority: str = ""
    verify: bool = True
    server_name: str = ""
    proxy: str = ""
    certificate: str = ""
    key: Secret = field(default_factory=lambda: Secret(""))
    token: Secret = field(default_factory=lambda: Secret(""))
    token_file: Path | None = None
    plugin: Plugin | None = None


def read(context: str) -> Access:
    """
    Look a context up; the current one is never taken in its place.

    Args:
        context: its name.

    Returns:
        How to reach it.

    Raises:
        SettingsError: where there is no such context, or it is not complete.
    """
    if not context:
        raise SettingsError("--context", "names no context", "name the cluster that is meant")
    files = [Path(name).expanduser() for name in (optional("KUBECONFIG") or DEFAULT).split(os.pathsep) if name]
    documents = [(file, _document(file)) for file in files if file.is_file()]
    if not documents:
        raise SettingsError(str(files[0]), "is not there", "point KUBECONFIG at the file that has the context")
    found = _named(documents, "contexts", context)
    if found is None:
        names = sorted({str(each.get("name")) for _, document in documents for each in document.get("contexts") or ()})
        raise SettingsError(f"context {context}", "is in no kubeconfig", f"name one of {', '.join(names) or 'none'}")
    file, entry = found
    cluster = _required(documents, "clusters", entry, "cluster", context)
    user = _required(documents, "users", entry, "user", context)
    try:
        return _access(context, entry, cluster, user)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        # never the value: it may be a key
        raise SettingsError(
            f"context {context} of {file}", f"is not complete ({type(error).__name__})", NEXT_STEP
        ) from None
    except OSError as error:
        raise SettingsError(str(error.filename), f"cannot be read ({error.strerror})", NEXT_STEP) from error


Found = tuple[Path, Mapping[str, Any]]
"""The file that something is from, and what it says."""


def _document(file: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(str(file), f"cannot be read ({error.strerror})", "see who may read it") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        # what is wrong may be beside a token
        raise SettingsError(str(file), "is not YAML", "mend it") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError(str(file), "is no kubeconfig", "mend it, or point KUBECONFIG at another file")
    return document


def _named(documents: list[Found], section: str, name: str) -> Found | None:
    # the first file that has a name decides, as for kubectl
    key = section.removesuffix("s")
    for file, document in documents:
        for each in document.get(section) or ():
            if each.get("name") == name:
                return file, each.get(key) or {}
    return None


def _required(documents: list[Found], section: str, entry: Mapping[str, Any], key: str, context: str) -> Found:
    found = _named(documents, section, str(entry.get(key, "")))
    if found is None:
        raise SettingsError(
            f"context {context}", f"names the {key} {entry.get(key)}, which is in no kubeconfig", NEXT_STEP
        )
    return found


def _access(context: str, entry: Mapping[str, Any], cluster: Found, user: Found) -> Access:
    at, said = cluster
    home, credentials = user
    token_file = credentials.get("tokenFile")
    return Access(
        context=context,
        server=str(said["server"]).rstrip("/"),
        namespace=str(entry.get("namespace") or "default"),
        authority=_content(at, said, "certificate-authority"),
        verify=not said.get("insecure-skip-tls-verify", False),
        server_name=str(said.get("tls-server-name") or ""),
        proxy=str(said.get("proxy-url") or ""),
        certificate=_content(home, credentials, "client-certificate"),
        key=Secret(_content(home, credentials, "client-key")),
        token=Secret("" if token_file else str(credentials.get("token") or "")),
        token_file=home.parent / str(token_file) if token_file else None,
        plugin=_plugin(credentials.get("exec"), home.parent),
    )


def _content(file: Path, table: Mapping[str, Any], key: str) -> str:
    inline = table.get(f"{key}-data")
    if inline:
        return base64.b64decode(inline, validate=True).decode("ascii")
    return (file.parent / str(table[key])).read_text(encoding="ascii") if table.get(key) else ""


def _plugin(table: Mapping[str, Any] | None, folder: Path) -> Plugin | None:
    if not table:
        return None
    command = str(table["command"])
    # a path with a folder in it is relative to the file, a bare name is looked for on the PATH
    located = str(folder / command) if "/" in command else command
    return Plugin(
        command=(located, *(str(each) for each in table.get("args") or ())),
        variables=tuple((str(each["name"]), str(each["value"])) for each in table.get("env") or ()),
        api_version=str(table["apiVersion"]),
    )
