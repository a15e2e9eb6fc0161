"""`firedoor`: one command a process. Each imports only what it runs, so that a collector stays small and starts fast."""

import logging
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def run() -> None:
    """Run the controller: contain incidents as they come in."""
    import kopf
    from kopf._core.engines.peering import Identity

    from firedoor.cli import logs
    from firedoor.controller import watch

    logs.to_stdout()
    assert watch
    # kopf would look the user up by name, and in a container there is none.
    kopf.run(standalone=True, clusterwide=True, identity=Identity(os.environ.get("POD_NAME") or socket.gethostname()))


@app.command()
def receive() -> None:
    """Run the alert receiver."""
    from firedoor.cli import logs
    from firedoor.intake import server

    logs.to_stdout()
    server.main()


@app.command()
def collect() -> None:
    """Capture the evidence that FIREDOOR_CAPTURE orders, and end."""
    from firedoor.cli import logs
    from firedoor.evidence import collector

    logs.to_stdout()
    raise typer.Exit(collector.main())


@app.command()
def keep_signature() -> None:
    """Lay the signature that FIREDOOR_SIGNATURE holds into its sealed bag, and end."""
    from firedoor.evidence import keep

    keep.main(os.environ)


@app.command()
def copy_bag() -> None:
    """Copy the sealed bag that FIREDOOR_COPY names into an object store, under its lock, and end."""
    from firedoor.cli import logs
    from firedoor.evidence.copies import copier

    logs.to_stdout()
    raise typer.Exit(copier.main(os.environ))


@app.command()
def hand_over(bundle: Annotated[str, typer.Argument(help="Folder of the bag on the evidence volume.")]) -> None:
    """Send a bag to whoever fetches it; runs in the reader's pod."""
    from firedoor.evidence import handover

    handover.main(bundle)


@app.command()
def probe(
    ready: Annotated[bool, typer.Option("--stand", help="Do nothing but stand ready for sessions.")] = False,
    outbound: Annotated[list[str] | None, typer.Option(help="Try to reach this address, and leave the answer behind.")] = None,
) -> None:
    """Answer questions about reach on standard input."""
    from firedoor.probe import outbound as out
    from firedoor.probe import session, stand

    if outbound:
        out.main(outbound)
    else:
        stand.main() if ready else session.main()


@app.command()
def verify(
    bag: Annotated[Path, typer.Argument(help="Folder of a sealed evidence bag.")],
    key: Annotated[list[Path] | None, typer.Option(help="PEM file of a public key; its signature has to be right then.")] = None,
) -> None:
    """Check an evidence bag: every altered byte and custody line is named. Status 0: whole, 1: faults, 2: not checked."""
    from firedoor.cli.verify import judge

    raise typer.Exit(judge(bag, key or ()))


def main() -> None:
    """The console script."""
    logging.captureWarnings(True)
    app()
