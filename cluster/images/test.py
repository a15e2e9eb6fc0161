"""The test images: pause, busybox, agnhost and one without a shell, from Debian's static busybox and the built agnhost.

The cluster loads them on every node. Written into the cache, and written anew only when what they are made of changes.
"""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cluster import build
from cluster.images import oci
from cluster.images.oci import Entry

BUSYBOX = Path("/bin/busybox")
FORMAT = "2"
"""Goes up when what the images contain changes."""
PATH = {"PATH": "/bin:/usr/bin:/sbin"}
PASSWD = b"root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"


def archives() -> list[Path]:
    """The archives of all test images, written if they have to be."""
    shell = _shell()
    agnhost = [*shell, Entry("agnhost", build.program("agnhost").read_bytes())]
    return [
        _archive("pause", shell, ["/bin/sleep", "infinity"]),
        _archive("busybox", shell, ["/bin/sh"]),
        _archive("agnhost", agnhost, ["/agnhost"]),
        scratch(),
    ]


def scratch() -> Path:
    """An image with one program and nothing else: no shell, no tool, no user."""
    return _archive("scratch", [Entry("sleep", BUSYBOX.read_bytes())], ["/sleep", "infinity"])


def object_store() -> Path:
    """An image with an S3-compatible store, for the stories about copies."""
    return _archive("versitygw", [Entry("versitygw", build.program("versitygw").read_bytes())], ["/versitygw"])


def _archive(name: str, entries: Sequence[Entry], command: Sequence[str]) -> Path:
    key = hashlib.sha256(FORMAT.encode() + repr(command).encode())
    for entry in entries:
        key.update(entry.path.encode() + (entry.content or b""))
    archive = build.cache() / "images" / f"{name}-{key.hexdigest()[:12]}.tar"
    if not archive.exists():
        oci.write(archive, f"firedoor.test/{name}:1", entries, command, PATH)
    return archive


def _shell() -> list[Entry]:
    if not BUSYBOX.exists():
        raise build.CannotBuild("There is no static busybox; install the package busybox-static.")
    applets = subprocess.run([str(BUSYBOX), "--list"], check=True, capture_output=True, text=True).stdout.split()
    folders = [Entry(folder) for folder in ("bin", "etc", "proc", "sys", "dev", "var", "usr", "usr/bin", "sbin")]
    return [
        *folders,
        Entry("tmp", mode=0o1777),
        Entry("var/www", mode=0o777),
        Entry("etc/passwd", PASSWD, mode=0o644),
        Entry("bin/busybox", BUSYBOX.read_bytes()),
        *(Entry(f"bin/{applet}", link="busybox") for applet in applets if applet != "busybox"),
    ]
