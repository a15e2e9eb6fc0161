"""`kubectl firedoor`: the commands for people, each in a file of its own. kubectl finds the program by its name."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from firedoor.api import names

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
evidence = typer.Typer(no_args_is_help=True, help="Evidence: what is kept, getting at it, checking it.")
app.add_typer(evidence, name="evidence")

Home = Annotated[str, typer.Option(help="Namespace that firedoor is installed in.")]
Name = Annotated[str, typer.Argument(help="NAMESPACE/NAME of an incident, or a claim's or bundle's name, as `list` shows them.")]
Bag = Annotated[Path, typer.Argument(help="Folder of a bag that was fetched.")]
Keys = Annotated[list[Path] | None, typer.Option("--key", help="PEM file of a public key; may be given several times.")]
HOME = names.HOME_NAMESPACE_DEFAULT


@app.callback()
def firedoor() -> None:
    """Security incidents in Kubernetes, contained."""


@evidence.command("list")
def list_(home: Home = HOME) -> None:
    """Show all evidence, also that of incidents that are gone."""
    from firedoor.cli.evidence_list import show

    _run(show(home))


@evidence.command()
def fetch(
    name: Name,
    into: Annotated[Path, typer.Option("--into", "-o", help="Folder that the bag is put into.")] = Path(),
    home: Home = HOME,
) -> None:
    """Fetch a bag and check it; after a cut the same command goes on where it was."""
    from firedoor.cli.evidence_fetch import fetch

    _run(fetch(home, name, into))


@evidence.command()
def verify(bag: Bag, key: Keys = None) -> None:
    """Check a bag, offline. Status 0: whole (and signed, with --key), 1: faults, 2: not checked."""
    from firedoor.cli.verify import judge

    raise typer.Exit(judge(bag, key or ()))


@evidence.command()
def report(
    bag: Bag,
    key: Keys = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write the report to.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Check a bag and give out its report."""
    from firedoor.cli.evidence_report import report

    raise typer.Exit(report(bag, key or (), output, show))


@evidence.command()
def delete(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; it stays in the record.", min=1)],
    yes: Annotated[bool, typer.Option("--yes", help="Really do it.")] = False,
    home: Home = HOME,
) -> None:
    """Delete evidence for good, leaving a record."""
    from firedoor.cli.evidence_delete import delete

    _run(delete(home, name, reason, yes))


def _run(command: Coroutine[Any, Any, int]) -> None:
    """An error that has a cure is one sentence, with anything unprintable escaped; status 2."""
    from firedoor.cli.arrivals import Refused
    from firedoor.cli.evidence_fetch import Cut
    from firedoor.cli.kept import NotFound
    from firedoor.cli.reader import NoReader
    from firedoor.evidence.verify import plain
    from firedoor.kube.errors import KubeError

    try:
        raise typer.Exit(asyncio.run(command))
    except (Cut, KubeError, NoReader, NotFound, Refused) as error:
        print(plain(f"{type(error).__name__}: {error}"), file=sys.stderr)
        raise typer.Exit(2) from error


def main() -> None:
    """The console script."""
    app()
