"""How the demo speaks: numbered steps with the time since the start, commands as typed, what they answered."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

BEGAN = time.monotonic()
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def title(text: str) -> None:
    """A chapter."""
    print(f"\n{_in('1', f'== {text}')}", flush=True)


def step(text: str) -> None:
    """One step, with the seconds since the start."""
    print(f"\n{_in('36', f'[{time.monotonic() - BEGAN:6.1f} s]')} {text}", flush=True)


def show(text: str) -> None:
    """What something answered, indented."""
    for line in text.rstrip().splitlines():
        print(f"    {line}", flush=True)


def verdict(good: bool, text: str) -> None:
    """What was to be seen, and whether it was."""
    mark = _in("32", "yes") if good else _in("31", "NO")
    print(f"    {mark}  {text}", flush=True)


def wait(claim: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Waits for a claim; the demo ends when it does not come true."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)


def run(command: list[str], text: str = "", *, said: str = "", check: bool = True) -> str:
    """Runs a command, shown as `said` when that is given; its output."""
    if said:
        print(f"    {_in('2', '$ ' + said)}", flush=True)
    done = subprocess.run(command, check=False, capture_output=True, text=True, input=text)
    if check and done.returncode:
        raise RuntimeError(f"{said or ' '.join(command[:4])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout + (done.stderr if done.returncode else "")


def _in(colour: str, text: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if COLOUR else text
