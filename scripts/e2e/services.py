"""What the local run needs around the scenario: MinIO, 1Password Connect, the set-up of both, the rendered app."""

import contextlib
import hashlib
import platform
import socket
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import yaml

from scripts import cluster_settings
from scripts.e2e import connect, external_secret, minio_server
from scripts.e2e.bucket import Bucket
from scripts.e2e.local import LocalSystem, only
from scripts.e2e.steps import Shown, Steps
from scripts.e2e.storage import Storage
from scripts.errors import ProofFailed, RenderError
from scripts.model import Resource
from scripts.process import Server, run
from scripts.provision import endpoint
from scripts.provision.connect_client import Vault
from scripts.provision.converge import Converged, Manner, set_up_all
from scripts.provision.minio_clients import MinioAccess, MinioServer
from scripts.provision.onepassword import ItemRecord
from scripts.provision.patience import PATIENCE
from scripts.render import render
from scripts.toolchain import get

APP = "volsync-test"
"""The app of the tree that is backed up and restored, which is also its namespace."""

TOOLS = ("kustomize", "minio", "restic")
GIT_TIMEOUT_S = 20.0


def app_objects(root: Path, endpoint: str) -> tuple[Resource, ...]:
    """
    What the tree renders for the app, with one value replaced: the address of MinIO.

    Args:
        root: the checkout, which holds `kubernetes/`.

        endpoint: URL of the MinIO that stands in for the cluster's.

    Returns:
        Every object in the app's namespace.

    Raises:
        RenderError: where the tree cannot be rendered, or renders none.
    """
    rendering = render(root, settings={"VOLSYNC_ENDPOINT": endpoint})
    objects = tuple(each for each in rendering.resources if each.id.namespace == APP)
    if not objects:
        raise RenderError(f"namespace {APP}", "the tree renders nothing in it", "restore kubernetes/workloads/apps")
    return objects


