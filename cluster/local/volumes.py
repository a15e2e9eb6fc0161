"""What a volume driver does and the host-path provisioner does not: a new volume is writable for who mounts it.

A process of the local cluster. fsGroup is ignored on host paths, so folders are opened to all; test equipment only.
"""

import time
from pathlib import Path

FOLDER = Path("/tmp/hostpath_pv")
LOOK_SECONDS = 0.05


def main() -> None:
    """Opens every new volume folder until it is ended."""
    seen: set[Path] = set()
    while True:
        for volume in FOLDER.iterdir() if FOLDER.exists() else ():
            if volume not in seen:
                volume.chmod(0o777)
                seen.add(volume)
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
