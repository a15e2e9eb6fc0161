"""The sheets of all kinds: for every constraint in their CRDs, a value that the API server takes and one that it refuses."""

from typing import Final

from tests.e2e.api.approval import INCIDENT_APPROVAL
from tests.e2e.api.enforcement import ENFORCEMENT_REPORT
from tests.e2e.api.incident import SECURITY_INCIDENT
from tests.e2e.api.policy import CONTAINMENT_POLICY

SHEETS: Final = (SECURITY_INCIDENT, CONTAINMENT_POLICY, INCIDENT_APPROVAL, ENFORCEMENT_REPORT)
