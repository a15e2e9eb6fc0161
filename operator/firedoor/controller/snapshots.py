"""Snapshots of evidence volumes, where the cluster serves VolumeSnapshots and the chart's values name a class.

One of the ways in which `Copies` keeps bags. Looks at VolumeSnapshots, asks for those that are due, and reads what the
storage calls them.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from firedoor.actions import snapshot
from firedoor.api import names
from firedoor.api.copies import Copy
from firedoor.kube.client import Kube
from firedoor.kube.errors import Gone
from firedoor.kube.resources import SNAPSHOT_CLASSES, SNAPSHOT_CONTENTS, SNAPSHOTS
from firedoor.planner.kept import Kept
from firedoor.planner.snapshots import ContentView, SnapshotView, refusal, refused, snapshot_copy, snapshot_note, wanted

log = logging.getLogger(__name__)
NOT_SERVED = ("NotServed", f"The cluster serves no VolumeSnapshots ({SNAPSHOTS.api_version}); install its snapshot controller.")


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshots of all evidence volumes. `settled`: whether nothing more will be written to an incident's bag."""

    kube: Kube
    home: str
    snapshot_class: str
    settled: Callable[[str], bool]

    async def look(self, every: Sequence[Kept]) -> dict[str, Copy]:
        """Asks for what is due; what is known of each, by the incident's uid."""
        if not every:
            return {}
        there = await self._there()
        if there is None:
            return {kept.incident_uid: refusal(snapshot_copy(kept, self.home, None, None), NOT_SERVED) for kept in every}
        found = {
            kept.incident_uid: await self._one(kept, there.get(names.evidence_snapshot(kept.incident_uid))) for kept in every
        }
        due = [kept for kept in every if wanted(kept, found[kept.incident_uid], settled=self.settled(kept.incident_uid))]
        return found | (await self._asked(due, found) if due else {})

    async def _there(self) -> Mapping[str, SnapshotView] | None:
        """By name; None where the kind is not served."""
        try:
            listed = await self.kube.list(SNAPSHOTS, self.home, labels=f"{names.MANAGED_BY}={names.MANAGED_BY_VALUE}")
        except Gone:
            return None
        return {view.name: view for view in map(SnapshotView.read, listed)}

    async def _one(self, kept: Kept, view: SnapshotView | None) -> Copy:
        noted = snapshot_copy(kept, self.home, view, None)
        if noted.state != "Copying" or view is None or not view.ready:
            return noted
        content = await self.kube.find(SNAPSHOT_CONTENTS, view.content) if view.content else None
        copied = snapshot_copy(kept, self.home, view, ContentView.read(content) if content else None)
        if copied.state == "Kept":
            await snapshot.note_on_claim(self.kube, self.home, kept.incident_uid, snapshot_note(copied))
            log.info("the evidence volume of incident %s is kept by the storage as %s", kept.incident_uid, copied.handle)
        return copied

    async def _asked(self, due: Sequence[Kept], found: Mapping[str, Copy]) -> dict[str, Copy]:
        """Those that were due, where their class lets them be asked for; and why, where it does not."""
        why = refused(self.snapshot_class, await self.kube.find(SNAPSHOT_CLASSES, self.snapshot_class))
        if why is not None:
            return {kept.incident_uid: refusal(found[kept.incident_uid], why) for kept in due}
        for kept in due:
            await snapshot.start(self.kube, self.home, kept.incident_uid, kept.incident, self.snapshot_class)
        return {}
