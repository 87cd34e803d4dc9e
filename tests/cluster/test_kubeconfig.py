"""A context, from the files that kubectl reads: found by its name alone, whole or refused, and no secret in any message."""

import base64
import json
import os
import stat
import subprocess

import pytest
import yaml

from scripts import cluster as clusters
from scripts.cluster import credentials, kubeconfig
from scripts.errors import SettingsError

TOKEN = "token-that-nobody-may-see"


def document(name="a", server="https://127.0.0.1:1", user=None, cluster=None):
    return {
        "clusters": [{"name": f"cluster-{name}", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": f"user-{name}", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": name, "context": {"cluster": f"cluster-{name}", "user": f"user-{name}"}}],
        "current-context": name,
    }


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write kubeconfigs and let KUBECONFIG name them, in this order."""

    def write(*documents):
        paths = []
        for number, each in enumerate(documents):
            path = tmp_path / f"config-{number}"
            path.write_text(each if isinstance(each, str) else yaml.safe_dump(each))
            paths.append(str(path))
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(paths))

    return write


def test_a_context_is_read(files):
    files(document(cluster={"tls-server-name": "other", "proxy-url": "http://127.0.0.1:2"}))

    access = kubeconfig.read("a")

    assert (access.server, access.token.reveal(), access.server_name) == ("https://127.0.0.1:1", TOKEN, "other")
    assert access.proxy == "http://127.0.0.1:2"
    assert TOKEN not in repr(access)


def test_the_current_context_is_never_taken(files):
    files(document())

    with pytest.raises(SettingsError, match="names no context"):
        kubeconfig.read("")


def test_a_context_that_is_in_no_file_is_answered_with_those_that_are(files):
    files(document("a"), document("b"))

    with pytest.raises(SettingsError, match="name one of a, b"):
        kubeconfig.read("c")


def test_the_first_of_two_files_decides(files):
    files(document(server="https://127.0.0.1:1"), document(server="https://127.0.0.1:2"))

    assert kubeconfig.read("a").server == "https://127.0.0.1:1"


def test_a_context_may_be_in_one_file_and_its_cluster_in_another(files):
    whole = document()
    files({"contexts": whole.pop("contexts")}, whole)

    assert kubeconfig.read("a").server == "https://127.0.0.1:1"


def test_without_a_file_the_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))

    with pytest.raises(SettingsError, match="point KUBECONFIG"):
        kubeconfig.read("a")


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        pytest.param("a: [", "is not YAML", id="no YAML"),
        pytest.param("- a", "is no kubeconfig", id="a list"),
        pytest.param("", "is in no kubeconfig", id="an empty file"),
        pytest.param(document(cluster={"certificate-authority-data": f"{TOKEN}!"}), "is not complete", id="no base64"),
        pytest.param(document(cluster={"certificate-authority": "nothing.crt"}), "cannot be read", id="no such file"),
        pytest.param({**document(), "users": []}, "names the user user-a, which is in no kubeconfig", id="no user"),
        pytest.param({**document(), "clusters": []}, "names the cluster cluster-a", id="no cluster"),
        pytest.param(document(user={"exec": {"args": [TOKEN]}}), "is not complete", id="a plugin without a command"),
    ],
)
def test_what_is_wrong_is_named_and_no_token_is(files, broken, found):
    files(broken)

    with pytest.raises(SettingsError, match=found) as wrong:
        kubeconfig.read("a")

    assert TOKEN not in str(wrong.value)


def test_a_path_is_relative_to_the_file_that_it_is_in(files, tmp_path):
    (tmp_path / "authority.crt").write_text("PEM")
    files(document(cluster={"certificate-authority": "authority.crt"}))

    assert kubeconfig.read("a").authority == "PEM"


def test_a_token_in_a_file_is_read_each_time(files, tmp_path):
    files(document(user={"tokenFile": "token"}))
    access = kubeconfig.read("a")
    found = []
    for text in ("one", "two\n"):
        (tmp_path / "token").write_text(text)
        found.append(credentials.obtain(access).token.reveal())

    assert found == ["one", "two"]
    assert credentials.expires(access)


def test_a_token_file_that_is_gone_is_named(files):
    files(document(user={"tokenFile": "token"}))

    with pytest.raises(SettingsError, match="token: cannot be read"):
        credentials.obtain(kubeconfig.read("a"))


def plugin(tmp_path, script):
    path = tmp_path / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": "./plugin", "env": [{"name": "GIVEN", "value": TOKEN}]}}


def test_a_plugin_gives_a_token_and_is_told_what_is_spoken(files, tmp_path):
    answer = json.dumps({"status": {"token": "from-the-plugin"}})
    asked = tmp_path / "asked"
    files(document(user=plugin(tmp_path, f"echo \"$KUBERNETES_EXEC_INFO\" > {asked}; echo '{answer}'")))

    token = credentials.obtain(kubeconfig.read("a")).token

    assert token.reveal() == "from-the-plugin"
    assert json.loads(asked.read_text())["apiVersion"] == "client.authentication.k8s.io/v1"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        pytest.param(
            'echo "$GIVEN"; echo sign in first >&2; exit 3', "exit code 3 and says: sign in first", id="fails"
        ),
        pytest.param('echo "$GIVEN"', "did not answer with an ExecCredential", id="says something else"),
    ],
)
def test_a_plugin_that_gives_nothing_is_named_and_what_it_wrote_is_not(files, tmp_path, script, found):
    files(document(user=plugin(tmp_path, script)))

    with pytest.raises(SettingsError, match=found) as wrong:
        credentials.obtain(kubeconfig.read("a"))

    assert TOKEN not in str(wrong.value)


def test_a_clients_key_is_on_no_disk_after_it_was_read(files, tmp_path, monkeypatch):
    made = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key",
        "-out",
        "crt",
        "-subj",
        "/CN=a",
        "-days",
        "2",
    ]
    subprocess.run(["openssl", *made], cwd=tmp_path, check=True, capture_output=True)
    key, certificate = ((tmp_path / name).read_bytes() for name in ("key", "crt"))
    user = {
        "client-key-data": base64.b64encode(key).decode(),
        "client-certificate-data": base64.b64encode(certificate).decode(),
    }
    files(document(user=user))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    with clusters.connect("a"):
        pass

    assert list(temporary.iterdir()) == []


def test_a_key_that_is_none_is_refused_and_not_shown(files):
    user = {name: base64.b64encode(TOKEN.encode()).decode() for name in ("client-key-data", "client-certificate-data")}
    files(document(user=user))

    with pytest.raises(SettingsError, match="has a certificate or key that is none") as wrong, clusters.connect("a"):
        pass

    assert TOKEN not in str(wrong.value)


def test_the_tests_own_kubeconfig_is_this_users_alone(api):
    mode = (api.folder / "kubeconfig").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600
