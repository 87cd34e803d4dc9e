"""The environment is read in one place, and a secret stays one."""

import copy
import dataclasses
import io
import json
import pickle
from pathlib import Path

import pytest
from rich.console import Console

from scripts import settings
from scripts.errors import SettingsError
from scripts.settings import Secret

SECRET = Secret("hunter2-in-full")


def printed_by_rich(value):
    console = Console(file=io.StringIO())
    console.print(value, [value], {"key": value})
    return console.file.getvalue()


@dataclasses.dataclass
class Holder:
    secret: Secret


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(str, id="str"),
        pytest.param(repr, id="repr"),
        pytest.param(lambda value: f"{value} {value!s} {value!r} {value:>40}", id="f-string"),
        pytest.param(lambda value: "%s %r {}".format(value) % (value, value), id="old formats"),  # noqa: UP032
        pytest.param(lambda value: repr([value, {"key": value}]), id="in a list and a dict"),
        pytest.param(lambda value: repr(Holder(value)), id="in a dataclass"),
        pytest.param(lambda value: str(ValueError(value)), id="in an exception"),
        pytest.param(lambda value: json.dumps({"key": value}, default=str), id="as JSON"),
        pytest.param(printed_by_rich, id="by rich"),
    ],
)
def test_a_secret_prints_redacted(show):
    shown = show(SECRET)

    assert "hunter2" not in shown
    assert "**redacted**" in shown


@pytest.mark.parametrize(
    "escape",
    [
        pytest.param(pickle.dumps, id="pickle"),
        pytest.param(copy.deepcopy, id="deep copy"),
        pytest.param(lambda value: dataclasses.asdict(Holder(value)), id="dataclasses.asdict"),
        pytest.param(json.dumps, id="json without a default"),
    ],
)
def test_a_secret_does_not_leave_by_a_back_door(escape):
    with pytest.raises(TypeError) as refused:
        escape(SECRET)

    assert "hunter2" not in str(refused.value)


def test_a_secret_is_revealed_by_name_and_compared_by_value():
    assert SECRET.reveal() == "hunter2-in-full"
    assert Secret("hunter2-in-full") == SECRET
    assert Secret("other") != SECRET
    assert not Secret("")


@pytest.mark.parametrize("value", [None, "", "   "], ids=["unset", "empty", "white space"])
@pytest.mark.parametrize("read", [settings.required, settings.secret])
def test_a_variable_that_is_needed_and_missing_is_named_with_its_purpose(monkeypatch, read, value):
    monkeypatch.delenv("OP_CONNECT_HOST", raising=False)
    if value is not None:
        monkeypatch.setenv("OP_CONNECT_HOST", value)

    with pytest.raises(SettingsError) as missing:
        read("OP_CONNECT_HOST", purpose="the address of the 1Password Connect server")

    assert str(missing.value) == (
        "environment variable OP_CONNECT_HOST: is not set; it is the address of the 1Password Connect server; "
        "run `export OP_CONNECT_HOST=...`"
    )


def test_a_variable_is_read_without_the_white_space_around_it(monkeypatch):
    monkeypatch.setenv("OP_CONNECT_TOKEN", " hunter2\n")

    assert settings.required("OP_CONNECT_TOKEN", purpose="a token") == "hunter2"
    assert settings.secret("OP_CONNECT_TOKEN", purpose="a token") == Secret("hunter2")
    assert settings.optional("OP_CONNECT_TOKEN") == "hunter2"


def test_a_variable_that_may_be_missing_is_empty_then(monkeypatch):
    monkeypatch.delenv("OP_CONNECT_TOKEN", raising=False)

    assert not settings.optional("OP_CONNECT_TOKEN")


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        pytest.param({"APPS_BACKUP_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a", id="its own variable wins"),
        pytest.param({"XDG_CACHE_HOME": "/b"}, "/b/apps-backup", id="the system's variable"),
        pytest.param({"XDG_CACHE_HOME": ""}, "~/.cache/apps-backup", id="an empty variable"),
        pytest.param({}, "~/.cache/apps-backup", id="no variable"),
    ],
)
def test_tools_are_kept_outside_of_the_checkout(variables, folder):
    assert settings.cache_directory(variables) == Path(folder).expanduser()


def test_the_environment_is_a_copy(monkeypatch):
    monkeypatch.setenv("LANG", "C.UTF-8")
    settings.environment()["LANG"] = "changed"

    assert settings.environment()["LANG"] == "C.UTF-8"
