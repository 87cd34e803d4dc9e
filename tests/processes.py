"""What runs on this machine, for tests that look for what was left behind."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc")


def alive(process_id: int) -> bool:
    """Tell whether a process is there and no zombie that only waits to be collected."""
    return process_id in running()


def running() -> dict[int, str]:
    """Process id -> command line of every process that is no zombie."""
    if not (PROC / "self").exists():  # macOS
        listed = subprocess.run(["ps", "-A", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True)
        rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
        return {int(number): rest for number, state, rest in rows if not state.startswith("Z")}
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended while it was looked at
        if state not in "ZX":
            found[int(folder.name)] = b" ".join(words).decode(errors="replace").strip()
    return found


def eventually(predicate: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is so; fail where it never is."""
    deadline = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def descendants(process_id: int) -> list[int]:
    """What a process started and what that started, deepest first; also those that lead groups of their own."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    children: dict[int, list[int]] = {}
    for line in listed.stdout.splitlines():
        child, parent = (int(number) for number in line.split())
        children.setdefault(parent, []).append(child)
    found = [process_id]
    for each in found:
        found += children.get(each, [])
    return found[:0:-1]
