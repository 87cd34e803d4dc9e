"""The record as a 1Password item: through the official SDK, to a stand-in that answers as Connect does."""

import dataclasses
import logging
import secrets
import socket
import threading

import httpx
import pytest
import stamina
from onepasswordconnectsdk.client import Client
from onepasswordconnectsdk.models import Field, Item, ItemVault

from scripts.e2e import connect
from scripts.errors import Drift, Refused, SettingsError, Unreachable
from scripts.provision import administrator, converge, endpoint
from scripts.provision.connect_client import Vault
from scripts.provision.converge import Manner
from scripts.provision.credentials import ACCESS_KEY_ID, LABELS, RESTIC_PASSWORD, SECRET_ACCESS_KEY
from scripts.provision.onepassword import ItemRecord
from scripts.settings import Secret
from tests.tools.provisioning import QUICK, answering, item_record, vault_of

# pragma: allowlist nextline secret - made up for this test
OURS = {RESTIC_PASSWORD: "kept-password", ACCESS_KEY_ID: "kept-user", SECRET_ACCESS_KEY: "kept-secret"}


def concealed(label, value, **more):
    return {"label": label, "type": "CONCEALED", "value": value, **more}


def planted(stand_in, shared, fields=None, **attributes):
    fields = [concealed(label, value) for label, value in OURS.items()] if fields is None else fields
    return stand_in.store.plant({"title": shared.item, "category": "LOGIN", "fields": fields, **attributes})


def values(stand_in, shared):
    [item] = stand_in.items(shared.item)
    return {field["label"]: field["value"] for field in item["fields"]}


def test_an_item_is_made_with_all_fields_and_the_secrets_concealed(record, stand_in, shared):
    converge.set_up_record(record, shared)

    [item] = stand_in.items(shared.item)
    assert [(field["label"], field["type"]) for field in item["fields"]] == [
        (RESTIC_PASSWORD, "CONCEALED"),
        (ACCESS_KEY_ID, "STRING"),
        (SECRET_ACCESS_KEY, "CONCEALED"),
    ]
    assert values(stand_in, shared)[ACCESS_KEY_ID] == shared.user
    assert record.read().fields()[RESTIC_PASSWORD].reveal() == values(stand_in, shared)[RESTIC_PASSWORD]


def test_a_second_run_writes_nothing(record, stand_in, shared):
    converge.set_up_record(record, shared)
    before, writes = stand_in.items(shared.item), stand_in.writes

    done = converge.set_up_record(record, shared)

    assert done.plans[0].steps == ()
    assert stand_in.items(shared.item) == before
    assert stand_in.writes == writes


def test_a_dry_run_writes_nothing(record, stand_in, shared):
    planned = converge.set_up_record(record, shared, Manner(dry_run=True))

    assert len(planned.plans[0].steps) == len(LABELS)
    assert stand_in.writes == ()