class Services:
    """
    The servers of one run and what is on them; a context that ends every one of them.

    Args:
        work: an empty directory of its own.

        root: the checkout, which holds `kubernetes/`.
    """

    def __init__(self, work: Path, root: Path) -> None:
        self._work = work
        self._root = root
        self._settings = cluster_settings.read(root)
        self._contexts = contextlib.ExitStack()
        self._servers: tuple[Server, ...] = ()
        self._ports: tuple[int, ...] = ()
        self._objects: tuple[Resource, ...] = ()
        self._digest = "nothing was rendered"

    def __enter__(self) -> "Services":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._contexts.__exit__(kind, error, trace)

    def steps(self) -> Steps:
        """The steps that make a system to run the scenario on, as pairs of a title and what is done."""
        return (
            ("start MinIO and a stand-in for 1Password Connect", self._start),
            ("set up the 1Password item and MinIO, as `invoke setup` does", self._set_up),
            ("set up again and change nothing", self._set_up_again),
            (f"render {APP} from the tree", self._render),
        )

    def _start(self) -> Shown:
        minio = self._contexts.enter_context(minio_server.run(data=self._made("minio"), log=self._work / "minio.log"))
        onepassword = self._contexts.enter_context(connect.serve(vault=self._settings.vault))
        self._servers = (minio.server,)
        self._ports = tuple(int(urlsplit(url).port or 0) for url in (minio.endpoint, onepassword.host))
        self._endpoint = minio.endpoint
        self._access = MinioAccess(
            server=MinioServer(endpoint=_loopback(minio.endpoint), region=self._settings.region),
            administrator=minio.administrator,
        )
        self._vault = Vault(
            host=_loopback(onepassword.host), token=onepassword.token, title=self._settings.vault, patience=PATIENCE
        )
        return Shown(detail=f"MinIO {minio.version} at {minio.endpoint}, Connect at {onepassword.host}")

    def _set_up(self) -> Shown:
        converged = self._converge()
        count = sum(len(plan.steps) for plan in converged.plans)
        if not count or not converged.proven:
            raise ProofFailed("the set-up", "found nothing to do on new servers", "see what it looked at")
        return Shown(detail=f"{count} steps taken; the key of the record {', '.join(converged.proven)}")

    def _set_up_again(self) -> Shown:
        left = [str(step) for plan in self._converge().plans for step in plan.steps]
        if left:
            raise ProofFailed("the set-up", f"still had to do: {', '.join(left)}", "see why it does not converge")
        return Shown(detail="no step was left to take")

    def _converge(self) -> Converged:
        record = ItemRecord(vault=self._vault, title=self._settings.item)
        # this run shows its own progress
        quiet = Manner(taking=lambda _step: contextlib.nullcontext())
        return set_up_all(record, self._access, self._settings, quiet)

    def _render(self) -> Shown:
        self._objects = app_objects(self._root, self._endpoint)
        self._digest = digest_of(self._objects)
        kinds = sorted(each.id.kind for each in self._objects)
        return Shown(detail=f"{len(kinds)} objects ({', '.join(kinds)}), sha256 {self._digest}")

    def system(self) -> LocalSystem:
        """
        What the scenario runs on, once the steps were taken.

        Returns:
            The app, with no volume yet.

        Raises:
            SettingsError: where the ExternalSecret names an item that is not there, or is not complete.
        """
        title = external_secret.item_title(only(self._objects, "ExternalSecret"))
        credentials = ItemRecord(vault=self._vault, title=title).read()
        return LocalSystem(
            objects=self._objects,
            fields=credentials.fields(),
            storage=Storage(
                root=self._made("storage"),
                storage_classes=frozenset({self._settings.storage_class, self._settings.cache_storage_class}),
                volume_snapshot_classes=frozenset({self._settings.snapshot_class}),
            ),
            cache=self._made("cache"),
            restic=get("restic").path,
            bucket=Bucket(self._access.server, credentials.key),
        )

    def facts(self) -> tuple[tuple[str, str], ...]:
        """
        What the run was made of.

        Returns:
            Pairs of a name and a value.
        """
        tools = tuple((tool.name, f"{tool.version} ({tool.origin})") for tool in map(get, TOOLS))
        return (
            ("app", APP),
            ("commit", commit_of(self._root)),
            ("manifests", f"sha256:{self._digest}"),
            ("replaced for this run", "VOLSYNC_ENDPOINT, by the address of the MinIO that was started"),
            ("1Password Connect", "a stand-in with its REST API; the SDK is the official one"),
            *tools,
            ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        )

    def nothing_left(self) -> Shown:
        """
        See that no process, port or file of the run is left.

        Returns:
            What was looked at.

        Raises:
            ProofFailed: where something is.
        """
        if self._work.exists():
            raise ProofFailed(str(self._work), "is left behind", "remove it")
        running = [server.name for server in self._servers if server.exit_code() is None]
        if running:
            raise ProofFailed(", ".join(running), "still runs", "end it")
        for port in self._ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    raise ProofFailed(f"port {port}", "is still listened on", "see who does")
        return Shown(detail=f"no process, port or file of {len(self._ports)} servers is left")

    def _made(self, name: str) -> Path:
        folder = self._work / name
        folder.mkdir(exist_ok=True)
        return folder


def commit_of(root: Path) -> str:
    """
    The commit of a checkout.

    Args:
        root: the checkout.

    Returns:
        Its id, and whether `kubernetes/` differs from it.
    """
    git = get("git").path
    found = run((git, "-C", root, "rev-parse", "HEAD"), timeout_s=GIT_TIMEOUT_S, accept=None)
    if found.exit_code:
        return "not in a git work tree"
    changed = run((git, "-C", root, "status", "--porcelain", "--", "kubernetes"), timeout_s=GIT_TIMEOUT_S, accept=None)
    return found.stdout.strip() + (" with uncommitted changes of kubernetes/" if changed.stdout.strip() else "")


def digest_of(objects: tuple[Resource, ...]) -> str:
    """
    One checksum for what was rendered.

    Args:
        objects: in the order in which they were rendered.

    Returns:
        64 lower-case hex digits of a SHA-256.
    """
    text = yaml.safe_dump_all([each.document for each in objects], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _loopback(url: str) -> endpoint.Endpoint:
    return endpoint.parse(url, where="a server of this run", example="http://127.0.0.1:9000")
