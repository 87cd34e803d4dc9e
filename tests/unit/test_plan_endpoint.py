"""The URL of a server, and what is said of one that cannot be right; the names of what is set up there."""

import dataclasses

import pytest

from scripts import cluster_settings
from scripts.errors import SettingsError
from scripts.provision import endpoint
from scripts.provision.credentials import AccessKey
from scripts.provision.names import checked_names
from scripts.settings import REPOSITORY_ROOT, Secret

SHARED = cluster_settings.read(REPOSITORY_ROOT)


@pytest.mark.parametrize(
    ("url", "secure", "address", "is_loopback"),
    [
        pytest.param("http://10.25.11.3:9000", False, "10.25.11.3:9000", False, id="an address with a port"),
        pytest.param("https://minio.example.org", True, "minio.example.org", False, id="a name without a port"),
        pytest.param("http://127.0.0.1:9000/", False, "127.0.0.1:9000", True, id="this machine, with a slash"),
        pytest.param("http://localhost:9000", False, "localhost:9000", True, id="this machine by name"),
        pytest.param("http://[::1]:9000", False, "[::1]:9000", True, id="this machine, IPv6"),
    ],
)
def test_a_url_of_scheme_host_and_port_is_read(url, secure, address, is_loopback):
    found = endpoint.parse(url)

    assert (found.secure, found.address, found.is_loopback) == (secure, address, is_loopback)
    assert str(found) == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("10.25.11.3:9000", "does not start with http", id="no scheme"),
        pytest.param("minio", "does not start with http", id="a bare name"),
        pytest.param("s3:http://10.25.11.3:9000", "does not start with http", id="restic's way to write it"),
        pytest.param("http://", "names no host", id="no host"),
        pytest.param("http://:9000", "names no host", id="a port alone"),
        pytest.param("http://10.25.11.3:9000/volsync", "more than scheme, host and port", id="a bucket in the path"),
        pytest.param("http://10.25.11.3:9000?x=y", "more than scheme, host and port", id="a query"),
        pytest.param("http://10.25.11.3:99999", "no URL with a port", id="a port that is too large"),
        pytest.param("http://10.25.11.3:port", "no URL with a port", id="a port that is no number"),
        pytest.param("http://10.25.11.3: 9000", "no URL with a port", id="a space in it"),
        pytest.param("http://[::1", "no URL with a port", id="half an IPv6 address"),
    ],
)
def test_a_url_that_cannot_be_right_says_where_it_came_from_and_how_to_write_it(url, message):
    with pytest.raises(SettingsError, match=message) as refused:
        endpoint.parse(url, where="--endpoint", example="http://10.25.11.3:9000")

    assert refused.value.where == "--endpoint"
    assert refused.value.next_step == "write it as http://10.25.11.3:9000"


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(SettingsError, match="user name or password") as refused:
        # pragma: allowlist nextline secret - made up for this test
        endpoint.parse("http://admin:hunter2@10.25.11.3:9000")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"user": "ab"}, "VOLSYNC_MINIO_USER", id="a user's name that is too short"),
        pytest.param({"user": "a" * 21}, "VOLSYNC_MINIO_USER", id="a user's name that is too long"),
        pytest.param({"user": "a,b=c"}, "none of them = or ,", id="a user's name with a reserved character"),
        pytest.param({"user": "admin"}, "MinIO's administrator", id="the administrator as the user"),
        pytest.param({"policy": "readwrite"}, "MinIO's own", id="a policy of MinIO's own"),
        pytest.param({"policy": ""}, "no name", id="no policy"),
        pytest.param({"policy": "a,b"}, "no name", id="two policies"),
        pytest.param({"bucket": "No_Bucket"}, "no name of a bucket", id="a bucket that no server makes"),
        pytest.param({"bucket": ""}, "no name of a bucket", id="no bucket"),
    ],
)
def test_a_name_that_minio_would_refuse_is_refused_before_anything_is_asked_of_it(change, message):
    administrator = AccessKey(id="admin", secret=Secret("secret"))

    with pytest.raises(SettingsError, match=message) as refused:
        checked_names(dataclasses.replace(SHARED, **change), administrator)

    assert refused.value.where == "kubernetes/clusters/apps/cluster-settings.yaml"


def test_the_names_of_the_tree_are_right():
    names = checked_names(SHARED, AccessKey(id="admin", secret=Secret("secret")))

    assert (names.bucket, names.user) == ("volsync", "volsync-backup")