def test_what_is_not_ours_in_an_item_stays_as_it_is(record, stand_in, shared):
    fields = [
        concealed(RESTIC_PASSWORD, "kept-password", section={"id": "restic"}),
        {"label": "username", "purpose": "USERNAME", "value": "somebody"},
        {"label": "notesPlain", "purpose": "NOTES", "value": "made by hand"},
        {"label": "one-time", "type": "OTP", "value": "otpauth://x", "totp": "123456"},
    ]
    planted(
        stand_in,
        shared,
        fields,
        tags=["backup"],
        favorite=True,
        urls=[{"primary": True, "href": "http://10.25.11.3:9000"}],
        sections=[{"id": "restic", "label": "restic"}],
        files=[{"id": "f" * 26, "name": "notes.txt", "size": 3}],
    )
    [before] = stand_in.items(shared.item)

    converge.set_up_record(record, shared)

    [item] = stand_in.items(shared.item)
    changing = {"version", "updatedAt", "fields"}
    assert {k: v for k, v in item.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert item["fields"][: len(fields)] == before["fields"]
    assert [field["label"] for field in item["fields"][len(fields) :]] == [ACCESS_KEY_ID, SECRET_ACCESS_KEY]
    assert item["version"] == before["version"] + 1


def test_a_field_in_another_section_is_the_field(record, stand_in, shared):
    planted(stand_in, shared, [concealed(RESTIC_PASSWORD, "in-a-section", section={"id": "s"})], sections=[{"id": "s"}])

    converge.set_up_record(record, shared)

    # pragma: allowlist nextline secret - made up for this test
    assert values(stand_in, shared)[RESTIC_PASSWORD] == "in-a-section"
    assert len(values(stand_in, shared)) == len(LABELS)


@pytest.mark.parametrize("force", [False, True])
def test_a_password_that_has_a_value_is_never_replaced(record, stand_in, shared, force):
    planted(stand_in, shared, [concealed(RESTIC_PASSWORD, "x"), concealed(SECRET_ACCESS_KEY, "")])

    converge.set_up_record(record, shared, Manner(force=force))

    assert values(stand_in, shared)[RESTIC_PASSWORD] == "x"
    assert len(values(stand_in, shared)[SECRET_ACCESS_KEY]) == 40


def test_a_secret_shown_as_text_is_concealed(record, stand_in, shared):
    planted(stand_in, shared, [{"label": label, "value": value} for label, value in OURS.items()])

    converge.set_up_record(record, shared)

    [item] = stand_in.items(shared.item)
    types = {field["label"]: field["type"] for field in item["fields"]}
    # pragma: allowlist nextline secret - made up for this test
    assert types == {RESTIC_PASSWORD: "CONCEALED", ACCESS_KEY_ID: "STRING", SECRET_ACCESS_KEY: "CONCEALED"}
    assert values(stand_in, shared) == OURS


def test_a_foreign_key_is_shown_and_left_alone_and_replaced_with_force(record, stand_in, shared):
    planted(
        stand_in,
        shared,
        # pragma: allowlist nextline secret - made up for this test
        [concealed(label, value) for label, value in (OURS | {SECRET_ACCESS_KEY: "short"}).items()],
    )

    with pytest.raises(Drift, match="length that MinIO refuses") as refused:
        converge.set_up_record(record, shared)
    assert stand_in.writes == ()
    assert "short" not in str(refused.value)

    converge.set_up_record(record, shared, Manner(force=True))

    assert len(values(stand_in, shared)[SECRET_ACCESS_KEY]) == 40


@pytest.mark.parametrize(
    ("title", "other"),
    [
        pytest.param('a&b #1 "x"', "a&b", id="characters that would break a filter"),
        pytest.param("volsync-minio", "volsync-minio-old", id="a longer title"),
        pytest.param("volsync-minio", "VOLSYNC-MINIO", id="another case"),
    ],
)
def test_only_the_exact_title_is_the_item(stand_in, shared, title, other):
    shared = dataclasses.replace(shared, item=title)
    stand_in.store.plant({"title": other, "fields": [concealed(RESTIC_PASSWORD, "not-ours")]})
    record = item_record(stand_in, shared)

    converge.set_up_record(record, shared)

    assert len(stand_in.items(title)) == 1
    assert record.read().restic_password.reveal() != "not-ours"
    assert len(stand_in.items(other)[0]["fields"]) == 1


def test_two_items_of_one_title_are_drift_with_both_ids(record, stand_in, shared):
    ids = sorted([planted(stand_in, shared), planted(stand_in, shared)])

    with pytest.raises(Drift, match=f"is there 2 times \\({', '.join(ids)}\\)"):
        converge.set_up_record(record, shared, Manner(force=True))

    assert stand_in.writes == ()


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"state": "ARCHIVED"}, id="archived"),
        pytest.param({"state": "DELETED"}, id="deleted"),
        pytest.param({"trashed": True}, id="in the trash of an older server"),
    ],
)
def test_an_item_that_was_put_away_is_not_made_anew(record, stand_in, shared, state):
    planted(stand_in, shared, **state)

    with pytest.raises(Drift, match="only key to every backup") as refused:
        converge.set_up_record(record, shared, Manner(force=True))

    assert "restore it in 1Password" in refused.value.next_step
    assert stand_in.writes == ()


def test_an_item_beside_one_that_was_put_away_is_the_item(record, stand_in, shared):
    planted(stand_in, shared, [concealed(RESTIC_PASSWORD, "old")], state="ARCHIVED")
    planted(stand_in, shared)

    assert record.read().restic_password.reveal() == "kept-password"


def test_a_label_that_is_there_twice_is_drift(record, stand_in, shared):
    fields = [concealed(RESTIC_PASSWORD, "one"), concealed(RESTIC_PASSWORD, "two", section={"id": "s"})]
    planted(stand_in, shared, fields, sections=[{"id": "s"}])

    with pytest.raises(Drift, match="more than one field RESTIC_PASSWORD"):
        record.read()


