"""What repositories take in MinIO: listed, read, written and removed without restic."""

import hashlib
import io
import re
from collections.abc import Mapping

from scripts.e2e.system import Stored
from scripts.errors import MoverFailed
from scripts.provision import endpoint
from scripts.provision.credentials import AccessKey
from scripts.provision.minio_clients import MinioServer, explained, s3
from scripts.settings import Secret

LOCATION = re.compile(r"s3:(?P<url>https?://[^/]+)/(?P<bucket>[^/]+)/(?P<prefix>.+)")


class Bucket:
    """
    A MinIO that repositories are in, as the movers see it.

    A location is what RESTIC_REPOSITORY has, with a path behind it or none: "s3:http://10.25.11.3:9000/volsync/app/locks".

    Args:
        server: the MinIO.

        key: of the movers.
    """

    def __init__(self, server: MinioServer, key: AccessKey) -> None:
        self._server = server
        self._client = s3(server, key)
        self._who = f"access key {key.id}"

    def objects(self, location: str) -> list[tuple[str, int]]:
        """
        List what is stored in a place.

        Args:
            location: the place.

        Returns:
            Pairs of a location and a size in bytes.

        Raises:
            Unreachable, Refused: where MinIO does not list it.
        """
        match = _parsed(location)
        with explained(self._server, self._who):
            listed = self._client.list_objects(
                bucket_name=match["bucket"], prefix=f"{match['prefix']}/", recursive=True
            )
            return [(f"s3:{match['url']}/{match['bucket']}/{each.object_name}", each.size or 0) for each in listed]

    def stored(self, location: str) -> Stored:
        """
        Count what is stored in a place.

        Args:
            location: the place.

        Returns:
            The objects' number and size.
        """
        sizes = [size for _, size in self.objects(location)]
        return Stored(objects=len(sizes), size_bytes=sum(sizes))

    def read(self, location: str) -> bytes:
        """
        Read one small object.

        Args:
            location: of the object.

        Returns:
            Its content.
        """
        match = _parsed(location)
        with explained(self._server, self._who):
            answer = self._client.get_object(bucket_name=match["bucket"], object_name=match["prefix"])
            try:
                return bytes(answer.read())
            finally:
                answer.close()

    def write_by_checksum(self, location: str, content: bytes) -> None:
        """
        Store a file the way restic names those of a repository: by its SHA-256.

        Args:
            location: of the folder.

            content: of the file.
        """
        match = _parsed(location)
        name = f"{match['prefix']}/{hashlib.sha256(content).hexdigest()}"
        with explained(self._server, self._who):
            self._client.put_object(
                bucket_name=match["bucket"], object_name=name, data=io.BytesIO(content), length=len(content)
            )

    def remove_all(self, location: str) -> int:
        """
        Remove every object in a place.

        Args:
            location: the place.

        Returns:
            Their number.
        """
        found = self.objects(location)
        with explained(self._server, self._who):
            for each, _ in found:
                match = _parsed(each)
                self._client.remove_object(bucket_name=match["bucket"], object_name=match["prefix"])
        return len(found)


def of_secret(secret: Mapping[str, Secret]) -> Bucket:
    """
    Sign in as a mover does.

    Args:
        secret: key -> value of the Secret that it reads.

    Returns:
        The bucket; nothing was asked of it yet.

    Raises:
        MoverFailed: where RESTIC_REPOSITORY is no location in MinIO.
    """
    url = _parsed(secret["RESTIC_REPOSITORY"].reveal())["url"]
    server = MinioServer(
        endpoint=endpoint.parse(url, where="RESTIC_REPOSITORY", example="http://10.25.11.3:9000"),
        region=secret["AWS_DEFAULT_REGION"].reveal(),
    )
    return Bucket(server, AccessKey(id=secret["AWS_ACCESS_KEY_ID"].reveal(), secret=secret["AWS_SECRET_ACCESS_KEY"]))


def _parsed(location: str) -> re.Match[str]:
    match = LOCATION.fullmatch(location)
    if match is None:
        raise MoverFailed(f"repository {location}", "is not s3:URL/bucket/path", "correct RESTIC_REPOSITORY")
    return match
