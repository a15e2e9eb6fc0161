"""A part of the control plane that ends itself is started again, and ends for good when it is told to."""

import os
import subprocess
import time
from pathlib import Path

from cluster.local.control import AGAIN


def begun(file: Path, times: int) -> list[int]:
    """The pids that the program had, once it was begun so often."""
    deadline = time.monotonic() + 20.0
    while len(pids := file.read_text().split() if file.exists() else []) < times:
        assert time.monotonic() < deadline, f"begun {len(pids)} times"
        time.sleep(0.05)  # another process writes the file
    return [int(pid) for pid in pids]


def test_a_part_that_ends_is_begun_again_until_it_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    program = ["sh", "-c", f'echo $$ >> "{file}"; exec sleep 60']
    keeper = subprocess.Popen(["sh", "-c", AGAIN, "part", *program])
    try:
        os.kill(begun(file, 1)[0], 9)
        (_, second) = begun(file, 2)
    finally:
        keeper.terminate()
    assert keeper.wait(timeout=20) == 0
    assert not Path(f"/proc/{second}").exists()
