"""One session: a plan comes in, artifacts go out, and the helper stays until it is told that they arrived."""

import select
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

from firedoor.look import files, volatile
from firedoor.look.frames import ACKNOWLEDGED, HungUp, Sender, Sending
from firedoor.look.place import Place
from firedoor.look.plan import Plan
from firedoor.look.told import reason_of, why

ACKNOWLEDGED_WITHIN: Final = 120.0
Task = Callable[[Sending, Plan, Place], None]
TASKS: Final[Mapping[str, Task]] = {
    "processes": volatile.processes,
    "sockets": volatile.socket_list,
    "mounts": volatile.mount_list,
    "system": volatile.system_facts,
    "executables": volatile.executables,
    "tmpfs": files.tmpfs,
    "listing": files.everything,
    "changed": files.changed,
    "paths": files.asked_for,
}


def serve(input_: BinaryIO, output: BinaryIO, find: Callable[[Plan], Place]) -> int:
    """Carries out one plan; 0 when the other side has acknowledged all of it."""
    plan = Plan.load(input_.readline())
    place, sender = find(plan), Sender(output)
    try:
        for name in plan.tasks:
            _carry_out(sender, name, plan, place)
        sender.last()
    except HungUp:
        return 1
    return 0 if _acknowledged(input_) else 1


def _carry_out(sender: Sender, name: str, plan: Plan, place: Place) -> None:
    """One task; whatever it fails of is told as missing from it, and costs none of the others."""
    sending = sender.artifact(name)
    try:
        TASKS[name](sending, plan, place)
    except HungUp:
        raise
    except Exception as error:
        sending.lacks(reason_of(error), why(error))
    sending.end()


def _acknowledged(input_: BinaryIO) -> bool:
    ready, _, _ = select.select([input_], [], [], ACKNOWLEDGED_WITHIN)
    return bool(ready) and input_.readline() == ACKNOWLEDGED
