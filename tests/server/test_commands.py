"""The other commands of the server's binary, and first use."""

import os
import re
import subprocess
import sys

from support.server import Server, lakefs


def empty(tmp_path):
    return {"HOME": str(tmp_path), "LAKEFS_DATABASE_LOCAL_PATH": f"{tmp_path}/kv", "LAKEFS_BLOCKSTORE_LOCAL_PATH": f"{tmp_path}/blocks"}


def test_setup_prints_the_credentials_once(tmp_path):
    env = empty(tmp_path)
    done = lakefs("--local-settings", "setup", "--user-name", "me", env=env)
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(r"credentials:\n  access_key_id: (AKIAJ[A-Z2-7]{14}Q)\n  secret_access_key: (\S{40})\n", done.stdout)
    assert found, done.stdout
    again = lakefs("--local-settings", "setup", "--user-name", "me", env=env)
    assert again.returncode == 1 and "already complete" in again.stderr
    env["LAKEFS_AUTH_ENCRYPT_SECRET_KEY"] = "THIS_MUST_BE_CHANGED_IN_PRODUCTION"
    with Server(tmp_path, env=env, key=found[1], secret=found[2], admin=False) as server:
        assert server.ok("GET", "/user")["user"]["id"] == "me"


def test_a_removed_administrator_can_be_replaced(tmp_path):
    with Server(tmp_path) as server:
        env = server.env
        assert lakefs("superuser", "--user-name", "x", env=env).returncode == 1
        server.ok("DELETE", "/auth/users/admin")
    done = lakefs("superuser", "--user-name", "second", "--access-key-id", "AKIAIOSFOLEXAMPLE",
                  "--secret-access-key", "abc", env=env)
    assert done.returncode == 0, done.stderr
    with Server(tmp_path, key="AKIAIOSFOLEXAMPLE", secret="abc") as server:
        assert server.ok("GET", "/user")["user"]["id"] == "second"


def test_a_new_installation_is_set_up_over_rest(tmp_path):
    with Server(tmp_path, admin=False) as server:
        assert "setup_lakefs" in server.output()
        assert server.ok("GET", "/setup_lakefs", auth=False)["state"] == "not_initialized"
        made = server.ok("POST", "/setup_lakefs", {"username": "me"}, auth=False)
        server.key, server.secret = made["access_key_id"], made["secret_access_key"]
        assert server.ok("GET", "/user")["user"]["id"] == "me"
        assert server.call("POST", "/setup_lakefs", {"username": "me"}, auth=False).status == 409


def test_version_help_and_completion(tmp_path):
    assert re.match(r"lakefs \d+\.\d+\.\d+", lakefs("--version").stdout)
    assert "quickstart" in lakefs("--help").stdout
    for shell in ("bash", "zsh", "fish"):
        assert "lakefs" in lakefs("completion", shell).stdout
    assert lakefs("frobnicate").returncode == 1


def test_quickstart_has_a_sample_repository_and_says_what_to_try(tmp_path):
    env = {name: None for name in ("LAKEFS_DATABASE_TYPE", "LAKEFS_BLOCKSTORE_TYPE", "LAKEFS_AUTH_ENCRYPT_SECRET_KEY")}
    key, secret = "AKIAIOSFOLQUICKSTART", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    for _ in range(2):  # a second start finds everything as it was
        with Server(tmp_path, env=env, args=("--quickstart",), key=key, secret=secret, admin=False) as server:
            text = server.output()
            assert server.url in text and key in text and secret in text
            assert [repo["id"] for repo in server.pages("/repositories")] == ["quickstart"]
            paths = [entry["path"] for entry in server.pages("/repositories/quickstart/refs/main/objects/ls")]
            assert "README.md" in paths and any(path.endswith(".parquet") for path in paths)
            assert server.pages("/repositories/quickstart/branches/main/diff") == []


def test_what_quickstart_says_can_be_typed_as_it_is(tmp_path):
    env = {name: None for name in ("LAKEFS_DATABASE_TYPE", "LAKEFS_BLOCKSTORE_TYPE", "LAKEFS_AUTH_ENCRYPT_SECRET_KEY")}
    key, secret = "AKIAIOSFOLQUICKSTART", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    with Server(tmp_path, env=env, args=("--quickstart",), key=key, secret=secret, admin=False) as server:
        typed = re.findall(r"^  ((?:export |echo |\S*lakectl ).*)$", server.output(), re.M)
        assert len(typed) == 6
        home = tmp_path / "home"
        home.mkdir()
        clean = {"HOME": str(home), "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", "\n".join(typed)], env=clean, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "README.md" in done.stdout and re.search(r"\+.*hello\.txt", done.stdout), done.stdout
        # As it says: the protected branch refuses the same write.
        on_main = [line.replace("/experiment/hello.txt", "/main/hello.txt") for line in typed if line.startswith(("export", "echo"))]
        done = subprocess.run(["bash", "-o", "pipefail", "-c", "\n".join(on_main)], env=clean, capture_output=True, text=True, timeout=120)
        assert done.returncode != 0 and "protected branch" in done.stderr, done.stdout + done.stderr


def test_answers_name_the_installation_and_the_api_level(server):
    assert server.ok("GET", "/config")["version_config"]["version"] == "1.84.0"
    alive = server.call("GET", "/_health", api=False, auth=False).text
    assert re.fullmatch(r"alive! [0-9a-f-]{36}", alive)
