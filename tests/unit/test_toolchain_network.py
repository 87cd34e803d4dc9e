"""What a program that downloads may see."""

from scripts.settings import Secret
from scripts.toolchain import go, network


def test_an_address_with_a_password_is_a_secret_and_one_without_is_not(monkeypatch):
    # pragma: allowlist nextline secret - made up for this test
    monkeypatch.setenv("HTTPS_PROXY", "http://someone:hunter2@proxy.test:3128")
    monkeypatch.setenv("GOPROXY", "https://modules.test")

    seen = network.settings(go.PASSED_ON)

    # pragma: allowlist nextline secret - made up for this test
    assert seen["HTTPS_PROXY"] == Secret("http://someone:hunter2@proxy.test:3128")
    assert seen["GOPROXY"] == "https://modules.test"


def test_credentials_of_this_project_are_not_passed_on(monkeypatch):
    for name in ("OP_CONNECT_TOKEN", "AWS_SECRET_ACCESS_KEY", "MINIO_ROOT_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")

    assert "hunter2" not in network.settings(go.PASSED_ON, prefix="PIP_").values()


def test_pip_sees_its_own_settings(monkeypatch):
    monkeypatch.setenv("PIP_CERT", "/somewhere/authority.pem")

    assert network.settings((), prefix="PIP_")["PIP_CERT"] == "/somewhere/authority.pem"


def test_what_go_must_have_wins_over_the_machines_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    monkeypatch.setenv("GOWORK", str(tmp_path / "go.work"))

    variables = go.command(tmp_path / "go", own_caches=None).variables

    assert {name: variables[name] for name in ("GOFLAGS", "GOTOOLCHAIN", "GOWORK", "CGO_ENABLED")} == {
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": "auto",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def test_somebody_without_go_gets_its_caches_where_the_tools_are(monkeypatch, tmp_path):
    for name in ("GOPATH", "GOCACHE", "GOMODCACHE"):
        monkeypatch.delenv(name, raising=False)

    variables = go.command(tmp_path / "go", own_caches=tmp_path).variables

    assert (variables["GOPATH"], variables["GOCACHE"]) == (str(tmp_path / "path"), str(tmp_path / "build"))
    assert "-modcacherw" in str(variables["GOFLAGS"])