@pytest.mark.parametrize(
    "checks_versions", [pytest.param(True, id="server refuses"), pytest.param(False, id="last wins")]
)
def test_a_change_by_somebody_else_before_the_write_is_not_overwritten(shared, checks_versions):
    with connect.serve(checks_versions=checks_versions) as stand_in:
        item_id = planted(stand_in, shared, [concealed(ACCESS_KEY_ID, "kept-user")])
        record = item_record(stand_in, shared)
        observed = record.observe()
        stand_in.store.change(item_id, lambda item: item["fields"].append(concealed(RESTIC_PASSWORD, "theirs")))

        with pytest.raises(Drift, match="run it again"):
            record.write(observed, [(RESTIC_PASSWORD, Secret("ours"))])

        # pragma: allowlist nextline secret - made up for this test
        assert values(stand_in, shared)[RESTIC_PASSWORD] == "theirs"


def test_a_change_between_the_last_look_and_the_write_is_refused_by_a_server_that_checks_versions(shared):
    def interfere(method, _path):
        if method == "PUT":
            server.store.change(item_id, lambda item: item["fields"].append(concealed(RESTIC_PASSWORD, "theirs")))

    with connect.serve(checks_versions=True, on_request=interfere) as server:
        item_id = planted(server, shared, [concealed(ACCESS_KEY_ID, "kept-user")])

        with pytest.raises(Drift, match="another version"):
            converge.set_up_record(item_record(server, shared), shared)

        # pragma: allowlist nextline secret - made up for this test
        assert values(server, shared)[RESTIC_PASSWORD] == "theirs"


def test_a_write_that_somebody_else_overwrote_at_once_is_not_called_a_success(shared):
    def interfere(method, _path):
        if method == "GET" and server.writes and not interfered:
            interfered.append(True)
            server.store.change(item_id, lambda item: item.update(fields=[concealed(RESTIC_PASSWORD, "theirs")]))

    interfered = []
    with connect.serve(on_request=interfere) as server:
        item_id = planted(server, shared, [concealed(ACCESS_KEY_ID, "kept-user")])

        with pytest.raises(Drift, match="at the same time"):
            converge.set_up_record(item_record(server, shared), shared)


def test_of_two_items_made_at_once_the_one_that_sees_the_other_gives_way(shared):
    def interfere(method, _path):
        if method == "POST":
            planted(server, shared)

    with connect.serve(on_request=interfere) as server:
        with pytest.raises(Drift, match="by another run at the same time; the one of this run is gone") as refused:
            converge.set_up_record(item_record(server, shared), shared)

        assert refused.value.next_step == "run it again"
        assert values(server, shared) == OURS


@pytest.mark.parametrize("makes", [pytest.param(True, id="a new item"), pytest.param(False, id="an item to complete")])
def test_a_server_that_shows_a_write_only_later_is_waited_for(shared, makes):
    with connect.serve(stale_reads=3) as server:
        if not makes:
            planted(server, shared, [concealed(ACCESS_KEY_ID, "kept-user")])

        converge.set_up_record(item_record(server, shared), shared)

        assert all(values(server, shared)[label] for label in LABELS)
        assert len(server.writes) == 1


def test_a_server_that_never_shows_a_write_is_not_waited_for_without_end(shared):
    patience = dataclasses.replace(QUICK, settle_s=0.3)
    with connect.serve(stale_reads=10_000) as server:
        with pytest.raises(Unreachable, match="was written, but is not seen after"):
            converge.set_up_record(item_record(server, shared, patience=patience), shared)

        assert len(server.writes) == 1


def test_a_server_that_is_not_ready_twice_is_asked_again(shared):
    with connect.serve(failures=2) as server:
        converge.set_up_record(item_record(server, shared), shared)

        assert len(server.items(shared.item)) == 1


def test_a_server_that_is_never_ready_is_given_up_after_so_many_tries(shared):
    with connect.serve(failures=1000) as server:
        with pytest.raises(Unreachable, match="answers 503"):
            item_record(server, shared).read()

        assert len(server.requests) == QUICK.attempts


