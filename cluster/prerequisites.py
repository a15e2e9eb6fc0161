"""System packages that the cluster and the image need: installed where that can be done, named where it cannot.

Called before anything is made, so that nothing half-done is left behind when one is missing.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

CLUSTER: Mapping[str, str] = {
    "ip": "iproute2",
    "nft": "nftables",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "openssl": "openssl",
    "nsenter": "util-linux",
    "sysctl": "procps",
    "gcc": "gcc",
    "pkg-config": "pkg-config",
    "busybox": "busybox-static",
}
IMAGE: Mapping[str, str] = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}
LIBRARIES = {"libseccomp-dev": "/usr/include/seccomp.h"}


def ensure(programs: Mapping[str, str]) -> None:
    """Sees to it that the programs are there; otherwise one sentence says which packages to install."""
    missing = sorted({package for program, package in programs.items() if shutil.which(program) is None})
    if programs is CLUSTER:
        missing += [package for package, file in LIBRARIES.items() if not Path(file).exists()]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError(f"Missing: {', '.join(missing)}. Install these packages (Debian's names) and start again.")
    _install(missing)


def _install(packages: list[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment, stdout=subprocess.DEVNULL)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{', '.join(packages)} could not be installed: {done.stderr.strip()[-500:]}")
