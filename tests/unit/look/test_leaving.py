"""Coming and going: who the suspect is, and that nothing but the helper's own keeper is ever ended."""

import os
import subprocess

from firedoor.look.leave import standing
from firedoor.look.who import who


def test_the_suspects_user_is_read_from_what_anyone_may_read() -> None:
    assert who("/proc/self") == (os.geteuid(), os.getegid())


def test_only_what_carries_the_helpers_name_is_ended() -> None:
    command = ["sleep", "60"]
    keepers = [subprocess.Popen(command, env={"FIREDOOR_STAND": name}) for name in ("firedoor-1-1", "firedoor-1-11", "other")]
    try:
        assert list(standing("firedoor-1-1")) == [keepers[0].pid]
        assert list(standing("")) == []
    finally:
        for keeper in keepers:
            keeper.kill()
            keeper.wait()
