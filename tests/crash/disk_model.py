"""A model of a disk that loses what was not synced, driven by a system call trace.

The real server runs under `strace`; every call that changes a file or directory below one root is
applied to the model. A model holds two versions of everything: what the running system sees, and what
survives power loss. The second changes only when a file or directory is synced:

- bytes written to a file survive once the file was fsynced or fdatasynced after the write;
- a name (create, rename, link, unlink, mkdir) survives once its directory was fsynced after it;
- a sync makes durable what was there when it began, from the moment it ends.

This is stricter than common file systems, which often persist a new file's name with its data.
"""

import os
import re


class File:
    def __init__(self):
        self.data = bytearray()
        self.durable = b""


class Directory:
    def __init__(self):
        self.entries = {}
        self.durable = {}


class Disk:
    """Everything below one root directory."""

    def __init__(self, root):
        self.root = os.path.realpath(root)
        self.top = Directory()

    def inside(self, path):
        return path == self.root or path.startswith(self.root + "/")

    def _walk(self, path):
        node = self.top
        rest = path[len(self.root):].strip("/")
        for part in filter(None, rest.split("/")):
            if not isinstance(node, Directory) or part not in node.entries:
                return None
            node = node.entries[part]
        return node

    def _parent(self, path):
        parent = self._walk(os.path.dirname(path))
        assert isinstance(parent, Directory), f"{path}: its directory was never made"
        return parent, os.path.basename(path)

    def open(self, path, flags):
        node = self._walk(path)
        if node is None and "O_CREAT" in flags:
            parent, name = self._parent(path)
            node = parent.entries[name] = File()
        if isinstance(node, File) and "O_TRUNC" in flags:
            node.data = bytearray()
        return node

    def write(self, node, offset, data):
        if offset > len(node.data):
            node.data.extend(b"\0" * (offset - len(node.data)))
        node.data[offset:offset + len(data)] = data

    def truncate(self, node, size):
        if size < len(node.data):
            del node.data[size:]
        else:
            node.data.extend(b"\0" * (size - len(node.data)))

    def mkdir(self, path):
        parent, name = self._parent(path)
        parent.entries[name] = Directory()

    def unlink(self, path):
        parent, name = self._parent(path)
        parent.entries.pop(name, None)

    def link(self, old, new):
        parent, name = self._parent(new)
        parent.entries[name] = self._walk(old)

    def rename(self, old, new):
        node = self._walk(old)
        assert node is not None, f"rename of {old}, which the model does not know"
        parent, name = self._parent(old)
        parent.entries.pop(name)
        parent, name = self._parent(new)
        parent.entries[name] = node

    @staticmethod
    def sync_begin(node):
        """What a sync that begins now will have made durable when it ends."""
        if isinstance(node, File):
            return bytes(node.data)
        return dict(node.entries)

    @staticmethod
    def sync_end(node, seen):
        node.durable = seen

    def sync_all_begin(self):
        """What a sync of the whole file system that begins now will have made durable."""
        seen = []

        def visit(node):
            seen.append((node, self.sync_begin(node)))
            if isinstance(node, Directory):
                for child in node.entries.values():
                    visit(child)

        visit(self.top)
        return seen

    def materialise(self, target):
        """Writes what survives power loss into an empty directory."""

        def put(node, path):
            if isinstance(node, Directory):
                os.makedirs(path, exist_ok=True)
                for name, child in node.durable.items():
                    put(child, os.path.join(path, name))
            else:
                with open(path, "wb") as out:
                    out.write(node.durable)

        put(self.top, target)


CALLS = ("openat,open,creat,close,dup,dup2,dup3,fcntl,write,pwrite64,writev,pwritev,pwritev2,ftruncate,"
         "truncate,fallocate,fsync,fdatasync,syncfs,sync,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,"
         "mkdirat,link,linkat,lseek,copy_file_range,sendto,sendmsg,read,pread64,mmap,ioctl")
