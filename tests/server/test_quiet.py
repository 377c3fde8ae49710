"""Nothing is sent home: neither statistics nor questions about versions, whatever the settings of lakeFS say about them."""

import os
import socket
import threading

from support.server import Lakectl, Server


class Trap:
    """Listens, and counts who connects."""

    def __init__(self):
        self.caught = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.caught.append(connection.recv(300))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def test_the_server_and_lakectl_ask_and_tell_nobody(tmp_path):
    with Trap() as trap:
        proxies = {name: trap.url for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")}
        env = {
            **proxies, "NO_PROXY": "127.0.0.1", "LAKEFS_STATS_ENABLED": "true", "LAKEFS_STATS_EXTENDED": "true",
            "LAKEFS_STATS_ADDRESS": trap.url, "LAKEFS_STATS_FLUSH_INTERVAL": "10ms", "LAKEFS_STATS_FLUSH_SIZE": "1",
            "LAKEFS_SECURITY_CHECK_LATEST_VERSION": "true", "LAKEFS_SECURITY_AUDIT_CHECK_URL": trap.url,
            "LAKEFS_SECURITY_AUDIT_CHECK_INTERVAL": "10ms", "LAKEFS_EMAIL_SUBSCRIPTION_ENABLED": "true",
        }
        with Server(tmp_path / "lake", env=env) as server:
            events = {"events": [{"class": "c", "name": "n", "count": 1}]}
            for _ in range(50):
                assert server.call("POST", "/statistics", events).status == 204
            preferences = {"email": "a@example.com", "featureUpdates": True, "securityUpdates": True}
            server.call("POST", "/setup_comm_prefs", preferences, auth=False)
            server.ok("GET", "/config")
            cli = Lakectl(server, tmp_path)
            cli.env.update(proxies, NO_PROXY="127.0.0.1")
            cli("repo", "create", "lakefs://quiet", "local://quiet")
            for command in (["doctor"], ["repo", "list"], ["log", "lakefs://quiet/main"], ["version"], ["--version"], ["identity"]):
                cli(*command)
            assert server.stop() == 0
        assert trap.caught == []
        # The trap works.
        cli.env["LAKECTL_SERVER_ENDPOINT_URL"] = trap.url
        cli.env["LAKECTL_SERVER_RETRIES_ENABLED"] = "false"
        assert cli.run("repo", "list").returncode == 1 and trap.caught
        assert os.path.exists(tmp_path / "lake/blocks/quiet")
