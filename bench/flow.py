"""A connection that is kept busy from this machine to a pod, to see when it dies.

Only on the local cluster, where pods can be reached from the machine and the policy engine judges that traffic too.
"""

import asyncio
import time

BEAT_SECONDS = 0.01
SILENCE_SECONDS = 1.0
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: pod\r\n\r\n"


async def last_answer(address: str, started: asyncio.Event) -> float | None:
    """When the last answer came over one connection; None when there never was one."""
    reader, writer = await asyncio.open_connection(address, 8080)
    last: float | None = None
    try:
        while True:
            writer.write(REQUEST)
            async with asyncio.timeout(SILENCE_SECONDS):
                if not await reader.read(4096):
                    return last
            last = time.monotonic()
            started.set()
            await asyncio.sleep(BEAT_SECONDS)
    except (TimeoutError, ConnectionError):
        return last
    finally:
        writer.transport.abort()
