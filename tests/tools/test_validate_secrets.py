import pytest

from scripts.model import Status
from scripts.source import read
from scripts.validate import secret_scan

# put together here, so that this file holds no line that looks like a credential
ACCESS_KEY = "AKIA" + "Q7ZP2M4XW8RT5VBN"
PASSPHRASE = "hunter" + "2hunter" + "2"
RANDOM = "wJalrXUtnFEMI/" + "K7MDENG/bPxRfiCYzzzzKEY9x1"
PRIVATE_KEY = "-----BEGIN " + "RSA PRIVATE KEY-----"


def scanned(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8", newline="")
    (outcome,) = secret_scan.outcomes(read(folder, git=None))
    return outcome


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        pytest.param("a.yaml", f"---\na: {ACCESS_KEY}\n", [2], id="a value"),
        pytest.param("a.yaml", f"---\na: 1 # {ACCESS_KEY}\n", [2], id="a comment"),
        pytest.param(
            "a.yaml", f"---\na: {RANDOM}\n# password: {PASSPHRASE}\n", [2, 3], id="a comment beside another one"
        ),
        pytest.param("a.yaml", f"---\n- b: {RANDOM}\n", [2], id="a random string without quotes"),
        pytest.param("a.yaml", f"---\na: |\n  export PASSWORD={PASSPHRASE}\n", [3], id="a script within YAML"),
        pytest.param("a.toml", f"# {ACCESS_KEY}\n[a]\nb = 1\n", [1], id="a comment in TOML"),
        pytest.param("a.ini", f"[a]\n# {ACCESS_KEY}\nb = {ACCESS_KEY}\n", [2, 3], id="a comment in settings"),
        pytest.param("a.py", f'password = "{PASSPHRASE}"\n', [1], id="a string in a program"),
        pytest.param("a.md", f"Open http://me:{PASSPHRASE}@example.org/\n", [1], id="an address with a password"),
        pytest.param("a.key", f"{PRIVATE_KEY}\nabc\n", [1], id="a private key"),
        pytest.param("swagger.json", f'{{"a": "{ACCESS_KEY}"}}\n', [1], id="a file that the scanner would pass over"),
        pytest.param("a.md", f"\x0cx\u2028\n{ACCESS_KEY}\n", [2], id="lines that only git counts"),
    ],
)
def test_what_looks_like_a_credential_is_told_with_its_line_and_not_shown(tmp_path, name, text, lines):
    outcome = scanned(tmp_path, name, text)

    assert [finding.line for finding in outcome.findings] == lines
    for secret in (ACCESS_KEY, PASSPHRASE, RANDOM):
        assert secret not in str(outcome)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.yaml", "---\nsecretStoreRef: onepassword\n", id="where a secret is"),
        pytest.param(
            "a.yaml", "---\nVOLSYNC_SECRET_STORE: onepassword # its name\n", id="where a secret is, in capitals"
        ),
        pytest.param("a.yaml", "---\nClusterSecretStore: |\n  onepassword\n", id="where a secret is, in a block"),
        pytest.param("a.py", 'SECRET_ACCESS_KEY = "AWS_SECRET_ACCESS_KEY"\n', id="the name of a variable"),
        pytest.param("a.yaml", '---\nRESTIC_PASSWORD: "{{ .RESTIC_PASSWORD }}"\n', id="a template"),
        pytest.param("a.yaml", "---\npassword: ${PASSWORD}\n", id="a variable"),
        pytest.param("a.yaml", "---\nuid: 5f3c9a52-2f0b-4b5e-9a54-0d9f3b1f6f10\n", id="a UUID"),
    ],
)
def test_what_only_names_a_secret_is_none(tmp_path, name, text):
    assert scanned(tmp_path, name, text).findings == ()


def test_a_password_beside_the_name_of_a_secret_is_told(tmp_path):
    outcome = scanned(tmp_path, "a.yaml", f"---\nsecretName: a # password: {PASSPHRASE}\n")

    assert [finding.line for finding in outcome.findings] == [2]


def test_what_was_allowed_and_what_was_not_looked_at_is_told(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\x00")

    outcome = scanned(tmp_path, "a.md", f"{ACCESS_KEY} pragma: allowlist secret - made up for the tests\n")

    assert outcome.reason == "1 lines allowed with a reason, 1 files that are no text were not looked at"


def test_a_folder_without_text_is_no_pass(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\x00")

    (outcome,) = secret_scan.outcomes(read(tmp_path, git=None))

    assert outcome.status is Status.BLOCKED
