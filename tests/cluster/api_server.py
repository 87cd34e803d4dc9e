"""A real Kubernetes API on loopback: etcd and kube-apiserver, for as long as a context lasts."""

import contextlib
import json
import secrets
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scripts import toolchain
from scripts.process import Server, free_port, kill, minimal_environment, run, serve
from scripts.settings import Secret

HOST = "127.0.0.1"
START_S = 180.0
"""Seconds within which it has to be ready; it takes about four, on a machine with nothing else to do."""

USERS = {"administrator": "system:masters", "operators": "system:masters", "person": "", "stranger": ""}
"""
User -> group. The doubles are "operators"; "person" may what a test's Roles allow, "stranger" may nothing.
"""

RIGHTS_NEVER_CHECKED = ("ServiceAccount", "StorageObjectInUseProtection")
"""
Admission plugins that are off: both wait for a controller of the control plane that does not run here.

The second one's part, that a claim in use is not removed, is played by doubles.control_plane.
"""


class ApiServer:
    """
    A running API server.

    Args:
        folder: an existing folder of its own.

        stack: ends what runs.
    """

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"https://{HOST}:{self.port}"
        self.certificates = folder / "certificates"
        self.tokens = {user: Secret(secrets.token_hex(24)) for user in USERS}
        self._stack = stack
        self._running = contextlib.ExitStack()
        self._server: Server | None = None
        self._etcd_port = free_port()

    def __enter__(self) -> "ApiServer":
        self._write_secrets()
        self._stack.enter_context(self._etcd())
        self._stack.callback(self.stop)
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @property
    def authority(self) -> str:
        """PEM of the certificate that the server made for itself."""
        return (self.certificates / "apiserver.crt").read_text(encoding="ascii")

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the API server."""
        return () if self._server is None else (self._server.process_id,)

    def start(self) -> None:
        """Let it run, on the same port and with all that it was told before."""
        self._server = self._running.enter_context(self._api_server())

    def stop(self) -> None:
        """Let it end as a restart of a control plane does: watches are closed, then connections are refused."""
        self._running.close()
        self._server = None

    def kill(self) -> None:
        """End it at once, as a lost node would; `stop` cleans up after it."""
        if self._server is not None:
            kill(self._server)

    def kubeconfig(self, *, ports: dict[str, int] | None = None) -> dict:
        """
        A kubeconfig with a context for each user.

        Args:
            ports: suffix of further contexts -> the port of something that is in front of this server.
        """
        urls = {"": self.url} | {f"-{name}": f"https://{HOST}:{port}" for name, port in (ports or {}).items()}
        authority = str(self.certificates / "apiserver.crt")
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": f"tests{suffix}", "cluster": {"server": url, "certificate-authority": authority}}
                for suffix, url in urls.items()
            ],
            "users": [{"name": user, "user": {"token": token.reveal()}} for user, token in self.tokens.items()],
            "contexts": [
                {"name": f"{user}{suffix}", "context": {"cluster": f"tests{suffix}", "user": user}}
                for user in USERS
                for suffix in urls
            ],
            # whoever takes the current context has taken the wrong one
            "current-context": "stranger",
        }

    def _write_secrets(self) -> None:
        self.certificates.mkdir()
        rows = (
            f"{self.tokens[user].reveal()},{user},{user}" + (f',"{group}"' if group else "")
            for user, group in USERS.items()
        )
        _private(self.folder / "tokens.csv", "\n".join(rows) + "\n")
        key = run(("openssl", "genrsa", "2048"), timeout_s=30).stdout
        _private(self.folder / "service-account.key", key)

    def _etcd(self) -> contextlib.AbstractContextManager[Server]:
        client, peer = (f"http://{HOST}:{port}" for port in (self._etcd_port, free_port()))
        command = (
            toolchain.get("etcd").path,
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # what a power failure would do to a test's data is of no interest
        )
        return serve(
            "etcd",
            command,
            log=self.folder / "etcd.log",
            environment=minimal_environment(),
            ready=lambda: _answers(f"{client}/health", None),
            timeout_s=START_S,
        )

    def _api_server(self) -> contextlib.AbstractContextManager[Server]:
        key = self.folder / "service-account.key"
        command = (
            toolchain.get("kube-apiserver").path,
            f"--etcd-servers=http://{HOST}:{self._etcd_port}",
            f"--bind-address={HOST}",
            f"--secure-port={self.port}",
            f"--cert-dir={self.certificates}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--anonymous-auth=false",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://tests.invalid",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            f"--disable-admission-plugins={','.join(RIGHTS_NEVER_CHECKED)}",
            "--endpoint-reconciler-type=none",
            "--profiling=false",
            "--shutdown-delay-duration=0s",
        )
        return serve(
            "kube-apiserver",
            command,
            log=self.folder / "kube-apiserver.log",
            environment=minimal_environment(),
            ready=self._is_ready,
            timeout_s=START_S,
        )

    def _is_ready(self) -> bool:
        certificate = self.certificates / "apiserver.crt"
        if not certificate.exists():
            return False
        try:
            context = ssl.create_default_context(cafile=str(certificate))
        except ssl.SSLError:
            return False  # it is being written
        headers = {"Authorization": f"Bearer {self.tokens['administrator'].reveal()}"}
        return _answers(f"{self.url}/readyz", context, headers)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[ApiServer]:
    """
    Run an API server for as long as the context lasts.

    Args:
        folder: an existing folder of its own; it is removed at the end.

    Yields:
        The server, ready for requests.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield stack.enter_context(ApiServer(folder, contextlib.ExitStack()))


def write(kubeconfig: dict, file: Path) -> Path:
    """Write a kubeconfig that only this user can read."""
    _private(file, json.dumps(kubeconfig))  # JSON is YAML
    return file


def _private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="ascii")


def _answers(url: str, context: ssl.SSLContext | None, headers: dict[str, str] | None = None) -> bool:
    asked = urllib.request.Request(url, headers=headers or {})  # noqa: S310 - as above
    try:
        # straight to loopback, whatever proxy this machine has
        handlers = [urllib.request.ProxyHandler({})]
        if context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        with urllib.request.build_opener(*handlers).open(asked, timeout=2) as answer:
            return answer.status == 200
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return False
    except OSError:
        return False
