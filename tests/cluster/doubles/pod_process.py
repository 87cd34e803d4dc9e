"""A container of a pod as a process of this machine: its command with directories in the place of its mounts."""

import base64
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from scripts.cluster import Cluster, Object
from scripts.cluster.kinds import CONFIG_MAP, SECRET
from scripts.process import minimal_environment
from scripts.settings import REPOSITORY_ROOT
from tests.cluster.doubles import events
from tests.cluster.doubles.hub import Key
from tests.processes import descendants

MOVER = "/mover-restic/entry.sh"
SIGKILL_EXIT_CODE = 128 + signal.SIGKILL


class Unready(Exception):
    """
    A container that cannot be started now.

    Args:
        reason: one word, as a container's state has it.

        message: one sentence.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Container:
    """
    What is started.

    Args:
        command: the program and its arguments.

        variables: its environment.
    """

    command: tuple[str, ...]
    variables: dict[str, str]

    @classmethod
    def of(
        cls, pod: Object, cluster: Cluster, _directories: dict[str, Path], mounts: dict[str, Path], *, instant: bool
    ) -> "Container":
        """
        A container's command as this machine can run it.

        Args:
            pod: that it is in.

            cluster: that has the Secrets of its environment.

            mounts: path in the container -> path here.

            instant: whether a mover ends at once.

        Raises:
            Unready: where a Secret or one of its keys is not there.
        """
        spec = pod["spec"]["containers"][0]
        words = [*(spec.get("command") or ()), *(spec.get("args") or ())]
        if not words:
            raise Unready("CreateContainerError", "no command specified")
        variables = {name: str(value) for name, value in minimal_environment().items()}
        variables |= _environment(spec, pod["metadata"]["namespace"], cluster)
        if words[0] == MOVER:
            module = "instant_mover" if instant else "mover_process"
            command = [sys.executable, "-m", f"tests.cluster.doubles.{module}", *words[1:]]
            variables |= {"DATA_DIR": str(mounts["/data"]), "RESTIC_CACHE_DIR": str(mounts["/cache"])}
            return cls(command=tuple(command), variables=variables)
        if words[0] in ("python", "python3"):
            words[0] = sys.executable
        command = [_placed(word, mounts) for word in words]
        return cls(command=tuple(command), variables={k: _placed(v, mounts) for k, v in variables.items()})


class PodProcess:
    """
    A container that runs.

    Args:
        container: what is started.

        log: the file that it writes to.

        pod: namespace and name of its pod.

        ended: is called once it ended.
    """

    def __init__(self, container: Container, log: Path, pod: Key, ended) -> None:
        self.pod = pod
        self.started = events.stamp()
        self.exit_code: int | None = None
        self._container = container
        self._log = log
        self._ended = ended
        self._process: subprocess.Popen | None = None
        self._thread = threading.Thread(target=self._wait, name=f"pod {pod}", daemon=True)

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as output:
            try:
                self._process = subprocess.Popen(
                    self._container.command,
                    env=self._container.variables,
                    cwd=REPOSITORY_ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except OSError as error:
                output.write(f"{self._container.command[0]}: {error.strerror}\n".encode())
                self.exit_code = 127

    def watch(self) -> None:
        """Tell when it ended."""
        self._thread.start()

    def kill(self) -> None:
        """End it and all that it started, at once."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it and all that it started to end."""
        self._signal(signal.SIGTERM)

    def join(self) -> None:
        """Wait for its end."""
        if self._thread.ident is not None:
            self._thread.join()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        for process_id in (*descendants(self._process.pid), self._process.pid):
            try:
                os.kill(process_id, number)
            except ProcessLookupError:
                continue

    def _wait(self) -> None:
        if self._process is not None:
            code = self._process.wait()
            self.exit_code = code if code >= 0 else 128 - code
        self._ended()


def _environment(spec: Object, namespace: str, cluster: Cluster) -> dict[str, str]:
    found = {}
    held: dict[tuple[str, str], dict[str, str] | None] = {}
    for each in spec.get("env") or ():
        source = each.get("valueFrom")
        if source is None:
            found[each["name"]] = each.get("value", "")
            continue
        kind, reference = next(
            (kind, source[name])
            for name, kind in (("secretKeyRef", SECRET), ("configMapKeyRef", CONFIG_MAP))
            if name in source
        )
        place = (kind.kind, reference["name"])
        if place not in held:
            document = cluster.find(kind, reference["name"], namespace)
            held[place] = None if document is None else document.get("data") or {}
        data = held[place]
        if data is not None and reference["key"] in data:
            value = data[reference["key"]]
            found[each["name"]] = (
                base64.b64decode(value).decode("utf-8", "surrogateescape") if kind == SECRET else value
            )
        elif not reference.get("optional"):
            missing = (
                f'{kind.kind.lower()} "{reference["name"]}" not found'
                if data is None
                else f"couldn't find key {reference['key']} in {kind.kind} {namespace}/{reference['name']}"
            )
            raise Unready("CreateContainerConfigError", missing)
    return found


def _placed(word: str, mounts: dict[str, Path]) -> str:
    # the longest first: one mount may be inside of another
    for path in sorted(mounts, key=len, reverse=True):
        word = word.replace(path, str(mounts[path]))
    return word
