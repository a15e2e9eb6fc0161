"""`python -m cluster`: raise, stop, ask and use the cluster. `make cluster` and its neighbours call it."""

import argparse
import subprocess
import sys
from pathlib import Path

from cluster import build
from cluster.providers import chosen


def main() -> int:
    """Runs one command; an error is one sentence."""
    options = _parser().parse_args()
    try:
        return _run(options.command, options.arguments)
    except (RuntimeError, build.CannotBuild, subprocess.CalledProcessError) as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    commands = ("up", "down", "kubeconfig", "load", "policy", "start", "stop", "restart", "parts", "leftovers", "tool")
    parser.add_argument("command", choices=commands)
    parser.add_argument("arguments", nargs="*")
    return parser


def _run(command: str, arguments: list[str]) -> int:
    provider = chosen()
    match command, arguments:
        case "tool", [name]:
            print(build.program(name))
        case "up", []:
            print(provider.up())
        case "down", []:
            provider.down()
        case "kubeconfig", []:
            print(provider.kubeconfig())
        case "load", archives:
            for archive in archives:
                provider.load(Path(archive))
        case "policy", [mode]:
            provider.policy(mode)
        case (("start" | "stop" | "restart"), [part]):
            provider.control(command, part)
        case "parts", []:
            print("\n".join(provider.parts()))
        case "leftovers", []:
            left = provider.leftovers()
            print("\n".join(left) or "nothing is left")
            return 1 if left else 0
        case _:
            raise RuntimeError(f"{command} does not take {len(arguments)} arguments; see --help.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
