"""The reports: what is news is written at once, and what is none once a minute."""

from dataclasses import replace
from datetime import timedelta

from firedoor.controller.enforcement_reports import EnforcementReports
from firedoor.kube.client import Kube, Obj
from firedoor.kube.errors import Gone
from firedoor.kube.resources import Resource
from tests.builders import HOME, NOON, engine


class Written(Kube):
    """An API server that counts the statuses that are written to it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.there = True

    async def apply(self, resource: Resource, obj: Obj, *, subresource: str | None = None) -> Obj:
        if subresource and not self.there:
            raise Gone("somebody removed it")
        self.said += [obj["status"]["verdict"]] if subresource else []
        return obj


async def test_the_same_is_written_once_a_minute_and_news_at_once() -> None:
    kube = Written()
    reports = EnforcementReports(kube, HOME)
    found = engine()
    for seconds in (0, 20, 40, 60, 80):
        await reports.write(replace(found, at=NOON + timedelta(seconds=seconds)))
    assert kube.said == ["Enforcing"] * 2
    await reports.write(replace(engine("Passes"), at=NOON + timedelta(seconds=81)))
    assert kube.said[2:] == ["EgressOnly"]
    reports.renew()
    await reports.write(replace(engine("Passes"), at=NOON + timedelta(seconds=82)))
    assert kube.said[3:] == ["EgressOnly"]


async def test_a_report_that_somebody_removed_is_written_anew() -> None:
    kube = Written()
    reports = EnforcementReports(kube, HOME)
    await reports.write(engine())
    kube.there = False
    await reports.write(replace(engine(), at=NOON + timedelta(minutes=1)))
    kube.there = True
    await reports.write(replace(engine(), at=NOON + timedelta(seconds=61)))
    assert kube.said == ["Enforcing"] * 2
