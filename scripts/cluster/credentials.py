"""Who this project is to an API server: a token, a certificate, or what a plugin gives."""

import json
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scripts import process
from scripts.cluster.kubeconfig import Access, Plugin
from scripts.errors import CommandFailed, SettingsError
from scripts.settings import Secret, environment

PLUGIN_TIMEOUT_S = 60.0
PLUGIN_NEXT_STEP = "sign in again with the program that made this context"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """
    What a connection shows to the server.

    Args:
        token: a bearer token, empty for none.

        certificate: PEM of a client certificate; "" for none.

        key: PEM of its key.
    """

    token: Secret
    certificate: str
    key: Secret


def obtain(access: Access) -> Credentials:
    """
    Get the credentials of a context, now.

    Args:
        access: the context.

    Returns:
        What is valid at this moment; a token may expire.

    Raises:
        SettingsError: where they cannot be had.
    """
    if access.plugin is not None:
        return _from_plugin(access, access.plugin)
    token = access.token
    if access.token_file is not None:
        try:
            token = Secret(access.token_file.read_text(encoding="ascii").strip())
        except OSError as error:
            raise SettingsError(
                str(access.token_file), f"cannot be read ({error.strerror})", "see who may read the token"
            ) from error
    return Credentials(token=token, certificate=access.certificate, key=access.key)


def expires(access: Access) -> bool:
    """
    Tell whether getting the credentials again may give other ones.

    Args:
        access: the context.

    Returns:
        True for a token in a file and for a plugin.
    """
    return access.plugin is not None or access.token_file is not None


def tls(access: Access, credentials: Credentials) -> ssl.SSLContext:
    """
    What a connection is encrypted and both ends are proven with.

    Args:
        access: the context.

        credentials: of the client.

    Returns:
        A context for the client's side.

    Raises:
        SettingsError: where a certificate or a key is none.
    """
    try:
        context = ssl.create_default_context(cadata=access.authority or None)
        if not access.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if credentials.certificate:
            # OpenSSL reads a key from a file alone: it is there for this moment, and only this user can read it
            with tempfile.TemporaryDirectory(prefix="apps-backup-") as folder:
                file = Path(folder) / "client.pem"
                file.touch(mode=0o600)
                file.write_text(f"{credentials.certificate}\n{credentials.key.reveal()}\n", encoding="ascii")
                context.load_cert_chain(file)
    except (ssl.SSLError, ValueError) as error:
        raise SettingsError(
            f"context {access.context}",
            f"has a certificate or key that is none ({type(error).__name__})",
            "make it anew",
        ) from None
    return context


def _from_plugin(access: Access, plugin: Plugin) -> Credentials:
    name = Path(plugin.command[0]).name
    where = f"context {access.context}: {name}"
    request = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
    variables = environment() | dict(plugin.variables) | {"KUBERNETES_EXEC_INFO": json.dumps(request)}
    try:
        answered = process.run(
            plugin.command, timeout_s=PLUGIN_TIMEOUT_S, environment=variables, accept=None, next_step=PLUGIN_NEXT_STEP
        )
    except CommandFailed as error:
        raise SettingsError(where, f"did not end within {PLUGIN_TIMEOUT_S:g} s", PLUGIN_NEXT_STEP) from error
    if answered.exit_code:
        # not what it wrote on standard output: that is where the credentials are
        said = answered.stderr.strip().splitlines()[-1:] or ["nothing"]
        raise SettingsError(where, f"ended with exit code {answered.exit_code} and says: {said[0]}", PLUGIN_NEXT_STEP)
    try:
        status = json.loads(answered.stdout)["status"]
        return Credentials(
            token=Secret(str(status.get("token", ""))),
            certificate=str(status.get("clientCertificateData", "")),
            key=Secret(str(status.get("clientKeyData", ""))),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SettingsError(where, "did not answer with an ExecCredential", PLUGIN_NEXT_STEP) from None
