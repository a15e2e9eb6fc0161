"""Getting out of a suspect: tries each probe over TCP and UDP until nothing answers any more, and says what it found, once.

Started as `firedoor probe --outbound ADDRESS`, in an ephemeral container of the suspect. What it says is a JSON object in the
termination message: {"10.0.0.3": {"TCP": "Timeout", "UDP": "Open"}}, with the words of `reach`.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

from firedoor.probe import reach
from firedoor.probe.stand import PORT

MESSAGE = Path("/dev/termination-log")
SILENCE_SECONDS = 1.0
PATIENCE_SECONDS = 8.0
"""How long an engine may take to cut the suspect off, after this container has started."""
Words = dict[str, dict[str, str]]


async def tried(addresses: Sequence[str], port: int = PORT, patience: float = PATIENCE_SECONDS) -> Words:
    """What was found in the end: in the first round that nothing answered, or in the last."""
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        ways = [(address, protocol) for address in addresses for protocol in ("TCP", "UDP")]
        words = await asyncio.gather(*(_word(address, port, protocol) for address, protocol in ways))
        if set(words) <= {"Timeout"} or asyncio.get_running_loop().time() > deadline:
            found: Words = {address: {} for address in addresses}
            for (address, protocol), word in zip(ways, words, strict=True):
                found[address][protocol] = word
            return found


async def _word(address: str, port: int, protocol: str) -> str:
    if protocol == "UDP":
        return await reach.udp(address, port, SILENCE_SECONDS)
    word, connection = await reach.tcp(address, port, SILENCE_SECONDS)
    if connection is not None:
        connection.close()
    return word


def main(addresses: Sequence[str]) -> None:
    """Tries, and leaves the answer where the kubelet takes it from."""
    MESSAGE.write_text(json.dumps(asyncio.run(tried(addresses))))
