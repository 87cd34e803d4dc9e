"""Everything that is measured -> JSON on standard output."""

import argparse
import json
import os
import platform
import secrets
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scripts.bench import validation
from scripts.bench.timing import TIMEOUT_S, median, python, timed
from scripts.e2e import connect, dataset, minio_server, mover
from scripts.e2e.dataset import Dataset
from scripts.e2e.mover import Mover, MoverRun
from scripts.e2e.size import parse_size
from scripts.errors import MoverFailed
from scripts.process import minimal_environment, run
from scripts.progress import step
from scripts.settings import Secret
from scripts.toolchain import get

LIST_ROUNDS = 7
RETAIN = {"hourly": 24, "daily": 7, "weekly": 4, "monthly": 12}

Result = dict[str, float | int | str]


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="1GiB", help="of the dataset that is backed up and restored")
    parser.add_argument("--files", type=int, default=10_000, help="of that dataset")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument(
        "--apps", default="10,100,1000,3000", help="of the trees that are validated, separated by commas"
    )
    parser.add_argument(
        "--only", action="append", help="what to measure, by the first words of its name; all where not given"
    )
    options = parser.parse_args()
    size_bytes = parse_size(options.size)
    apps = [int(number) for number in options.apps.split(",")]
    with tempfile.TemporaryDirectory(prefix="apps-backup-bench-") as name:
        work = Path(name)
        measures: dict[str, Callable[[], object]] = {
            "invoke --list": _invoke_list,
            "minio.setup on a converged server": lambda: _converged_setup(work / "setup"),
            "mover beside plain restic": lambda: _mover(work / "mover", size_bytes, options.files, options.rounds),
            "nox -s e2e, warm": lambda: _end_to_end(work / "e2e"),
            "validate this repository": validation.repository,
            "validate trees of many apps": lambda: [validation.measure(number) for number in apps],
        }
        wanted = [each for each in measures if not options.only or each.startswith(tuple(options.only))]
        if not wanted:
            parser.error(f"nothing begins with {options.only}; there is {', '.join(measures)}")
        machine = (
            f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
        )
        measured = {"machine": machine} | {each: measures[each]() for each in wanted}
    sys.stdout.write(json.dumps(measured, indent=2) + "\n")


def _invoke_list() -> Result:
    with step("time `invoke --list` beside importing invoke"):
        ours = median(LIST_ROUNDS, lambda: python("-m", "invoke", "--list"))
        peer = median(LIST_ROUNDS, lambda: python("-c", "import invoke"))
    return {"seconds": ours, "peer": "python -c 'import invoke'", "peer_seconds": peer, "ratio": round(ours / peer, 2)}


def _converged_setup(work: Path) -> Result:
    (work / "data").mkdir(parents=True)
    with (
        step("time `invoke minio.setup` on a converged server beside importing its SDKs"),
        minio_server.run(data=work / "data", log=work / "log") as server,
        connect.serve() as onepassword,
    ):
        environment: dict[str, str | Secret] = {
            "OP_CONNECT_HOST": onepassword.host,
            "OP_CONNECT_TOKEN": onepassword.token,
            "MINIO_ENDPOINT": server.endpoint,
            "MINIO_ADMIN_ACCESS_KEY": server.administrator.id,
            "MINIO_ADMIN_SECRET_KEY": server.administrator.secret,
        }
        python("-m", "invoke", "setup", environment=environment)
        ours = median(LIST_ROUNDS, lambda: python("-m", "invoke", "minio.setup", environment=environment))
        peer = median(LIST_ROUNDS, lambda: python("-c", "import invoke, minio, onepasswordconnectsdk"))
    return {"seconds": ours, "peer": "importing the SDKs alone", "peer_seconds": peer, "ratio": round(ours / peer, 2)}


def _mover(work: Path, size_bytes: int, files: int, rounds: int) -> Result:
    data, restored, plain = (work / name / "data" for name in ("source", "restored", "plain"))
    for folder in (data, restored, plain, work / "minio", work / "caches"):
        folder.mkdir(parents=True)
    with step(f"write {size_bytes} bytes in {files} files"):
        dataset.write(Dataset(size_bytes=size_bytes, files=files, nonce=secrets.token_hex(16)), data)
    times: dict[str, list[float]] = {"back_up": [], "plain_back_up": [], "restore": [], "plain_restore": []}
    with minio_server.run(data=work / "minio", log=work / "log") as server:
        for number in range(rounds):
            ours, peer = (_pod(work, server, data, f"{name}-{number}") for name in ("ours", "plain"))
            turns = (
                ("back_up", partial(_back_up, ours), "plain_back_up", partial(_plain_back_up, peer)),
                (
                    "restore",
                    partial(_restore, _with(ours, restored)),
                    "plain_restore",
                    partial(_plain_restore, _with(peer, plain)),
                ),
            )
            for name, act, plain_name, plain_act in turns:
                # each goes first every other time, so that neither always finds the warmer page cache
                pair = ((name, act), (plain_name, plain_act))
                for title, turn in pair if number % 2 else reversed(pair):
                    with step(f"round {number + 1}: {title}"):
                        times[title].append(timed(turn))
            for folder in (restored, plain):
                shutil.rmtree(folder)
                folder.mkdir()
    medians = {f"{name}_seconds": round(statistics.median(found), 2) for name, found in times.items()}
    return {
        "peer": f"restic {get('restic').version}: init and backup; restore latest",
        "size_bytes": size_bytes,
        "files": files,
        "rounds": rounds,
        **medians,
        "back_up_throughput_ratio": round(medians["plain_back_up_seconds"] / medians["back_up_seconds"], 2),
        "restore_throughput_ratio": round(medians["plain_restore_seconds"] / medians["restore_seconds"], 2),
    }


