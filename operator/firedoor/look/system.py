"""What else is volatile and open to all: routes, neighbours, uptime, and who the helper itself is."""

import os
import time
from typing import Any, Final

from firedoor.look.place import Place
from firedoor.look.told import why

FILES: Final = ("stat", "uptime", "loadavg", "version", "net/route", "net/ipv6_route", "net/arp", "net/dev")
LONGEST: Final = 64 << 10


def system(place: Place) -> dict[str, Any]:
    """One object. `net/*` are those of the suspect's network namespace."""
    found = {name: _text(place, name) for name in FILES}
    boot = next((line.split()[1] for line in found["stat"].splitlines() if line.startswith("btime ")), "")
    return {
        "now": time.time(),
        "boot_time": int(boot) if boot.isdigit() else None,
        "clock_ticks": os.sysconf("SC_CLK_TCK"),
        "first_process": place.first,
        "helper": {"pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups()},
        **{name.replace("/", "_"): text for name, text in found.items() if name != "stat"},
    }


def _text(place: Place, name: str) -> str:
    path = f"{place.base}/{name}" if name.startswith("net/") else f"/proc/{name}"
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as opened:
            return opened.read(LONGEST)
    except OSError as error:
        return f"unreadable: {why(error)}"