def test_an_item_is_made_once_even_if_the_answer_does_not_come(shared):
    patience = dataclasses.replace(QUICK, read_s=0.2)
    release = threading.Event()

    def dawdle(method, _path):
        if method == "POST":
            release.wait(2)

    with connect.serve(on_request=dawdle) as server:
        record = item_record(server, shared, patience=patience)
        with pytest.raises(Unreachable, match="did not answer within"):
            converge.set_up_record(record, shared)
        release.set()

        assert [method for method, _ in server.writes] == ["POST"]


def test_a_slow_server_is_waited_for(shared):
    with connect.serve(slow_s=0.1) as server:
        converge.set_up_record(item_record(server, shared), shared)

        assert len(server.items(shared.item)) == 1


def test_a_server_that_is_down_is_unreachable(shared):
    with connect.serve() as server:
        record = item_record(server, shared)

    with pytest.raises(Unreachable, match="cannot be reached") as refused:
        record.read()

    assert "OP_CONNECT_HOST" in refused.value.next_step


def test_a_server_that_takes_the_connection_and_says_nothing_is_unreachable(shared):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = endpoint.parse(f"http://127.0.0.1:{silent.getsockname()[1]}")
        patience = dataclasses.replace(QUICK, read_s=0.1)
        vault = Vault(host=host, token=Secret("token"), title=shared.vault, patience=patience)

        with pytest.raises(Unreachable, match=r"did not answer within 0\.1 s"):
            vault.items()


def test_a_wrong_token_is_refused_at_once_and_not_repeated(stand_in, shared):
    token = Secret(secrets.token_urlsafe(32))

    with pytest.raises(Refused, match="does not accept the token") as refused:
        item_record(stand_in, shared, token=token).read()

    assert "OP_CONNECT_TOKEN" in refused.value.next_step
    assert token.reveal() not in str(refused.value)


def test_a_vault_that_the_token_does_not_show_is_named(stand_in, shared):
    shared = dataclasses.replace(shared, vault="Another")

    with pytest.raises(SettingsError, match="shows no vault named Another"):
        item_record(stand_in, shared).read()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(200, b"<html>sign in</html>", (Refused, "no JSON"), id="a web page"),
        pytest.param(200, b'{"vaults": []}', (Refused, "no list"), id="JSON of another shape"),
        pytest.param(404, b"not found", (Refused, "answers 404"), id="another server"),
        pytest.param(403, b'{"status": 403, "message": "x"}', (Refused, "does not let this token"), id="no permission"),
        pytest.param(502, b"<html>bad gateway</html>", (Unreachable, "answers 502"), id="a proxy without a server"),
        pytest.param(302, b"", (Refused, "answers 302"), id="a redirection to a sign-in page"),
    ],
)
def test_an_answer_that_is_not_connects_is_told_apart(shared, status, body, expected):
    error, message = expected
    with answering(status, body) as (url, _):
        vault = Vault(host=endpoint.parse(url), token=Secret("token"), title=shared.vault, patience=QUICK)

        with pytest.raises(error, match=message):
            vault.items()