def _end_to_end(work: Path) -> Result:
    starts = work / "starts"
    programs = work / "programs"
    programs.mkdir(parents=True)
    starts.touch()
    for name in ("git", "kustomize", "minio", "restic"):
        counting = programs / name
        counting.write_text(f'#!/bin/sh\necho {name} >>"{starts}"\nexec "{get(name).path}" "$@"\n', encoding="utf-8")
        counting.chmod(0o755)
    command = ("-m", "nox", "-s", "e2e", "--", "--evidence", str(work / "evidence"))
    environment = {"PATH": f"{programs}{os.pathsep}{os.defpath}"}
    with step("run `nox -s e2e` once, to warm its environment"):
        python(*command, environment=environment)
    starts.write_text("", encoding="utf-8")
    with step("time `nox -s e2e`"):
        seconds = timed(lambda: python(*command, environment=environment))
    started = starts.read_text(encoding="utf-8").split()
    (report,) = sorted((work / "evidence").iterdir())[-1:]
    steps = json.loads((report / "report.json").read_text(encoding="utf-8"))["steps"]
    with step("time one start of restic, and one opening of a repository"):
        restic_start, restic_open = _restic_costs(work / "repository")
    return {
        "seconds": round(seconds, 2),
        "seconds_in_steps": round(sum(each["duration_s"] for each in steps), 2),
        "program_starts": len(started),
        "restic_starts": started.count("restic"),
        "restic_start_seconds": restic_start,
        "restic_open_seconds": restic_open,
    }


def _restic_costs(repository: Path) -> tuple[float, float]:
    restic = get("restic").path
    environment = minimal_environment(
        {"RESTIC_REPOSITORY": str(repository), "RESTIC_PASSWORD": Secret(secrets.token_hex())}
    )

    def call(*arguments: str) -> object:
        return run((restic, *arguments), timeout_s=TIMEOUT_S, environment=environment)

    call("init")
    # what it takes to open a repository is the key derivation, which is slow on purpose
    return median(LIST_ROUNDS, lambda: call("version")), median(LIST_ROUNDS, lambda: call("cat", "config"))


def _pod(work: Path, server: minio_server.MinioServer, data: Path, name: str) -> Mover:
    return Mover(
        restic=get("restic").path,
        secret={
            "RESTIC_REPOSITORY": Secret(f"s3:{server.endpoint}/bench/{name}"),
            "RESTIC_PASSWORD": Secret(secrets.token_hex()),
            "AWS_ACCESS_KEY_ID": Secret(server.administrator.id),
            "AWS_SECRET_ACCESS_KEY": server.administrator.secret,
        },
        data=data,
        cache=work / "caches" / name,
    )


def _with(pod: Mover, data: Path) -> Mover:
    return Mover(restic=pod.restic, secret=pod.secret, data=data, cache=pod.cache)


def _back_up(pod: Mover) -> None:
    _raise_unless_done(mover.back_up(pod, unlock=False, retain=RETAIN, prune=False))


def _restore(pod: Mover) -> None:
    _raise_unless_done(mover.restore(pod, previous=0, restore_as_of=None, delete=True))


def _raise_unless_done(ended: MoverRun) -> None:
    if ended.exit_code or ended.did_nothing:
        said = " / ".join(ended.log[-3:])
        raise MoverFailed(
            "the bench's mover", f"ended with {ended.exit_code} {ended.did_nothing}: {said}", "run it again"
        )


def _plain_back_up(pod: Mover) -> None:
    mover.restic(pod, "init", accept=(0,))
    mover.restic(pod, "backup", ".", accept=(0,), in_data=True)


def _plain_restore(pod: Mover) -> None:
    mover.restic(pod, "restore", "latest", "-t", ".", accept=(0,), in_data=True)


if __name__ == "__main__":
    main()
