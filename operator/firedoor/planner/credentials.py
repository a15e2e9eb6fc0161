"""What no cluster can revoke, as sentences for `status.requiredActions`: each says what is left open and what a person does.

Pure. Secrets are named and never read. Said only where the incident asks for the identity to be frozen.
"""

from collections.abc import Iterator

from firedoor.planner.identity import wants_freeze
from firedoor.planner.identity_views import AccountView
from firedoor.planner.pod_view import PodView
from firedoor.planner.situation import Situation

SENTENCE_LIMIT = 1024
SENTENCES = 32


def required_actions(s: Situation) -> tuple[str, ...]:
    """What is left to people; what was said before once the pod can no longer be asked."""
    if s.pod is None or s.incident.leaving or not wants_freeze(s) or not s.around.identity.looked:
        return s.incident.status.required_actions
    found = (*_token(s, s.pod), *_of_account(s.around.identity.account), *_secrets(s.pod))
    return tuple(sentence[:SENTENCE_LIMIT] for sentence in found)[:SENTENCES]


def _token(s: Situation, pod: PodView) -> Iterator[str]:
    account = f"{pod.namespace}/{pod.service_account}"
    yield (
        f"A frozen token can still read what ServiceAccount {account} may read. The token of pod {pod.namespace}/{pod.name} "
        "dies when the pod is deleted; until then, take read rights away where they matter."
    )
    user = f"system:serviceaccount:{pod.namespace}:{pod.service_account}"
    yield (
        "The freeze is an admission policy: it sees neither impersonation nor changes to admission policies. Look whether "
        f"the account may do either: kubectl auth can-i --list --as={user}."
    )
    if s.incident.spec.containment.identity == "Freeze":
        yield (
            f"Other tokens of ServiceAccount {account}, such as one that the suspect requested before it was frozen, can still "
            "write. FreezeServiceAccount refuses those as well."
        )


def _of_account(account: AccountView | None) -> Iterator[str]:
    if account is None:
        return
    name = f"ServiceAccount {account.namespace}/{account.name}"
    for annotation, role in account.cloud_roles.items():
        yield (
            f"{name} has the cloud role {role} ({annotation}). Credentials of that role stay good outside of the cluster: "
            "revoke its sessions in the cloud."
        )
    if account.secrets:
        yield (
            f"Secrets of {name}: {', '.join(account.secrets)}. Tokens kept in them are good until they are deleted; "
            "delete those that hold one."
        )


def _secrets(pod: PodView) -> Iterator[str]:
    if pod.secrets:
        yield f"Pod {pod.namespace}/{pod.name} could read Secrets {', '.join(pod.secrets)}; renew what is in them."