LINE = re.compile(r"^(\d+)\s+(\d+\.\d+) (.*)$")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)(<[^>]*>)?.*$", re.S)


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def strings(text):
    """All quoted strings of a call's arguments."""
    return [unhex(s) for s in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', text)]


def path_of(annotated):
    """The path of an annotated descriptor such as 5</a/b>."""
    found = re.match(r"(-?\w+)<((?:\\x[0-9a-f]{2})*|[^>]*)>", annotated)
    if not found:
        return None, None
    path = found.group(2)
    path = unhex(path).decode("utf-8", "surrogateescape") if path.startswith("\\x") else path
    return found.group(1), path.removesuffix("(deleted)").rstrip() if path.endswith("(deleted)") else path


class Replay:
    """Applies a trace to a disk and calls back at every sync and every response."""

    def __init__(self, disk, on_sync, on_response):
        self.disk, self.on_sync, self.on_response = disk, on_sync, on_response
        self.files, self.offsets, self.pending, self.appending = {}, {}, {}, set()
        self.syncs = 0

    def run(self, lines):
        for line in lines:
            found = LINE.match(line.rstrip("\n"))
            if not found:
                continue
            thread, _, rest = found.groups()
            if rest.endswith("<unfinished ...>"):
                begun = rest[: -len("<unfinished ...>")].rstrip()
                self.pending[thread] = (begun, self.begin(begun))
            elif rest.startswith("<... "):
                begun, seen = self.pending.pop(thread)
                tail = rest[rest.index("resumed>") + len("resumed>"):]
                self.end(begun + tail, seen)
            else:
                self.end(rest, self.begin(rest))

    def node(self, arguments):
        descriptor, path = path_of(arguments)
        return self.files.get(descriptor), descriptor, path

    def begin(self, text):
        name, _, arguments = text.partition("(")
        if name in ("fsync", "fdatasync"):
            node, _, path = self.node(arguments)
            if node is None and path and self.disk.inside(path):
                node = self.disk._walk(path)
            return (node, self.disk.sync_begin(node)) if node is not None else None
        if name in ("syncfs", "sync"):
            return self.disk.sync_all_begin()
        if name in ("write", "writev", "sendto", "sendmsg"):
            _, path = path_of(arguments)
            if path and ("socket" in path or "TCP" in path):
                for data in strings(arguments[: 4000]):
                    if data.startswith(b"HTTP/1.1 "):
                        self.on_response(int(data[9:12]))
                        break
        return None

    def end(self, text, seen):
        found = CALL.match(text)
        if not found:
            return
        name, arguments, result, _ = found.groups()
        result = int(result)
        if result < 0:
            return
        handler = getattr(self, "do_" + name, None)
        if handler:
            handler(arguments, result, seen, text)

    def resolve(self, argument, directory=None):
        path = strings(argument)[0].decode("utf-8", "surrogateescape")
        if not path.startswith("/"):
            _, base = path_of(directory or argument)
            path = os.path.join(base or "/", path)
        return os.path.normpath(path)

    def do_openat(self, arguments, result, _, text):
        path = self.resolve(arguments)
        self.files.pop(str(result), None)
        if self.disk.inside(path):
            node = self.disk.open(path, arguments)
            if node is not None:
                self.files[str(result)] = node
                self.offsets[str(result)] = 0
                (self.appending.add if "O_APPEND" in arguments else self.appending.discard)(str(result))

    def do_close(self, arguments, *_):
        descriptor, _path = path_of(arguments)
        self.files.pop(descriptor, None)

    def do_fcntl(self, arguments, result, *_):
        if "F_DUPFD" in arguments:
            self.dup(arguments, result)

    def dup(self, arguments, result):
        node, descriptor, _ = self.node(arguments)
        self.files.pop(str(result), None)
        if node is not None:
            self.files[str(result)] = node
            self.offsets[str(result)] = self.offsets.get(descriptor, 0)
            if descriptor in self.appending:
                self.appending.add(str(result))

    def do_dup(self, arguments, result, *_):
        self.dup(arguments, result)

    def do_lseek(self, arguments, result, *_):
        node, descriptor, _ = self.node(arguments)
        if node is not None:
            self.offsets[descriptor] = result

    def do_read(self, arguments, result, *_):
        node, descriptor, _ = self.node(arguments)
        if node is not None:
            self.offsets[descriptor] = self.offsets.get(descriptor, 0) + result

    def sequential(self, arguments, result):
        node, descriptor, _ = self.node(arguments)
        if isinstance(node, File):
            data = b"".join(strings(arguments))[:result]
            assert len(data) == result, "trace cut a write short"
            offset = len(node.data) if descriptor in self.appending else self.offsets.get(descriptor, 0)
            self.disk.write(node, offset, data)
            self.offsets[descriptor] = offset + result

    def do_write(self, arguments, result, *_):
        self.sequential(arguments, result)

    def do_writev(self, arguments, result, *_):
        self.sequential(arguments, result)

    def do_pwrite64(self, arguments, result, *_):
        node, _, _ = self.node(arguments)
        if isinstance(node, File):
            offset = int(arguments.rsplit(",", 1)[1])
            data = b"".join(strings(arguments))[:result]
            assert len(data) == result, "trace cut a write short"
            self.disk.write(node, offset, data)

    def do_mmap(self, arguments, *_):
        if "MAP_SHARED" in arguments and "PROT_WRITE" in arguments:
            for descriptor in re.findall(r"(\d+<[^>]*>)", arguments):
                _, path = path_of(descriptor)
                assert not (path and self.disk.inside(path)), f"{path} is written through a mapping"

    def do_ftruncate(self, arguments, *_):
        node, _, _ = self.node(arguments)
        if isinstance(node, File):
            self.disk.truncate(node, int(arguments.rsplit(",", 1)[1]))

    def do_fallocate(self, arguments, *_):
        node, _, _ = self.node(arguments)
        parts = [p.strip() for p in arguments.split(",")]
        if isinstance(node, File) and "KEEP_SIZE" not in arguments:
            size = int(parts[-1]) + int(parts[-2])
            self.disk.truncate(node, max(size, len(node.data)))

    def do_copy_file_range(self, arguments, result, *_):
        source, start, target, at = [part.strip() for part in arguments.split(",")[:4]]
        _, path = path_of(source)
        descriptor, target_path = path_of(target)
        if not self.disk.inside(target_path):
            return
        assert start.startswith("[") and at == "NULL", f"copy_file_range is not modelled: {arguments}"
        node, start = self.files[descriptor], int(start.strip("[]"))
        data = bytes(self.disk._walk(path).data[start:start + result])
        assert len(data) == result, f"copy_file_range of bytes the model does not know: {arguments}"
        offset = self.offsets.get(descriptor, 0)
        self.disk.write(node, offset, data)
        self.offsets[descriptor] = offset + result

    def do_mkdir(self, arguments, *_):
        self.do_mkdirat(arguments)

    def do_mkdirat(self, arguments, *_):
        path = self.resolve(arguments)
        if self.disk.inside(path) and path != self.disk.root:
            self.disk.mkdir(path)

    def do_unlink(self, arguments, *_):
        self.do_unlinkat(arguments)

    def do_rmdir(self, arguments, *_):
        self.do_unlinkat(arguments)

    def do_unlinkat(self, arguments, *_):
        path = self.resolve(arguments)
        if self.disk.inside(path):
            self.disk.unlink(path)

    def two(self, arguments):
        paths = [p.decode("utf-8", "surrogateescape") for p in strings(re.sub(r"<[^>]*>", "", arguments))]
        bases = re.findall(r"(?:AT_FDCWD|\d+)<([^>]*)>", arguments)
        bases = [unhex(b).decode() if b.startswith("\\x") else b for b in bases] + ["/", "/"]
        return [os.path.normpath(os.path.join(b, p)) for b, p in zip(bases, paths)]

    def do_rename(self, arguments, *_):
        old, new = self.two(arguments)
        if self.disk.inside(old):
            self.disk.rename(old, new)

    do_renameat = do_renameat2 = do_rename

    def do_link(self, arguments, *_):
        old, new = self.two(arguments)
        if self.disk.inside(new):
            self.disk.link(old, new)

    do_linkat = do_link

    def do_fsync(self, arguments, result, seen, text):
        if seen:
            self.disk.sync_end(*seen)
            self.syncs += 1
            self.on_sync()

    do_fdatasync = do_fsync

    def do_syncfs(self, _arguments, _result, seen, _text):
        for node, state in seen:
            self.disk.sync_end(node, state)
        self.syncs += 1
        self.on_sync()

    do_sync = do_syncfs
