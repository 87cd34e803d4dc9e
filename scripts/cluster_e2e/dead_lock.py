"""
A lock whose holder is long dead, written into a restic repository.

restic, told to unlock, removes the locks of the machine that it runs on, and those that nobody has refreshed for 30 minutes.
A mover runs on a machine of its own, so that the lock of one that was killed a moment ago would stay through the proof.

Source: restic/restic@v0.17.0:internal/restic/lock.go (Lock, StaleLockTimeout), internal/crypto/crypto.go,
internal/repository/key.go, doc/design.rst (Keys, Encryption and MAC)
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from Crypto.Cipher import AES
from Crypto.Hash import Poly1305
from Crypto.Util import Counter

from scripts.e2e.bucket import Bucket
from scripts.errors import ProofFailed
from scripts.settings import Secret

AGE = timedelta(hours=2)
HOST = "a-mover-that-was-killed"
NONCE_BYTES = MAC_BYTES = 16


def leave(bucket: Bucket, repository: str, password: Secret) -> None:
    """
    Leave an exclusive lock of a dead holder.

    Args:
        bucket: that it is in.

        repository: as RESTIC_REPOSITORY has it.

        password: RESTIC_PASSWORD.

    Raises:
        ProofFailed: where the password opens no key of the repository.
    """
    now = datetime.now(UTC)
    lock = {
        "time": (now - AGE).isoformat(),
        "exclusive": True,
        "hostname": HOST,
        "username": "",
        "pid": 1,
    }
    key = _master_key(bucket, repository, password)
    bucket.write_by_checksum(f"{repository}/locks", _encrypted(json.dumps(lock).encode(), *key))


def _master_key(bucket: Bucket, repository: str, password: Secret) -> tuple[bytes, bytes]:
    # the key that encrypts, and the key that authenticates
    for location, _ in bucket.objects(f"{repository}/keys"):
        key: Mapping[str, Any] = json.loads(bucket.read(location))
        derived = hashlib.scrypt(
            password.reveal().encode(),
            salt=base64.b64decode(key["salt"]),
            n=key["N"],
            r=key["r"],
            p=key["p"],
            maxmem=256 * key["N"] * key["r"],
            dklen=64,
        )
        opened = _decrypted(base64.b64decode(key["data"]), derived[:32], derived[32:])
        if opened is not None:
            master = json.loads(opened)
            mac = base64.b64decode(master["mac"]["k"]) + base64.b64decode(master["mac"]["r"])
            return base64.b64decode(master["encrypt"]), mac
    raise ProofFailed(repository, "has no key that RESTIC_PASSWORD opens", "see the Secret")


def _encrypted(text: bytes, encrypt: bytes, mac: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    hidden = _streamed(text, encrypt, nonce)
    return nonce + hidden + _tag(hidden, mac, nonce)


def _decrypted(content: bytes, encrypt: bytes, mac: bytes) -> bytes | None:
    nonce, hidden, tag = content[:NONCE_BYTES], content[NONCE_BYTES:-MAC_BYTES], content[-MAC_BYTES:]
    return _streamed(hidden, encrypt, nonce) if _tag(hidden, mac, nonce) == tag else None


def _streamed(text: bytes, encrypt: bytes, nonce: bytes) -> bytes:
    counter = Counter.new(128, initial_value=int.from_bytes(nonce, "big"))
    return bytes(AES.new(encrypt, AES.MODE_CTR, counter=counter).encrypt(text))


def _tag(hidden: bytes, mac: bytes, nonce: bytes) -> bytes:
    return bytes(Poly1305.new(key=mac, cipher=AES, nonce=nonce, data=hidden).digest())
