"""What a server of this machine needs to speak https."""

from pathlib import Path

from scripts.e2e.minio_server import Tls
from scripts.process import run


def signed(folder: Path) -> Tls:
    """An authority and a certificate for 127.0.0.1 that it signed."""
    key = folder / "private.key"
    authority, request = folder / "authority.crt", folder / "request.csr"
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl(
        ["req", "-x509", *new_key, "-keyout", folder / "authority.key", "-out", authority, "-subj", "/CN=authority"]
    )
    _openssl(["req", *new_key, "-keyout", key, "-out", request, "-subj", "/CN=minio"])
    signing = ["-CA", authority, "-CAkey", folder / "authority.key", "-CAcreateserial", "-extfile", extensions]
    _openssl(["x509", "-req", "-in", request, *signing, "-days", "2", "-out", folder / "public.crt"])
    return Tls(certificates=folder, ca_file=authority)


def _openssl(words):
    run(["openssl", *words], timeout_s=30)
