"""A real MinIO on a free loopback port, with a fresh administrator, for as long as a context lasts."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException

from scripts import toolchain
from scripts.errors import CommandFailed
from scripts.process import Server, free_port, minimal_environment, serve
from scripts.provision.credentials import AccessKey
from scripts.settings import Secret

HOST = "127.0.0.1"
START_S = 30.0
"""Seconds within which it has to answer; it takes well under one."""

PORTS_TRIED = 5
"""Another program may take a port between the moment it is found free and the moment MinIO binds it."""


@dataclass(frozen=True, kw_only=True)
class MinioServer:
    """
    A running MinIO.

    Args:
        endpoint: URL of it.

        administrator: its administrator's key, made for this run.

        version: of the program.

        server: its process, to look at or to kill.
    """

    endpoint: str
    administrator: AccessKey
    version: str
    server: Server


@dataclass(frozen=True, kw_only=True)
class Tls:
    """
    What a server needs to speak https.

    Args:
        certificates: a folder with its certificate (public.crt) and key (private.key), PEM.

        ca_file: the certificate of the authority that signed it, PEM.
    """

    certificates: Path
    ca_file: Path


@contextlib.contextmanager
def run(*, data: Path, log: Path, tls: Tls | None = None, port: int = 0) -> Iterator[MinioServer]:
    """
    Run MinIO for as long as the context lasts.

    Args:
        data: an existing folder for its objects; what is there is served again.

        log: the file that its output goes to.

        tls: for https; http where None.

        port: to listen on; any free one where 0.

    Yields:
        The server, ready for requests.

    Raises:
        ToolMissing: where MinIO cannot be had.

        CommandFailed: where it ends before it is ready.

        Unreachable: where it is not ready in time.
    """
    program = toolchain.get("minio")
    administrator = AccessKey(id=f"admin-{secrets.token_hex(6)}", secret=Secret(secrets.token_hex(20)))
    with contextlib.ExitStack() as stack:
        server, address = _started(stack, program.path, administrator, data=data, log=log, tls=tls, port=port)
        yield MinioServer(
            endpoint=f"{'http' if tls is None else 'https'}://{address}",
            administrator=administrator,
            version=program.version,
            server=server,
        )


def _started(
    stack: contextlib.ExitStack,
    program: Path,
    administrator: AccessKey,
    *,
    data: Path,
    log: Path,
    tls: Tls | None,
    port: int,
) -> tuple[Server, str]:
    environment = minimal_environment(
        {
            "MINIO_ROOT_USER": administrator.id,
            "MINIO_ROOT_PASSWORD": administrator.secret,
            "MINIO_BROWSER": "off",  # the console would listen on every interface
            "MINIO_UPDATE": "off",  # nothing is asked of the internet
        }
    )
    certificates = () if tls is None else ("--certs-dir", tls.certificates)
    attempt = 1
    while True:
        address = f"{HOST}:{port or free_port()}"
        context = serve(
            "MinIO",
            [program, "server", "--address", address, *certificates, data],
            log=log,
            environment=environment,
            ready=_readiness(address, administrator, tls),
            timeout_s=START_S,
        )
        try:
            return stack.enter_context(context), address
        except CommandFailed:
            if port or attempt == PORTS_TRIED:
                raise
            attempt += 1


def _readiness(address: str, administrator: AccessKey, tls: Tls | None) -> Callable[[], bool]:
    # the health endpoint answers before users and policies can be made, and so does that of a stranger on this port:
    # only this server knows this administrator, and has its policies once it can take more of them
    client = MinioAdmin(
        endpoint=address,
        credentials=StaticProvider(administrator.id, administrator.secret.reveal()),
        secure=tls is not None,
        http_client=urllib3.PoolManager(timeout=2.0, retries=False, ca_certs=None if tls is None else str(tls.ca_file)),
    )

    def ready() -> bool:
        try:
            client.policy_info("readwrite")
        except (MinioAdminException, urllib3.exceptions.HTTPError):
            return False
        return True

    return ready
