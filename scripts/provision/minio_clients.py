"""An endpoint and a key -> MinIO's clients, whose requests end in time, and whose errors a person can act on."""

import contextlib
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

import certifi
import urllib3
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import InvalidResponseError, MinioAdminException, S3Error, ServerError

from scripts import settings
from scripts.errors import BackupError, Refused, SettingsError, Unreachable
from scripts.provision.credentials import AccessKey
from scripts.provision.endpoint import Endpoint
from scripts.provision.patience import PATIENCE, Patience

ADMINISTRATOR = "the administrator"
"""Who signs in, where it is not a user of this project's."""

ASKED_AGAIN = (429, 500, 502, 503, 504)


@dataclass(frozen=True, kw_only=True)
class MinioServer:
    """
    How to reach a MinIO.

    Args:
        endpoint: where it is.

        region: the name that requests are signed with.

        ca_file: PEM file of the authority that signed its certificate; the usual authorities where None.

        patience: for each request.
    """

    endpoint: Endpoint
    region: str
    ca_file: Path | None = None
    patience: Patience = PATIENCE

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"MinIO {self.endpoint}"


@dataclass(frozen=True, kw_only=True)
class MinioAccess:
    """
    A MinIO and who administers it.

    Args:
        server: how to reach it.

        administrator: a key that may change buckets, policies and users.
    """

    server: MinioServer
    administrator: AccessKey


def s3(server: MinioServer, key: AccessKey) -> Minio:
    """
    A client of the S3 API.

    Args:
        server: to talk to.

        key: to sign in with.

    Returns:
        The client; nothing is asked of the server yet.
    """
    return Minio(
        endpoint=server.endpoint.address,
        access_key=key.id,
        secret_key=key.secret.reveal(),
        secure=server.endpoint.secure,
        region=server.region,
        http_client=_pool(server),
    )


def administration(server: MinioServer, key: AccessKey) -> MinioAdmin:
    """
    A client of the administration API.

    Args:
        server: to talk to.

        key: to sign in with.

    Returns:
        The client; nothing is asked of the server yet.
    """
    return MinioAdmin(
        endpoint=server.endpoint.address,
        credentials=StaticProvider(key.id, key.secret.reveal()),
        region=server.region,
        secure=server.endpoint.secure,
        http_client=_pool(server),
    )


def code(error: S3Error | MinioAdminException) -> str:
    """
    The name that MinIO gives to a refusal.

    Args:
        error: as one of the clients raised it.

    Returns:
        For example "AccessDenied" or "XMinioAdminNoSuchUser"; "" where the answer has none.
    """
    if isinstance(error, S3Error):
        return error.code or ""
    with contextlib.suppress(ValueError, AttributeError):
        return str(json.loads(error._body).get("Code", ""))  # the exception has no public way to its body
    return ""


@contextlib.contextmanager
def explained(server: MinioServer, who: str) -> Iterator[None]:
    """
    Turn what the clients raise into errors that a person can act on.

    No text of an answer is repeated, only the name of the refusal: an answer may hold what was sent.

    Args:
        server: that is asked.

        who: whose key it is asked with ("the administrator", "user volsync-backup").

    Raises:
        Unreachable: where it does not answer, or only with its own faults.

        Refused: where it does not accept the key, or does not let it do what was asked.

        SettingsError: where the address is not a MinIO's, or its certificate is not trusted.
    """
    try:
        yield
    except (S3Error, MinioAdminException) as error:
        raise _refusal(server, who, code(error)) from None
    except urllib3.exceptions.MaxRetryError as error:
        raise _gave_up(server, error.reason) from None
    except urllib3.exceptions.HTTPError as error:
        raise _gave_up(server, error) from None
    except (InvalidResponseError, ServerError, ParseError, OSError, ValueError):
        # no XML, no JSON, or nothing that the administrator's secret decrypts
        raise _stranger(server) from None


def _refusal(server: MinioServer, who: str, name: str) -> BackupError:
    refusals = {
        "InvalidAccessKeyId": f"does not know the access key of {who}, or it is disabled",
        "SignatureDoesNotMatch": f"does not accept the secret of {who}",
        "AccessDenied": f"does not let {who} do that (AccessDenied)",
        "NoSuchBucket": "does not have the bucket",
    }
    if name in refusals:
        return Refused(server.name, refusals[name], _credentials(who))
    if name == "AuthorizationHeaderMalformed":
        return SettingsError(server.name, f"is not in the region {server.region}", "put its region into VOLSYNC_REGION")
    if name == "RequestTimeTooSkewed":
        return Refused(server.name, "has another time than this machine", "set both clocks, as with NTP")
    if name:
        return Refused(server.name, f"answers {name} to {who}", "see MinIO's log for the reason")
    return _stranger(server)


def _stranger(server: MinioServer) -> BackupError:
    found = "does not answer as MinIO does"
    return SettingsError(server.name, found, "give the address of its S3 API, with the right scheme")


def _credentials(who: str) -> str:
    if who == ADMINISTRATOR:
        return "give an administrator's MINIO_ADMIN_ACCESS_KEY and MINIO_ADMIN_SECRET_KEY"
    return "run `invoke minio.setup`"


def _gave_up(server: MinioServer, reason: Exception | None) -> BackupError:
    if isinstance(reason, urllib3.exceptions.SSLError):
        if reason.args and isinstance(reason.args[0], ssl.SSLCertVerificationError):
            found = f"has a certificate that is not trusted ({reason.args[0].verify_message})"
            return SettingsError(server.name, found, "give the certificate of its authority with `--ca-file`")
        return SettingsError(server.name, "does not speak https", "write its address with http://")
    if isinstance(reason, urllib3.exceptions.ResponseError):
        return Unreachable(server.name, "answers with its own faults only", "see its log, and run it again")
    found = f"cannot be reached ({type(reason).__name__})"
    return Unreachable(server.name, found, "see whether it runs, and whether its address is right")


def _pool(server: MinioServer) -> urllib3.PoolManager:
    patience = server.patience
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=patience.connect_s, read=patience.read_s),
        retries=urllib3.Retry(
            total=patience.attempts - 1,
            backoff_factor=patience.pause_s,
            status_forcelist=ASKED_AGAIN,
            allowed_methods=None,  # every request of this project may be made twice
            respect_retry_after_header=False,  # a server must not decide how long this waits
        ),
        ca_certs=str(server.ca_file) if server.ca_file else settings.optional("SSL_CERT_FILE") or certifi.where(),
    )
