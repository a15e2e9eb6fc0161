"""What a process that carries many bytes is told about memory: blocks stay with it for the next ones.

By default glibc returns each block of more than 128 KiB to the kernel and gets it anew, zeroed page by page (mallopt(3),
M_MMAP_THRESHOLD and M_TRIM_THRESHOLD): for a helper that was three quarters of its processor time. Whoever makes the
container of a collector or helper gives it this environment. Bytes, as decimal numbers.
"""

from typing import Final

KEEPS_BLOCKS: Final[tuple[dict[str, str], ...]] = (
    {"name": "MALLOC_MMAP_THRESHOLD_", "value": str(1 << 20)},
    {"name": "MALLOC_TRIM_THRESHOLD_", "value": str(4 << 20)},
)
