"""`python -m tools.generate [--check]`: writes what is generated, or says what is not as it would be written."""

import sys

from tools.generate.outputs import ROOT, outputs, stale


def main(arguments: list[str]) -> int:
    """Status 1 when a file is stale, 2 when it does not know what to do."""
    match arguments:
        case []:
            return _write()
        case ["--check"]:
            return _check()
    print(__doc__, file=sys.stderr)
    return 2


def _write() -> int:
    for path, content in outputs().items():
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
        print(f"wrote {path}")
    return 0


def _check() -> int:
    found = stale()
    for path in found:
        print(f"{path} is not what the code says; run make generate.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