def test_a_retry_is_said_without_what_was_sent(shared, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    told = []
    before = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks([*before, lambda details: told.append(repr(details))])
    try:
        with connect.serve() as gone:
            record = item_record(gone, shared)
            record.observe()
        with pytest.raises(Unreachable):
            record.vault.replace({"id": "a" * 26, "fields": [concealed(RESTIC_PASSWORD, "do-not-tell-this")]})
    finally:
        stamina.instrumentation.set_on_retry_hooks(before)

    logged = [f"{each.getMessage()} {vars(each)}" for each in caplog.records]
    assert len(told) == QUICK.attempts - 1
    assert capsys.readouterr().err.count("asking it again") == len(told)
    assert logged
    assert not [line for line in told + logged if "do-not-tell-this" in line or gone.token.reveal() in line]
    assert "stamina" not in {each.name for each in caplog.records}


def test_the_administrator_of_minio_can_be_an_item_of_the_vault(stand_in, shared):
    stand_in.store.plant(
        {
            "title": "minio-root",
            "fields": [
                {"label": "username", "purpose": "USERNAME", "value": "root-user"},
                concealed("password", "root-secret", purpose="PASSWORD"),
            ],
        }
    )

    key = administrator.from_values("", "", "minio-root", lambda: vault_of(stand_in, shared))

    assert (key.id, key.secret.reveal()) == ("root-user", "root-secret")


@pytest.mark.parametrize(
    ("values_given", "message"),
    [
        pytest.param(("", "", ""), "MINIO_ADMIN_ACCESS_KEY: is not set", id="nothing"),
        pytest.param(("key", "", ""), "MINIO_ADMIN_SECRET_KEY: is not set", id="the access key alone"),
        pytest.param(("", "secret", ""), "MINIO_ADMIN_ACCESS_KEY: is not set", id="the secret alone"),
        pytest.param(
            ("", "", "minio-root"), "minio-root of vault Kubernetes: does not exist", id="an item that is not there"
        ),
        pytest.param(("", "", "empty"), "has no value for username", id="an item without the fields"),
    ],
)
def test_an_administrator_who_is_not_given_is_asked_for(stand_in, shared, values_given, message):
    stand_in.store.plant({"title": "empty", "fields": []})

    with pytest.raises(SettingsError, match=message):
        administrator.from_values(*values_given, lambda: vault_of(stand_in, shared))


def test_the_stand_in_is_what_the_official_sdk_expects(stand_in, shared):
    client = Client(stand_in.host, stand_in.token.reveal())
    vault = client.get_vault_by_title(shared.vault)
    fields = [Field(label="X", type="CONCEALED", value="y"), Field(label="U", purpose="USERNAME", value="u")]

    made = client.create_item(
        vault.id, Item(title="by the SDK", category="LOGIN", vault=ItemVault(id=vault.id), fields=fields)
    )
    made.fields[0].value = "z"
    replaced = client.update_item(made.id, vault.id, made)

    assert client.get_vault(vault.id).name == shared.vault
    assert [each.title for each in client.get_items(vault.id)] == ["by the SDK"]
    assert client.get_items(vault.id, 'title eq "another"') == []
    found = client.get_item("by the SDK", shared.vault)
    assert (found.version, replaced.version) == (2, 2)
    assert {field.label: field.value for field in found.fields} == {"X": "z", "U": "u"}
    client.delete_item(made.id, vault.id)
    assert client.get_items(vault.id) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/heartbeat", 200, id="liveness, without a token"),
        pytest.param("GET", "/health", 200, id="health, without a token"),
        pytest.param("GET", "/v1/vaults", 401, id="vaults, without a token"),
    ],
)
def test_the_stand_in_asks_for_a_token_where_connect_does(stand_in, method, path, status):
    answer = httpx.request(method, stand_in.host + path, trust_env=False)

    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {"status": 401, "message": "Invalid token signature"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("GET", "/v1/vaults/short", None, 400, id="an id that is none"),
        pytest.param("GET", "/v1/vaults/" + "a" * 26, None, 404, id="another vault"),
        pytest.param("GET", "/v1/vaults?filter=name%20like%20x", None, 400, id="a filter that is none"),
        pytest.param("GET", "{items}/" + "a" * 26, None, 404, id="an item that is not there"),
        pytest.param("POST", "{items}", {"category": "BOGUS"}, 400, id="a category that is none"),
        pytest.param("POST", "{items}", {"category": "PASSWORD"}, 400, id="a password item without a password"),
        pytest.param("PUT", "{items}/" + "a" * 26, {"category": "LOGIN"}, 404, id="a replacement of nothing"),
        pytest.param("DELETE", "{items}/" + "a" * 26, None, 404, id="a deletion of nothing"),
        pytest.param("PUT", "{items}", {"category": "LOGIN"}, 405, id="a replacement of the list"),
    ],
)
def test_the_stand_in_refuses_what_connect_refuses(stand_in, method, path, body, status):
    vault = {"vault": {"id": stand_in.store.vault_id}}
    url = stand_in.host + path.format(items=f"/v1/vaults/{stand_in.store.vault_id}/items")
    headers = {"Authorization": f"Bearer {stand_in.token.reveal()}"}

    answer = httpx.request(method, url, headers=headers, json=None if body is None else body | vault, trust_env=False)

    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.json()["message"]


def test_ids_and_versions_of_the_stand_in_are_as_1passwords(record, stand_in, shared):
    converge.set_up_record(record, shared)

    [item] = stand_in.items(shared.item)
    for each in (item["id"], item["vault"]["id"], item["fields"][0]["id"]):
        assert len(each) == 26
        assert set(each) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert item["version"] == 1
    assert isinstance(record, ItemRecord)
