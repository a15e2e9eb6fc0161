"""`python -m firedoor.look`: one session on standard input and output."""

import fcntl
import sys
from contextlib import suppress
from pathlib import Path

from firedoor.look.place import Place
from firedoor.look.session import serve

PIPE_BYTES = 1 << 20

if __name__ == "__main__":
    # Where memory runs out, the helper goes first and not the suspect, whose memory is evidence.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    # The fuller the pipe, the less often whoever carries it on has to be woken.
    with suppress(OSError):
        fcntl.fcntl(sys.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    sys.exit(serve(sys.stdin.buffer, sys.stdout.buffer, Place.found))
