"""`python -m firedoor.evidence.sign KEY`: signs the seal on standard input; the signature on standard output, both JSON.

Started by the controller for one signature: what it needs of memory goes with it. ValueErrors end it with status 1 and
one line, which says nothing of the key.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from firedoor.evidence.seal import Seal
from firedoor.evidence.signature import private_key, sign


def main(key: Path) -> int:
    """One signature; 1 when there is no usable key or seal."""
    asked = json.load(sys.stdin)
    try:
        made = sign(Seal(**asked["seal"]), asked["signedAt"], private_key(key.read_bytes()))
    except (ValueError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    json.dump(asdict(made), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
