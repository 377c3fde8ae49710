"""What the Spark tests do with branches and commits, through the REST API."""

import itertools

from support.server import quote

NUMBERS = itertools.count(1)


class Lake:
    """One server for all tests; each test makes repositories of its own."""

    def __init__(self, server):
        self.server, self.url = server, server.url
        self.key, self.secret = server.key, server.secret

    def repository(self, name):
        """A new repository; its name is unique, as Hadoop keeps file systems by name."""
        name = f"{name}-{next(NUMBERS)}"
        self.server.ok("POST", "/repositories", {
            "name": name, "storage_namespace": f"local://{name}", "default_branch": "main"})
        return Repository(self, name)


class Repository:
    def __init__(self, lake, name):
        self.lake, self.name = lake, name

    def uri(self, ref, path="", scheme="s3a"):
        return f"{scheme}://{self.name}/{ref}/{path}"

    def call(self, method, path, body=None):
        return self.lake.server.ok(method, f"/repositories/{self.name}{path}", body)

    def commit(self, branch, message):
        """Commits what is staged; answers the commit id."""
        return self.call("POST", f"/branches/{branch}/commits", {"message": message})["id"]

    def branch(self, name, source="main"):
        self.call("POST", "/branches", {"name": name, "source": source})

    def merge(self, source, destination):
        return self.call("POST", f"/refs/{source}/merge/{destination}", {})["reference"]

    def revert(self, branch, ref, parent=0):
        self.call("POST", f"/branches/{branch}/revert", {"ref": ref, "parent_number": parent})

    def changed(self, branch):
        """Paths that are staged and not committed."""
        return [entry["path"] for entry in self.lake.server.pages(f"/repositories/{self.name}/branches/{branch}/diff")]

    def read(self, ref, path):
        answer = self.lake.server.call("GET", f"/repositories/{self.name}/refs/{quote(ref)}/objects?path={quote(path)}")
        assert answer.status == 200, answer.text
        return answer.body

    def objects(self, ref, prefix=""):
        return self.lake.server.pages(f"/repositories/{self.name}/refs/{quote(ref)}/objects/ls?prefix={quote(prefix)}")

    def paths(self, ref, prefix=""):
        return [entry["path"] for entry in self.objects(ref, prefix)]
