"""The watch: kopf brings every change of an incident, and of what firedoor made, and starts and stops the controller.

kopf is the watch engine here and nothing more: raw events only, no state of its own on our objects, no finalizer, no
posting. Why, with measurements, is in docs/explanation/architecture.md. Loaded by `kopf run -m firedoor.controller`
and by `firedoor run`; nothing else imports it.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import kopf

from firedoor.api import names
from firedoor.api.approval import IncidentApproval
from firedoor.api.incident import SecurityIncident
from firedoor.controller.parts import Parts
from firedoor.controller.process import opened
from firedoor.controller.rulebook import read
from firedoor.controller.settings import Settings
from firedoor.kube.connection import session
from firedoor.kube.credentials import credentials

log = logging.getLogger(__name__)
WATCH_POOL = 16


class Backoffs:
    """Delays between tries of kopf's own requests: short ones first, then every two seconds, without end."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.05, 0.1, 0.2, 0.5, 1.0)
        while True:
            yield 2.0


@kopf.on.startup(errors=kopf.ErrorsMode.PERMANENT)
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:
    """Sets kopf up as a watch engine and starts the controller."""
    configure(settings)
    memo.open = AsyncExitStack()
    own = Settings.from_environment(os.environ)
    if "cordon" in own.actions:
        kopf.on.event("", "v1", "nodes")(node_changed)  # only where the chart gives the right to watch them
    memo.controller = await opened(own, memo.open)
    memo.parts = memo.controller.parts
    await memo.controller.start()


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: Any) -> None:
    """Stops the controller; containment stays as it is."""
    await memo.controller.stop()
    await memo.open.aclose()


@kopf.on.login()
async def login(**_: Any) -> kopf.AiohttpSession:
    """kopf's own session, apart from the controller's, so that neither can close the other's connections."""
    found = await credentials(os.environ)
    return kopf.AiohttpSession(server=found.server, aiohttp_session=session(found, WATCH_POOL))


@kopf.on.event(names.GROUP, names.VERSION, names.INCIDENTS)
async def incident_changed(event: Any, memo: kopf.Memo, **_: Any) -> None:
    """Hands the newest form of an incident on; never waits."""
    parts: Parts = memo.parts
    try:
        incident = SecurityIncident.read(event["object"])
    except ValueError as error:
        log.error("an incident cannot be read, so it is not acted on: %s", error)
        return
    parts.news.of_incident(incident, gone=event["type"] == "DELETED")


@kopf.on.event("networking.k8s.io", "v1", "networkpolicies")
async def policy_changed(event: Any, memo: kopf.Memo, **_: Any) -> None:
    """A deny policy of ours that was edited or removed, or one of somebody else that may allow more, is looked at at once."""
    parts: Parts = memo.parts
    metadata, gone = event["object"]["metadata"], event["type"] == "DELETED"
    labels = metadata.get("labels") or {}
    ours = labels.get(names.MANAGED_BY) == names.MANAGED_BY_VALUE
    exact = parts.policies.note(event["object"], gone=gone or not ours)
    uid = labels.get(names.INCIDENT_UID, "")
    own = uid in parts.ledger.records
    if not (ours and exact):
        parts.policies.heard(metadata["namespace"])
    if event["type"] is not None and not (own and ours and exact):
        # Whoever wrote our labels on it may allow anybody anything. One without a type was there when the watch began.
        parts.news.of_policies(metadata["namespace"])
    if own and event["type"] in ("MODIFIED", "DELETED"):
        parts.news.of_door(uid)


@kopf.on.event("", "v1", "pods", labels={names.QUARANTINED: kopf.PRESENT})
async def pod_changed(event: Any, memo: kopf.Memo, **_: Any) -> None:
    """A quarantined pod whose labels or notes were edited, or that went, is looked at at once."""
    memo.parts.news.of_pod(event["object"], gone=event["type"] == "DELETED")


async def node_changed(event: Any, memo: kopf.Memo, **_: Any) -> None:
    """A node that somebody uncordons, or whose holders somebody removes, is looked at at once."""
    memo.parts.news.of_node(event["object"], gone=event["type"] == "DELETED")


@kopf.on.event(names.GROUP, names.VERSION, names.POLICIES)
async def rules_changed(event: Any, memo: kopf.Memo, **_: Any) -> None:
    """A policy that came, changed or went holds from now on."""
    parts: Parts = memo.parts
    parts.rulebook.take(event["object"], gone=event["type"] == "DELETED")
    parts.news.of_rules()


@kopf.on.event("", "v1", "namespaces")
async def namespace_changed(event: Any, memo: kopf.Memo, **_: Any) -> None:
    """A namespace whose labels changed may be one that other policies speak of."""
    parts: Parts = memo.parts
    if parts.rulebook.note_namespace(event["object"], gone=event["type"] == "DELETED"):
        parts.news.of_rules(event["object"]["metadata"]["name"])


@kopf.on.event(names.GROUP, names.VERSION, names.APPROVALS)
async def decided(event: Any, memo: kopf.Memo, **_: Any) -> None:
    """A decision about an incident is taken to it at once."""
    parts: Parts = memo.parts
    approval = read(IncidentApproval, event["object"])
    if approval is not None:
        parts.rulebook.note_approval(approval, gone=event["type"] == "DELETED")
        parts.news.of_decision(approval.spec.incident_uid)


def configure(settings: kopf.OperatorSettings) -> None:
    """kopf's settings; each is there for a measured reason (kopf study, section 5)."""
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.inactivity_timeout = 70
    settings.watching.server_timeout = 300
    settings.watching.connect_timeout = 5
    settings.watching.reconnect_backoff = 0.02
    settings.watching.chunk_size = 500
    settings.watching.label_selectors["", "pods"] = names.QUARANTINED
    settings.networking.request_timeout = 10
    settings.networking.connect_timeout = 3
    settings.networking.error_backoffs = Backoffs()
    settings.queueing.worker_limit = None
    settings.queueing.idle_timeout = 1
    settings.queueing.exit_timeout = 5
    settings.persistence.consistency_timeout = 0
    # Never ours: kopf takes its finalizer off wherever no handler of its own asks for it.
    settings.persistence.finalizer = f"{names.GROUP}/kopf"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=names.GROUP, v1=False)
    settings.execution.default_backoff = 1
