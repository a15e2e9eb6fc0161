"""Logs of every container: init, ordinary and ephemeral, this run and the one before; each under the id of its run.

The API gives a run as the current one or as the one before, and both words change their meaning when a container is
started again. So the pod is looked at after each log, and once when all are read. The run that was there when the capture
began is the one that was attacked: once it has ended it is asked for as the one before. Two restarts later the kubelet
does not give it any more, and that is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from firedoor.evidence.artifact import Artifact, Writer
from firedoor.evidence.bag import Bag
from firedoor.evidence.layout import LOGS, Kind, Way
from firedoor.evidence.pieces import Pieces
from firedoor.evidence.sources.container import Container, in_pod
from firedoor.evidence.sources.logs import Reading, read
from firedoor.evidence.sources.suspect import Suspect
from firedoor.kube.client import Obj
from firedoor.kube.errors import Gone, KubeError

CURRENT, PREVIOUS, ENDED = "current.log", "previous.log", "ended.log"
"""The last: of the run that was attacked, where the one before it has `previous.log`."""


async def capture(bag: Bag, suspect: Suspect) -> None:
    """Captures what each container of the pod has said."""
    every = [Runs(bag, suspect, container, container) for container in suspect.containers]
    for runs in every:
        await runs.capture()
    if (now := await _once_more(bag, suspect)) is not None:
        for runs in every:
            runs.now = in_pod(now, runs.container)
            await runs.of_the_one_that_ended()


async def _once_more(bag: Bag, suspect: Suspect) -> Obj | None:
    """The pod when all logs were read; None where there is nothing more to be asked."""
    try:
        return await suspect.now()
    except Gone:
        return None
    except KubeError as error:
        bag.note("restarts.unknown", object=LOGS, error=str(error)[:200])
        return None


@dataclass
class Runs:
    """The runs of one container. `container`: as it was when the capture began; `now`: as it was last seen."""

    bag: Bag
    suspect: Suspect
    container: Container
    now: Container
    _attacked: Reading | None = None
    """How the log of the run that was attacked was read; None while it may have been another run's."""
    _settled: bool = False

    async def capture(self) -> None:
        """The current run, then the one before; and the attacked one again, if it became that meanwhile."""
        await self._take(CURRENT, self.container, self.container.id)
        if self.container.ran_before and not self._ended:
            await self._take(PREVIOUS, self.container, self.container.before)
        await self.of_the_one_that_ended()

    async def of_the_one_that_ended(self) -> None:
        """What is to be had of the run that was attacked, once there is another one in its place."""
        if self._ended and not self._settled:
            self._settled = True
            only_one = self.now.restarts == self.container.restarts + 1
            await self._take(PREVIOUS, self.now, self.now.before or (self.container.id if only_one else ""))

    @property
    def _ended(self) -> bool:
        return self.container.was_replaced_by(self.now)

    async def _take(self, name: str, seen: Container, run: str) -> None:
        """The log of this run, which is the one that the name says as long as the container is as it was seen."""
        source = {"kind": Kind.LOG, "way": Way.API, "previous": name != CURRENT, "container": seen.name, "containerID": run}
        if self._ended and run != self.container.id:
            source["insteadOf"] = self.container.id
        if name == PREVIOUS and self.bag.has(self._planned(PREVIOUS)) and run not in ("", *self._taken()):
            name = ENDED
        await self.suspect.until_whole(self.bag, self._planned(name), source, partial(self._read, seen))

    async def _read(self, seen: Container, writer: Writer) -> None:
        reading = self._reading(writer)
        await read(self.bag, reading, writer)
        if reading.goes_on:
            writer.artifact.source = {**writer.artifact.source, "after": self._planned(CURRENT)}
        now = await self.suspect.is_still_the_same(seen, writer.artifact)
        if now is not None and not reading.previous:
            whole = writer.artifact.status != "failed" and not seen.was_replaced_by(now)
            self._attacked = reading if whole else None
        if self._ended:
            self._says_what_is_lost(writer.artifact)
        self.now = now or self.now

    def _reading(self, writer: Writer) -> Reading:
        """From the start; what the attacked run said before it ended, from where its log ended when it was read, once."""
        pieces = Pieces(self.bag, writer, self.suspect.limits.artifact_bytes)
        previous, before = bool(writer.artifact.source["previous"]), self._attacked
        if previous and before is not None and writer.artifact.source["containerID"] == self.container.id:
            self._attacked = None
            return replace(before, previous=True, pieces=pieces, goes_on=before.cursor.length > 0)
        return Reading(self.suspect, self.container, previous, pieces)

    def _says_what_is_lost(self, artifact: Artifact) -> None:
        """Of the run that was attacked, which had ended before this was read."""
        if "insteadOf" in artifact.source:
            words = f"Container {self.container.name} was started again more than once: this is of a later run than the one that"
            artifact.short("ContainerRestarted", f"{words} was captured, {self.container.id}, of which nothing more can be had.")
        if artifact.status == "skipped":
            artifact.ends("failed", artifact.reason, artifact.message)

    def _taken(self) -> Iterator[object]:
        """The runs before that are in the bag, also those that an earlier collector asked for."""
        for one in self.bag.artifacts.values():
            if one.source.get("container") == self.container.name and one.source.get("previous") and self.bag.has(one.id):
                yield one.source["containerID"]

    def _planned(self, name: str) -> str:
        return f"{LOGS}/{self.container.folder}/{name}"
