"""`python -m cluster.images operator` builds the operator's image and prints its name and archive; `test` the test images."""

import sys

from cluster.images import operator, test


def main() -> int:
    """Builds what is asked for."""
    if sys.argv[1:] == ["operator"]:
        print(operator.image(), operator.archive())
    else:
        print(*test.archives(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
