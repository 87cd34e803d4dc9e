"""`invoke setup` and its parts, as a user runs them, against a real MinIO and a stand-in for 1Password Connect."""

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import pytest

from scripts.e2e import connect
from scripts.errors import BackupError, Drift, Refused, SettingsError, Unreachable
from scripts.provision import converge, run
from scripts.provision.converge import Manner
from scripts.provision.credentials import LABELS, NO_RECORD, RESTIC_PASSWORD, SECRET_ACCESS_KEY
from scripts.settings import REPOSITORY_ROOT, Secret
from tests.tools.provisioning import Killed, access_to, administration, files_of, item_record, killed, s3, user_of

FIELDS = len(LABELS)
STEPS = 5
NOTHING = {"endpoint": "", "ca_file": "", "record_file": "", "dry_run": False, "force": False}


@pytest.mark.parametrize("before", [pytest.param(True, id="before it"), pytest.param(False, id="after it")])
@pytest.mark.parametrize("number", range(1, FIELDS + STEPS + 1))
def test_a_set_up_that_is_killed_at_a_step_is_finished_by_the_next(record, access, shared, number, before):
    with pytest.raises(Killed):
        converge.set_up_all(record, access, shared, Manner(taking=killed(number, before=before)))
    recorded = record.observe()

    done = converge.set_up_all(record, access, shared)

    assert done.proven
    assert user_of(access, shared) == {"policyName": shared.policy, "status": "enabled"}
    assert [plan.steps for plan in converge.set_up_all(record, access, shared).plans] == [(), ()]
    assert recorded in {NO_RECORD, record.observe()}


def test_a_dry_run_of_both_shows_both_plans_and_changes_neither(stand_in, record, own_minio, shared, tmp_path):
    access = access_to(own_minio, shared)
    before = files_of(tmp_path / "data" / ".minio.sys" / "config")

    planned = converge.set_up_all(record, access, shared, Manner(dry_run=True))

    assert [len(plan.steps) for plan in planned.plans] == [FIELDS, STEPS]
    assert stand_in.writes == ()
    assert s3(access).list_buckets() == []
    assert files_of(tmp_path / "data" / ".minio.sys" / "config") == before


def test_no_record_is_made_where_a_foreign_user_is_in_the_way(stand_in, record, access, shared):
    administration(access).user_add(shared.user, "somebody-elses-secret")

    with pytest.raises(Drift, match=f"user {shared.user} is there with another secret"):
        converge.set_up_all(record, access, shared)

    assert stand_in.writes == ()
    assert converge.set_up_all(record, access, shared, Manner(force=True)).proven


