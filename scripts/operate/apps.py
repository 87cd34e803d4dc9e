"""--app, --all -> the ReplicationSources that are meant."""

from collections.abc import Iterable
from dataclasses import dataclass

from scripts.cluster import Object
from scripts.errors import NotFound, SettingsError

SUFFIX = "-backup"
"""Of the component's ReplicationSources: the app `shop` has `shop/shop-backup`."""


@dataclass(frozen=True, kw_only=True, order=True)
class App:
    """
    What is backed up by one ReplicationSource.

    Args:
        namespace: of the ReplicationSource.

        source: its name.
    """

    namespace: str
    source: str

    @property
    def name(self) -> str:
        """What --app calls it: "shop" for the component's shop/shop-backup, "media/photos" for any other."""
        own = self.source == f"{self.namespace}{SUFFIX}"
        return self.namespace if own else f"{self.namespace}/{self.source}"

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"ReplicationSource {self.namespace}/{self.source}"


def of(source: Object) -> App:
    """
    The app of a ReplicationSource.

    Args:
        source: the object.

    Returns:
        The app.
    """
    return App(namespace=source["metadata"]["namespace"], source=source["metadata"]["name"])


def meant(app: str, *, all_apps: bool) -> App | None:
    """
    Read the two flags that say which apps are meant.

    Args:
        app: as `App.name` writes it; "" where the flag is not given.

        all_apps: whether --all is given.

    Returns:
        The app; None for all of them.

    Raises:
        SettingsError: where neither or both are given, or the name is none.
    """
    if bool(app) == all_apps:
        raise SettingsError(
            "--app, --all", "are both given" if app else "are both missing", "name one app, or give --all"
        )
    return one(app) if app else None


def one(app: str) -> App:
    """
    Read the name of an app.

    Args:
        app: as `App.name` writes it.

    Returns:
        The app.

    Raises:
        SettingsError: where it is none.
    """
    if not app:
        raise SettingsError("--app", "is missing", "name the app that is meant")
    namespace, slash, source = app.partition("/")
    if not namespace or (slash and not source) or "/" in source:
        raise SettingsError(f"--app {app}", "is no app", "write it as in --app shop or --app namespace/source")
    return App(namespace=namespace, source=source or f"{namespace}{SUFFIX}")


def chosen(sources: Iterable[Object], app: App | None, *, context: str) -> tuple[Object, ...]:
    """
    Choose the ReplicationSources that are meant.

    Args:
        sources: what was read.

        app: the one that is meant; None for all.

        context: that they were read from.

    Returns:
        At least one, in the order of namespace and name.

    Raises:
        NotFound: where there is none.
    """
    found = tuple(sorted((each for each in sources if app in (None, of(each))), key=of))
    if not found and app is None:
        raise NotFound(
            f"cluster {context}", "has no ReplicationSource", "give an app the component, or name another cluster"
        )
    if not found and app is not None:
        raise NotFound(app.where, "is not there", "see its name in `kubectl get replicationsource --all-namespaces`")
    return found
