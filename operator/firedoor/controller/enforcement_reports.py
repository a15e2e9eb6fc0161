"""EnforcementReports: one object a measured node, so that people can see with kubectl what its engine does.

`controller.enforcement` writes them, and reads them once at its start, so that a restart does not begin without a finding.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from firedoor.api import names
from firedoor.api.enforcement import EnforcementReport, EnforcementReportStatus
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone, KubeError
from firedoor.kube.resources import ENFORCEMENT
from firedoor.planner.enforcement import Finding, sentence, word

log = logging.getLogger(__name__)
AGAIN = timedelta(minutes=1)


@dataclass(slots=True)
class EnforcementReports:
    """The reports in firedoor's home namespace."""

    kube: Kube
    home: str
    _stand: dict[str, str] = field(default_factory=dict)
    """The pool in each report that is there, by node."""
    _said: dict[str, Finding] = field(default_factory=dict)
    """What was written last, by node."""

    async def known(self) -> dict[str, Finding]:
        """What the reports of before say, by node; nothing where they cannot be read: all is measured anew anyway."""
        try:
            listed = [EnforcementReport.model_validate(found) for found in await self.kube.list(ENFORCEMENT, self.home)]
        except (KubeError, ValueError) as error:
            log.warning("the enforcement reports of before cannot be read: %s", error)
            return {}
        self._stand = {report.spec.node: report.spec.pool for report in listed}
        return {report.spec.node: _finding(report, report.status) for report in listed if report.status is not None}

    async def write(self, found: Finding) -> None:
        """Puts a finding where people see it; one that says the same as the last is worth a call once a minute."""
        said = self._said.get(found.node)
        if said is not None and _same(said, found) and found.at - said.at < AGAIN:
            return
        body: Obj = {
            "apiVersion": names.API_VERSION,
            "kind": ENFORCEMENT.kind,
            "metadata": {"name": found.node, "namespace": self.home},
        }
        try:
            if self._stand.get(found.node) != found.pool:
                await self.kube.apply(ENFORCEMENT, {**body, "spec": {"node": found.node, "pool": found.pool}})
            await self.kube.apply(ENFORCEMENT, {**body, "status": _status(found).wire()}, subresource="status")
        except Gone:
            for kept in (self._stand, self._said):
                kept.pop(found.node, None)  # somebody removed it; the next measurement writes it anew
            return
        self._stand[found.node] = found.pool
        self._said[found.node] = found

    def renew(self) -> None:
        """Has every report written at the next measurement, whatever it says."""
        self._said.clear()

    async def remove(self, node: str) -> None:
        """Takes away the report of a node that is gone."""
        for kept in (self._stand, self._said):
            kept.pop(node, None)
        try:
            await self.kube.delete(ENFORCEMENT, node, self.home)
        except Gone:
            return


def _same(said: Finding, found: Finding) -> bool:
    return (word(said), said.pool, said.why) == (word(found), found.pool, found.why) and said.says_what(found)


def _status(found: Finding) -> EnforcementReportStatus:
    return EnforcementReportStatus(
        verdict=word(found),
        ingress=found.ingress,
        egress=found.egress,
        open_connections=found.open_connections,
        seconds=found.seconds,
        last_denied_at=found.denied_at,
        message=sentence(found)[:1024],
        checked_at=found.at,
    )


def _finding(report: EnforcementReport, status: EnforcementReportStatus) -> Finding:
    return Finding(
        node=report.spec.node,
        pool=report.spec.pool,
        began=status.checked_at,
        at=status.checked_at,
        ingress=status.ingress,
        egress=status.egress,
        open_connections=status.open_connections,
        seconds=status.seconds,
        denied_at=status.last_denied_at,
        why="" if status.verdict != "NotMeasured" else "it is being measured anew.",
    )