def test_two_runs_at_once_never_leave_two_items_nor_a_success_with_a_lost_password(access, shared):
    both_looked = threading.Barrier(2, timeout=10)
    outcomes = {}

    def together(method, _path):
        if method == "POST":
            both_looked.wait()

    with connect.serve(on_request=together) as stand_in:

        def set_up(name):
            try:
                converge.set_up_all(item_record(stand_in, shared), access, shared)
                outcomes[name] = "done"
            except Drift as drift:
                outcomes[name] = drift.next_step

        threads = [threading.Thread(target=set_up, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = stand_in.items(shared.item)

    assert set(outcomes.values()) <= {"done", "run it again"}
    assert len(left) == list(outcomes.values()).count("done")


@pytest.fixture
def environment(monkeypatch, stand_in, minio):
    """A full environment, as somebody who runs the tasks has it."""
    variables = {
        "OP_CONNECT_HOST": stand_in.host,
        "OP_CONNECT_TOKEN": stand_in.token.reveal(),
        "MINIO_ENDPOINT": minio.endpoint,
        "MINIO_ADMIN_ACCESS_KEY": minio.administrator.id,
        "MINIO_ADMIN_SECRET_KEY": minio.administrator.secret.reveal(),
    }
    for name in ("MINIO_CA_FILE", "MINIO_ADMIN_ITEM", "OP_CONNECT_CLIENT_ASYNC", "OP_CONNECT_CLIENT_REQ_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(
    ("variables", "error", "message"),
    [
        pytest.param(
            {"OP_CONNECT_HOST": ""}, SettingsError, "OP_CONNECT_HOST: is not set.*--record", id="no Connect host"
        ),
        pytest.param({"OP_CONNECT_HOST": " "}, SettingsError, "OP_CONNECT_HOST: is not set", id="a blank Connect host"),
        pytest.param({"OP_CONNECT_HOST": "connect:8080"}, SettingsError, "does not start with http", id="no scheme"),
        pytest.param({"OP_CONNECT_TOKEN": ""}, SettingsError, "OP_CONNECT_TOKEN: is not set", id="no token"),
        pytest.param({"OP_CONNECT_TOKEN": "wrong"}, Refused, "does not accept the token", id="a wrong token"),
        pytest.param({"MINIO_ENDPOINT": "minio"}, SettingsError, "MINIO_ENDPOINT: is `minio`", id="a wrong endpoint"),
        pytest.param({"MINIO_ENDPOINT": "http://127.0.0.1:1"}, Unreachable, "cannot be reached", id="MinIO is down"),
        pytest.param({"MINIO_CA_FILE": "/nowhere.pem"}, SettingsError, "CA file /nowhere.pem", id="no CA file"),
        pytest.param(
            {"MINIO_CA_FILE": __file__}, SettingsError, "holds no PEM certificate", id="a CA file that is none"
        ),
        pytest.param(
            {"MINIO_ADMIN_SECRET_KEY": ""}, SettingsError, "MINIO_ADMIN_SECRET_KEY: is not set", id="half a key"
        ),
        pytest.param(
            {"MINIO_ADMIN_ACCESS_KEY": "", "MINIO_ADMIN_SECRET_KEY": ""},
            SettingsError,
            "MINIO_ADMIN_ACCESS_KEY: is not set",
            id="no administrator",
        ),
        pytest.param(
            # pragma: allowlist nextline secret - made up for this test
            {"MINIO_ADMIN_SECRET_KEY": "wrong-secret"},
            Refused,
            "secret of the administrator",
            id="a wrong one",
        ),
    ],
)
def test_an_environment_that_is_not_right_is_said_before_anything_is_written(
    environment, stand_in, variables, error, message
):
    for name, value in variables.items():
        environment.setenv(name, value)

    with pytest.raises(error, match=message) as raised:
        run.set_up(**NOTHING)

    assert raised.value.next_step
    assert stand_in.writes == ()


def test_an_endpoint_that_was_given_wins_over_the_environment(environment, minio):
    environment.setenv("MINIO_ENDPOINT", "http://127.0.0.1:1")

    run.set_up(**{**NOTHING, "endpoint": minio.endpoint, "dry_run": True})


@pytest.fixture
def tree(tmp_path):
    """A checkout that nothing may be written into."""
    root = tmp_path / "checkout"
    for name in ("scripts", "kubernetes"):
        shutil.copytree(REPOSITORY_ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY_ROOT / "tasks.py", root)
    for path in (root, *root.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    yield root
    for path in (root, *root.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


@dataclasses.dataclass
class Ran:
    code: int
    stdout: str
    stderr: str
    arguments: set[str]


def started(tree, environment, *words):
    variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | environment
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", *words],
        cwd=tree,
        env={**variables, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def invoke(tree, environment, *words):
    """Run tasks as a user would, and note the arguments of every process while they run."""
    process = started(tree, environment, *words)
    arguments: set[str] = set()
    ended = threading.Event()
    watching = threading.Thread(target=watch, args=(process.pid, arguments, ended))
    watching.start()
    out, err = process.communicate(timeout=120)
    ended.set()
    watching.join()
    return Ran(code=process.returncode, stdout=out, stderr=err, arguments=arguments)


def watch(process_id, arguments, ended):
    while not ended.wait(0.02):
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
            for each in (str(process_id), *children):
                arguments.add(Path(f"/proc/{each}/cmdline").read_text())


def of_both(stand_in, server):
    return {"OP_CONNECT_HOST": stand_in.host, "OP_CONNECT_TOKEN": stand_in.token.reveal(), **of_minio(server)}


def of_minio(server):
    return {
        "MINIO_ENDPOINT": server.endpoint,
        "MINIO_ADMIN_ACCESS_KEY": server.administrator.id,
        "MINIO_ADMIN_SECRET_KEY": server.administrator.secret.reveal(),
    }


def test_one_command_sets_up_both_and_a_second_time_changes_nothing(tree, stand_in, own_minio):
    environment = of_both(stand_in, own_minio)

    first = invoke(tree, environment, "setup")
    second = invoke(tree, environment, "setup")
    checked = invoke(tree, {k: v for k, v in environment.items() if "ADMIN" not in k}, "minio.check")

    assert (first.code, second.code, checked.code) == (0, 0, 0), first.stderr + second.stderr + checked.stderr
    assert "create bucket volsync: missing -> there" in first.stdout
    assert "proven: the key of the record is refused the deletion of the bucket" in first.stdout
    assert second.stdout.splitlines()[:2] == [
        "1Password item volsync-minio of vault Kubernetes: as it should be",
        f"MinIO {own_minio.endpoint}: as it should be",
    ]
    assert len(stand_in.writes) == 1
    assert checked.stdout.startswith("proven: the key of the record reads and writes bucket volsync")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("create RESTIC_PASSWORD", id="while the record is made"),
        pytest.param("done create RESTIC_PASSWORD", id="once the record is made"),
        pytest.param("done create bucket", id="once the bucket is made"),
        pytest.param("done create policy", id="once the policy is written"),
        pytest.param("done create user", id="once the user is made"),
    ],
)
def test_a_process_that_is_killed_leaves_what_the_same_command_finishes(tree, stand_in, own_minio, line):
    environment = of_both(stand_in, own_minio)
    process = started(tree, environment, "setup")
    with process.stdout, process.stderr:
        seen = next(text for text in process.stderr if text.startswith(line))
        process.kill()
        process.wait()

    again = invoke(tree, environment, "setup")

    assert seen
    assert process.returncode == -9
    assert again.code == 0, again.stderr
    assert len(stand_in.items("volsync-minio")) == 1


def test_nothing_is_written_into_the_checkout(tree, stand_in, own_minio):
    before = files_of(tree)

    ran = invoke(tree, of_both(stand_in, own_minio), "setup")

    assert ran.code == 0, ran.stderr
    assert files_of(tree) == before


def test_a_file_stands_in_for_1password_and_the_command_that_stores_it_is_shown(tree, own_minio, tmp_path):
    path = tmp_path / "record.json"
    environment = of_minio(own_minio)

    ran = invoke(tree, environment, "setup", "--record", str(path))

    assert ran.code == 0, ran.stderr
    assert f"store it in 1Password with `op item create --vault Kubernetes --template {path}`" in ran.stdout
    assert [field["label"] for field in json.loads(path.read_text())["fields"]] == list(LABELS)


def test_a_failure_is_one_line_and_the_exit_code_of_its_kind(tree, stand_in, own_minio):
    environment = of_both(stand_in, own_minio) | {"OP_CONNECT_TOKEN": "wrong"}

    ran = invoke(tree, environment, "setup")

    assert ran.code == Refused.exit_code
    assert ran.stdout == ""
    assert [line for line in ran.stderr.splitlines() if line.startswith("error: ")] == ran.stderr.splitlines()


def test_no_secret_is_in_any_output_or_argument_of_any_run(tree, stand_in, own_minio, tmp_path):
    environment = of_both(stand_in, own_minio)
    path = tmp_path / "record.json"
    runs = [invoke(tree, environment, "setup", "--dry-run"), invoke(tree, environment, "setup")]
    [item] = stand_in.items("volsync-minio")
    recorded = {field["label"]: field["value"] for field in item["fields"]}
    runs += [
        invoke(tree, environment, "minio.check"),
        invoke(tree, environment, "setup", "--record", str(path)),  # another record: the user's secret is foreign
        invoke(tree, environment, "setup", "--record", str(path), "--force"),
        invoke(tree, environment, "minio.check"),  # the item's secret does not sign in any more
        invoke(tree, environment | {"MINIO_ADMIN_SECRET_KEY": environment["OP_CONNECT_TOKEN"]}, "setup"),
        invoke(tree, environment | {"OP_CONNECT_TOKEN": environment["MINIO_ADMIN_SECRET_KEY"]}, "setup"),
        invoke(tree, environment | {"MINIO_ENDPOINT": "http://127.0.0.1:1"}, "setup"),
    ]
    filed = {field["label"]: field["value"] for field in json.loads(path.read_text())["fields"]}
    secrets = [
        environment["OP_CONNECT_TOKEN"],
        environment["MINIO_ADMIN_SECRET_KEY"],
        *(values[label] for values in (recorded, filed) for label in (RESTIC_PASSWORD, SECRET_ACCESS_KEY)),
    ]

    assert [each.code for each in runs] == [
        0,
        0,
        0,
        Drift.exit_code,
        0,
        Refused.exit_code,
        Refused.exit_code,
        Refused.exit_code,
        Unreachable.exit_code,
    ]
    for each in runs:
        assert each.arguments
        for secret in secrets:
            assert secret not in each.stdout + each.stderr + "".join(each.arguments)


def test_no_secret_is_in_an_exception_nor_in_what_led_to_it(access, shared, stand_in, record):
    converge.set_up_all(record, access, shared)
    key = record.read().key
    wrong = Secret("a-secret-that-is-wrong")
    secrets = [stand_in.token, access.administrator.secret, wrong, key.secret, record.read().restic_password]
    administration(access).user_add(shared.user, wrong.reveal())
    attempts = [
        lambda: converge.set_up_all(record, access, shared),
        lambda: converge.check_minio(record, access.server, shared),
        lambda: converge.set_up_all(
            record,
            dataclasses.replace(access, administrator=dataclasses.replace(access.administrator, secret=wrong)),
            shared,
        ),
        lambda: converge.set_up_all(item_record(stand_in, shared, token=wrong), access, shared),
    ]
    texts = []
    for attempt in attempts:
        with pytest.raises(BackupError) as raised:
            attempt()
        texts.append("".join(traceback.format_exception(raised.value)) + repr(raised.value))

    assert not [text for text in texts for secret in secrets if secret.reveal() in text]
