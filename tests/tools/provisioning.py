"""What the tests of the set-up build: a record on the stand-in, a MinIO and who administers it, and looks at both."""

import contextlib
import hashlib
import http.server
import json
import threading

from minio import Minio

from scripts.provision import endpoint, minio_clients
from scripts.provision.connect_client import Vault
from scripts.provision.minio_clients import MinioAccess, MinioServer
from scripts.provision.onepassword import ItemRecord
from scripts.provision.patience import Patience

QUICK = Patience(connect_s=5.0, read_s=20.0, attempts=3, pause_s=0.01, settle_s=20.0)
"""Limits that let a test of a dead server end soon, and do not end one on a busy machine."""


class Killed(Exception):
    """What ends a run in the middle of its steps, as a kill would."""


def vault_of(stand_in, shared, *, token=None, patience=QUICK):
    host = endpoint.parse(stand_in.host)
    return Vault(host=host, token=token or stand_in.token, title=shared.vault, patience=patience)


def item_record(stand_in, shared, *, token=None, patience=QUICK):
    return ItemRecord(
        vault=vault_of(stand_in, shared, token=token, patience=patience), title=shared.item, patience=patience
    )


def server_at(url, shared, *, ca_file=None, patience=QUICK):
    return MinioServer(endpoint=endpoint.parse(url), region=shared.region, ca_file=ca_file, patience=patience)


def access_to(server, shared, *, ca_file=None, patience=QUICK):
    return MinioAccess(
        server=server_at(server.endpoint, shared, ca_file=ca_file, patience=patience),
        administrator=server.administrator,
    )


def administration(access):
    return minio_clients.administration(access.server, access.administrator)


def s3(access) -> Minio:
    return minio_clients.s3(access.server, access.administrator)


def user_of(access, shared):
    """What MinIO says of the user, without the time it was changed."""
    return {k: v for k, v in json.loads(administration(access).user_info(shared.user)).items() if k != "updatedAt"}


def files_of(folder):
    """Every file below a folder with the digest of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def killed(number, *, before):
    """
    Something that surrounds each step, and ends the run before or after the one of that number.

    It stands where the tasks show progress.
    """
    taken = []

    @contextlib.contextmanager
    def taking(step):
        taken.append(step)
        current = len(taken)
        if before and current == number:
            raise Killed(str(step))
        yield
        if not before and current == number:
            raise Killed(str(step))

    return taking


@contextlib.contextmanager
def answering(status, body, content_type="text/html"):
    """A server that gives one and the same answer to everything."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            asked.append(self.command)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()
