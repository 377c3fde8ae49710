"""What stops a start, and what it says."""

import socket

import pytest

from support.server import Server, lakefs


def refuse(tmp_path, env=None, args=(), **more):
    """A start that must fail; answers what it said."""
    with Server(tmp_path / "refused", env=env, args=args, ready=False, **more) as server:
        assert server.wait() == 1, server.output()
        return server.output()


def config(tmp_path, text):
    path = tmp_path / "lakefs.yaml"
    path.write_text(text)
    return ("--config", str(path))


def test_an_unknown_key_is_named(tmp_path):
    text = refuse(tmp_path, args=config(tmp_path, "databse:\n  type: local\nlogging:\n  levle: INFO\n"))
    assert "unknown key databse" in text
    assert "unknown key logging.levle (did you mean logging.level?)" in text


def test_a_file_that_is_not_yaml_is_named(tmp_path):
    assert "lakefs.yaml is not YAML" in refuse(tmp_path, args=config(tmp_path, "a: ["))


def test_a_missing_file_is_named(tmp_path):
    assert "/nonexistent.yaml" in refuse(tmp_path, args=("--config", "/nonexistent.yaml"))


def test_missing_keys_are_listed(tmp_path):
    env = {"LAKEFS_DATABASE_TYPE": None, "LAKEFS_BLOCKSTORE_TYPE": None, "LAKEFS_AUTH_ENCRYPT_SECRET_KEY": None}
    text = refuse(tmp_path, env=env)
    assert "missing required keys: database.type, auth.encrypt.secret_key, blockstore.type" in text


@pytest.mark.parametrize(("name", "value", "part"), [
    ("AUTH_API_ENDPOINT", "http://auth", "auth.api.endpoint needs an external"),
    ("AUTH_UI_CONFIG_RBAC", "internal", "auth.ui_config.rbac needs"),
    ("DATABASE_TYPE", "dynamodb", "database.type dynamodb is not built"),
    ("BLOCKSTORE_TYPE", "azure", "blockstore.type azure is not built"),
    ("BLOCKSTORE_GS_CREDENTIALS_JSON", "{}", "blockstore.gs.credentials_json needs"),
    ("LOGGING_LEVEL", "loud", "logging.level needs one of"),
    ("AUTH_LOGIN_DURATION", "7", "needs a unit"),
    ("TLS_ENABLED", "true", "tls.cert_file"),
])
def test_settings_that_cannot_be_honoured_are_refused(tmp_path, name, value, part):
    assert part in refuse(tmp_path, env={f"LAKEFS_{name}": value})


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = refuse(tmp_path, env={"LAKEFS_LISTEN_ADDRESS": f"127.0.0.1:{port}"})
    assert f"port {port} is in use" in text
    assert not (tmp_path / "refused/kv").exists(), "nothing is opened before the port is ours"


def test_a_wrong_secret_key_stops_the_start(tmp_path):
    with Server(tmp_path / "lake"):
        pass
    with Server(tmp_path / "lake", env={"LAKEFS_AUTH_ENCRYPT_SECRET_KEY": "another"}, ready=False) as server:
        assert server.wait() == 1
        assert "auth.encrypt.secret_key" in server.output()
    with Server(tmp_path / "lake") as server:
        assert server.ok("GET", "/user")["user"]["id"] == "admin"


@pytest.mark.parametrize(("version", "part"), [("5", "newer server"), ("3", "lakefs migrate up"), ("x", "not a number")])
def test_other_schema_versions_stop_the_start(tmp_path, version, part):
    with Server(tmp_path / "lake") as server:
        env = server.env
    write_schema(env, version)
    with Server(tmp_path / "lake", ready=False) as server:
        assert server.wait() == 1
        assert part in server.output()


def write_schema(env, version):
    import base64
    import json
    dump = {"version": "1.0", "timestamp": "2026-01-01T00:00:00Z", "entries": [{
        "partition": "kv-internal-metadata", "key": "kv/schema/version", "value": base64.b64encode(version.encode()).decode()}]}
    done = lakefs("kv", "load", "--input", "-", env=env, stdin=json.dumps(dump))
    assert done.returncode == 0, done.stderr


def test_migrate_raises_an_older_schema(tmp_path):
    with Server(tmp_path / "lake") as server:
        env = server.env
    write_schema(env, "3")
    assert "Current version: 3" in lakefs("migrate", "version", env=env).stdout
    assert lakefs("migrate", "up", env=env).returncode == 0
    assert "Current version: 4" in lakefs("migrate", "version", env=env).stdout
    with Server(tmp_path / "lake") as server:
        assert server.call("GET", "/repositories").status == 200


def test_a_badger_directory_is_refused_and_left_alone(tmp_path):
    directory = tmp_path / "refused/kv"
    directory.mkdir(parents=True)
    files = {"MANIFEST": b"Bdgr\x00\x00\x00\x07", "KEYREGISTRY": b"x" * 16, "000001.vlog": b"y" * 20, "DISCARD": b""}
    for name, data in files.items():
        (directory / name).write_bytes(data)
    text = refuse(tmp_path)
    assert "badger" in text.lower(), text
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == files


def test_one_directory_serves_one_process(tmp_path):
    with Server(tmp_path / "lake") as server:
        with Server(tmp_path / "lake2", env={"LAKEFS_DATABASE_LOCAL_PATH": server.env["LAKEFS_DATABASE_LOCAL_PATH"]},
                    ready=False) as second:
            assert second.wait() == 1
            assert "use" in second.output()


def test_an_unreachable_database_is_named(tmp_path):
    text = refuse(tmp_path, env={"LAKEFS_DATABASE_TYPE": "postgres",
                                 "LAKEFS_DATABASE_POSTGRES_CONNECTION_STRING": "postgres://u:hunter2@127.0.0.1:1/x"})
    assert "cannot open the key-value store" in text and "hunter2" not in text


def test_the_effective_settings_are_logged_without_secrets(tmp_path):
    with Server(tmp_path / "lake", env={"LAKEFS_AUTH_ENCRYPT_SECRET_KEY": "hunter2"}) as server:
        text = server.output()
    assert "[SECRET]" in text and "hunter2" not in text and server.secret not in text


def test_quickstart_fixes_its_keys(tmp_path):
    text = refuse(tmp_path, args=("--quickstart",), env={"LAKEFS_AUTH_ENCRYPT_SECRET_KEY": "mine"})
    assert "auth.encrypt.secret_key cannot be changed with --quickstart" in text
