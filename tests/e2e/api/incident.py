"""The sheet of SecurityIncident: what people and alerts may ask for and never change, and what firedoor may answer."""

from typing import Final

from firedoor.api.kinds import INCIDENT
from tests.e2e.api.incident_spec import SPEC, SPEC_CASES
from tests.e2e.api.incident_status import STATUS, STATUS_CASES
from tests.e2e.api.sheet import Change, Sheet

ALERT: Final = {"source": {"name": "falco", "rule": "Terminal shell in container"}}
POD: Final = {"target": {"name": "no-such-pod"}}
RELEASED: Final = POD | {"release": {"reason": "false positive"}}

CHANGES: Final = {
    "target is required, unless an alert (source) made the incident": Change(
        before=None, taken=ALERT, refused=({"title": "no target"},)
    ),
    "target cannot be changed; make another incident for another target": Change(
        before=POD,
        taken={"severity": "low"},
        refused=({"target": {"name": "another-pod"}}, {"target": {"uid": "7f45"}}),
    ),
    "target.selector chooses among the pods of a Node; every other target has its own pods": Change(
        before=None,
        taken={"target": {"kind": "Node", "name": "node-a", "selector": "app=web"}},
        refused=({"target": {"name": "web", "selector": "app=web"}},),
    ),
    "source is written when the incident is made, and never changed": Change(
        before=ALERT,
        taken=POD,
        refused=({"source": {"rule": None}}, POD | {"source": None}),
    ),
    "release cannot be taken back or changed; make another incident to contain the target again": Change(
        before=RELEASED,
        taken={"severity": "low"},
        refused=({"release": None}, {"release": {"mode": "Discard"}}),
    ),
    "requestedBy is written when the incident is made, and never changed": Change(
        before=POD | {"requestedBy": "anna"},
        taken={"severity": "low"},
        refused=({"requestedBy": "bert"}, {"requestedBy": None}),
    ),
    "the isolation is given back by a release of the incident alone, because all the rest stands on it": Change(
        before=POD, taken={"containment": {"node": "None"}}, refused=({"containment": {"network": "None"}},)
    ),
    "evidence is captured as it was first asked for; make another incident to capture more": Change(
        before=POD,
        taken={"severity": "low"},
        refused=({"evidence": {"enabled": False}}, {"evidence": {"paths": ["/var/www"]}}),
    ),
    "an incident that has acted cannot become a dry run; release it instead": Change(
        before=POD, taken={"dryRun": False}, refused=({"dryRun": True},)
    ),
}

SECURITY_INCIDENT: Final = Sheet(
    kind=INCIDENT,
    least=POD,
    valid={"spec": SPEC, "status": STATUS},
    cases=SPEC_CASES | STATUS_CASES,
    changes=CHANGES,
)
