"""What the tests with real programs share: the servers and the stand-in of the set-up, and the tree that is validated."""

import dataclasses
import secrets
import shutil

import pytest

from scripts import cluster_settings, toolchain
from scripts.charts.cache import keep
from scripts.charts.source import ChartSource
from scripts.e2e import connect, minio_server
from scripts.settings import REPOSITORY_ROOT
from scripts.validate.tools import locate
from tests.tools.charts import archive
from tests.tools.provisioning import access_to, item_record
from tests.tools.trees import MINIMAL


@pytest.fixture(scope="session")
def minio(tmp_path_factory):
    """One real MinIO for all tests; each has names of its own on it."""
    folder = tmp_path_factory.mktemp("minio")
    (folder / "data").mkdir()
    with minio_server.run(data=folder / "data", log=folder / "log") as server:
        yield server


@pytest.fixture
def own_minio(tmp_path):
    """A real MinIO for one test, which may kill it or look at its files."""
    (tmp_path / "data").mkdir()
    with minio_server.run(data=tmp_path / "data", log=tmp_path / "minio.log") as server:
        yield server


@pytest.fixture
def shared():
    """The settings of the tree, with names in MinIO that no other test has."""
    name = f"test-{secrets.token_hex(6)}"
    return dataclasses.replace(cluster_settings.read(REPOSITORY_ROOT), bucket=name, policy=name, user=name)


@pytest.fixture
def stand_in():
    """A 1Password Connect server with an empty vault."""
    with connect.serve() as server:
        yield server


@pytest.fixture
def record(stand_in, shared):
    return item_record(stand_in, shared)


@pytest.fixture
def access(minio, shared):
    return access_to(minio, shared)


@pytest.fixture(scope="session")
def tools():
    """The programs that validation runs."""
    return locate()


@pytest.fixture
def tree(tmp_path):
    """A copy of the valid tree, to be broken."""
    root = tmp_path / "tree"
    shutil.copytree(MINIMAL, root)
    return root


@pytest.fixture
def volsync_chart(tmp_path, monkeypatch):
    """A cache with VolSync's chart in it and the other one not."""
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "tools").symlink_to(toolchain.get("helm").path.parents[2])
    keep(
        folder,
        ChartSource(repository="https://backube.github.io/helm-charts", name="volsync", version="0.12.0"),
        archive(),
    )
    monkeypatch.setenv("APPS_BACKUP_CACHE", str(folder))
