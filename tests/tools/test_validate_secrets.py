import tomllib

import pytest

from scripts.model import Status
from scripts.source import read
from scripts.validate import gitleaks, secret_scan
from scripts.validate.tools import locate

# put together here, so that this file holds no line that looks like a credential
ACCESS_KEY = "AKIA" + "Q7ZP2M4XW8RT5VBN"  # pragma: allowlist secret - made up for the tests
PASSPHRASE = "hunter" + "2hunter" + "2"  # pragma: allowlist secret - made up for the tests
RANDOM = "wJalrXUtnFEMI/" + "K7MDENG/bPxRfiCYzzzzKEY9x1"
PRIVATE_KEY = "-----BEGIN " + "RSA PRIVATE KEY-----"


def scanned(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8", newline="")
    (outcome,) = secret_scan.outcomes(read(folder, git=None), locate(), None)
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
        pytest.param("a.yaml", "---\nsecretKey: RESTIC_PASSWORD\n", id="the name of a key"),
        pytest.param("a.md", "RESTIC_PASSWORD=op://vault/item/password\n", id="where 1Password has a secret"),
        pytest.param("a.py", "password = get_password(name)\n", id="a call that gets a secret"),
        pytest.param("a.py", "password = password_of[name]\n", id="a variable that holds a secret"),
        pytest.param("a.yaml", "---\nimage: a/b@sha256:" + "0f1e2d3c" * 8 + "\n", id="the digest of an image"),
        pytest.param("a.md", "Open http://<name>:<password>@example.org/\n", id="an address with places for both"),
        pytest.param("a.yaml", "---\nsize: 1234567890123456789\n", id="a long number"),
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

    (outcome,) = secret_scan.outcomes(read(tmp_path, git=None), locate(), None)

    assert outcome.status is Status.BLOCKED


WORD = "p" + "assword"
OF_EACH_RULE = {
    "password": ("py", f'{WORD} = "{PASSPHRASE}"\n'),
    "secret": ("js", f"const clientSecret = '{PASSPHRASE}'\n"),
    "passphrase": ("go", f'db_pass := "{PASSPHRASE}"\n'),
    "key": ("json", f'{{"accessKey": "{PASSPHRASE}"}}\n'),
    "setting": ("toml", f"root_{WORD} = {PASSPHRASE}\n"),
    "environment": ("md", f"    export RESTIC_{WORD.upper()}={PASSPHRASE}\n"),
    "address-with-password": ("md", f"s3:https://me:{PASSPHRASE}@example.org/\n"),
    "random-string": ("py", f'x = "{RANDOM}"\n'),
    "random-string-in-single-quotes": ("py", f"x = '{RANDOM}'\n"),
    "random-hex": ("py", 'x = "' + "0f1e2d3c" + "4b5a6978" + '"\n'),
    "random-hex-in-single-quotes": ("py", "x = '" + "0f1e2d3c" + "4b5a6978" + "'\n"),
    "random-setting": ("yaml", f"---\na: {RANDOM} # why\n"),
    "random-hex-setting": ("yaml", "---\n- " + "0f1e2d3c" + "4b5a6978" + "\n"),
    "private-key-begins": ("txt", f"{PRIVATE_KEY}\n"),
    "aws-key-id": ("txt", "AKIA" + "IOSFODNN7EXAMPLE" + "\n"),
    "azure-storage-key": ("txt", "Account" + "Key=" + "aB3/" * 21 + "aB==\n"),
    "npm-registry-token": ("txt", "//example.org/:_auth" + "Token=5f3c9a52-2f0b-4b5e-9a54-0d9f3b1f6f10\n"),
    "telegram-token": ("txt", "123456789" + ":AA" + "b1C" * 11 + "\n"),
    "github-pat": ("txt", "ghp_" + "q7Zp2M4xW8rT5vBn" * 2 + "k3Jd\n"),
}
"""A rule of ours, and one of gitleaks -> the suffix of a file, and a text that it is for."""


@pytest.mark.parametrize("rule", OF_EACH_RULE)
def test_each_rule_finds_what_it_is_for(rule):
    suffix, text = OF_EACH_RULE[rule]

    found = gitleaks.search({f"a.{suffix}": text}, locate().path("gitleaks"))

    assert rule in {name for _, name in found[f"a.{suffix}"]}


def test_there_is_a_text_for_each_rule_of_ours():
    rules = tomllib.loads(gitleaks.CONFIGURATION.read_text(encoding="utf-8"))["rules"]

    assert {rule["id"] for rule in rules} - {gitleaks.LAST_RULE} == set(OF_EACH_RULE) - {"github-pat"}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(f" {PASSPHRASE}", id="as it is"),
        pytest.param(f' "{PASSPHRASE}"', id="in quotes"),
        pytest.param(f" '!{PASSPHRASE} and more'", id="in quotes, with signs and spaces"),
        pytest.param(f" &name {PASSPHRASE}", id="with an anchor"),
        pytest.param(f" !!str {PASSPHRASE}", id="with a tag"),
        pytest.param(f" |-\n    {PASSPHRASE}", id="in a block"),
        pytest.param(f" >\n    {PASSPHRASE}", id="in a folded block"),
        pytest.param(f"\n    {PASSPHRASE}", id="on the next line"),
    ],
)
@pytest.mark.parametrize("key", ["password", "minio_root_password", '"secretAccessKey"', "- apiKey", "{passphrase"])
def test_a_value_after_such_a_word_is_told_in_each_form_of_yaml(tmp_path, key, value):
    end = "}" if key.startswith("{") else ""
    if end and "\n" in value:
        value = f" {PASSPHRASE}"

    outcome = scanned(tmp_path, "a.yaml", f"---\n{key}:{value}{end}\n")

    assert [finding.line for finding in outcome.findings] == [2]
