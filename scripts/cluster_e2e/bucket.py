"""A Secret of a mover -> what its repository takes in MinIO, read and removed without restic."""

import hashlib
import io
import re
from collections.abc import Mapping

from minio import Minio

from scripts.e2e.system import Stored
from scripts.errors import MoverFailed
from scripts.provision import endpoint
from scripts.provision.credentials import AccessKey
from scripts.provision.minio_clients import MinioServer, explained, s3
from scripts.settings import Secret

REPOSITORY = re.compile(r"s3:(?P<url>https?://[^/]+)/(?P<bucket>[^/]+)/(?P<prefix>.+)")


class Bucket:
    """
    The bucket that a repository is in.

    Args:
        secret: key -> value of the Secret that movers read.
    """

    def __init__(self, secret: Mapping[str, Secret]) -> None:
        self.repository = secret["RESTIC_REPOSITORY"].reveal()
        self._match = _parsed(self.repository)
        key = AccessKey(id=secret["AWS_ACCESS_KEY_ID"].reveal(), secret=secret["AWS_SECRET_ACCESS_KEY"])
        self._server = MinioServer(
            endpoint=endpoint.parse(self._match["url"], where="RESTIC_REPOSITORY", example="http://10.25.11.3:9000"),
            region=secret["AWS_DEFAULT_REGION"].reveal(),
        )
        self._client: Minio = s3(self._server, key)
        self._who = f"access key {key.id}"

    def objects(self, location: str) -> list[tuple[str, int]]:
        """
        List what is stored in a place.

        Args:
            location: as RESTIC_REPOSITORY has it, with a path behind it or none.

        Returns:
            Pairs of a name in the bucket and a size in bytes.

        Raises:
            Unreachable, Refused: where MinIO does not list it.
        """
        with explained(self._server, self._who):
            listed = self._client.list_objects(
                bucket_name=self._match["bucket"], prefix=f"{_parsed(location)['prefix']}/", recursive=True
            )
            return [(str(each.object_name), each.size or 0) for each in listed]

    def stored(self, location: str) -> Stored:
        """
        Count what is stored in a place.

        Args:
            location: as RESTIC_REPOSITORY has it.

        Returns:
            The objects' number and size.
        """
        sizes = [size for _, size in self.objects(location)]
        return Stored(objects=len(sizes), size_bytes=sum(sizes))

    def read(self, name: str) -> bytes:
        """
        Read one small object.

        Args:
            name: in the bucket.

        Returns:
            Its content.
        """
        with explained(self._server, self._who):
            answer = self._client.get_object(bucket_name=self._match["bucket"], object_name=name)
            try:
                return bytes(answer.read())
            finally:
                answer.close()

    def write_by_checksum(self, folder: str, content: bytes) -> None:
        """
        Store a file of the repository the way restic names it: by its SHA-256.

        Args:
            folder: of the repository ("locks").

            content: of the file.
        """
        name = f"{self._match['prefix']}/{folder}/{hashlib.sha256(content).hexdigest()}"
        with explained(self._server, self._who):
            self._client.put_object(
                bucket_name=self._match["bucket"], object_name=name, data=io.BytesIO(content), length=len(content)
            )

    def remove_all(self) -> int:
        """
        Remove every object of the repository.

        Returns:
            Their number.
        """
        found = self.objects(self.repository)
        with explained(self._server, self._who):
            for name, _ in found:
                self._client.remove_object(bucket_name=self._match["bucket"], object_name=name)
        return len(found)


def _parsed(location: str) -> re.Match[str]:
    match = REPOSITORY.fullmatch(location)
    if match is None:
        raise MoverFailed(f"repository {location}", "is not s3:URL/bucket/path", "correct RESTIC_REPOSITORY")
    return match
