"""Standing ready: the main process of a probe or canary pod. Accepts connections and keeps them, says and reads nothing.

Started as `firedoor probe --stand`. What it accepts is only there so that a probe can keep a connection open to it.
"""

import asyncio
import signal

PORT = 7007
LIMIT = 64


async def stand() -> None:
    """Accepts and keeps connections until it is asked to end."""
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    server = await asyncio.start_server(_keep, None, PORT, backlog=LIMIT)
    async with server:
        await ended.wait()


async def _keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        continue
    writer.close()


def main() -> None:
    """Stands until it is asked to end."""
    asyncio.run(stand())
