"""Who holds which rules, gathered from beside the code that needs them; the chart's roles and the page are made from this."""

from dataclasses import dataclass

from firedoor.actions import (
    copy,
    cordon,
    evidence,
    identity,
    network,
    outbound,
    retention,
    shelter,
    signature,
    snapshot,
    workload,
)
from firedoor.api import names
from firedoor.api.rbac import Rule
from firedoor.cli import evidence_delete, reader
from firedoor.controller import permissions as controller
from firedoor.evidence import permissions as collector
from firedoor.intake import permissions as receiver


@dataclass(frozen=True, slots=True)
class Grant:
    """Rules, and the action that has to be switched on for them to be granted; None: always."""

    rules: tuple[Rule, ...]
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount and what it may do: in every namespace, and in firedoor's home namespace alone."""

    name: str
    component: str
    everywhere: tuple[Grant, ...] = ()
    home: tuple[Grant, ...] = ()
    needs: str | None = None
    """The value that has to be true for the account to be there at all."""


@dataclass(frozen=True, slots=True)
class Person:
    """A ClusterRole for people, bound by nobody but the cluster's administrator."""

    name: str
    purpose: str
    rules: tuple[Rule, ...]
    labels: tuple[tuple[str, str], ...] = ()


ACCOUNTS = (
    Account(
        names.CONTROLLER,
        "controller",
        everywhere=(
            Grant(controller.RULES),
            Grant(controller.LEADING_TO_A_SUSPECT),
            Grant(network.RULES),
            Grant(shelter.RULES),
            Grant(cordon.RULES, "cordon"),
            Grant(workload.RULES, "scaleToZero"),
            Grant(identity.RULES, "identity"),
            Grant(outbound.RULES, "outboundProbe"),
            Grant(snapshot.RULES, "volumeSnapshots"),
        ),
        home=(
            Grant(controller.HOME_RULES),
            Grant(evidence.HOME_RULES, "evidence"),
            Grant(signature.HOME_RULES, "evidence"),
            Grant(retention.HOME_RULES, "evidence"),
            Grant(copy.HOME_RULES, "storeCopies"),
            Grant(snapshot.HOME_RULES, "volumeSnapshots"),
            Grant(identity.HOME_RULES, "identity"),
        ),
    ),
    Account(
        names.RECEIVER,
        "receiver",
        everywhere=(Grant(receiver.RULES),),
        home=(Grant(receiver.HOME_RULES),),
        needs=".Values.receiver.enabled",
    ),
    Account(
        names.COLLECTOR,
        "collector",
        everywhere=(Grant(collector.RULES), Grant(collector.HELPER_RULES, "ephemeralContainers")),
        home=(Grant(collector.NODE_LOG_TOKEN, "nodeLogs"),),
        needs=".Values.actions.evidence.enabled",
    ),
    Account(
        names.NODE_LOGS,
        "node-logs",
        everywhere=(Grant(collector.NODE_LOG_RULES, "nodeLogs"),),
        needs="and .Values.actions.evidence.enabled .Values.actions.nodeLogs.enabled",
    ),
)

PEOPLE = (
    Person(
        "firedoor-viewer",
        "Reads incidents, policies and approvals; part of the cluster's own role view.",
        (
            Rule(
                groups=(names.GROUP,),
                resources=(names.INCIDENTS, names.POLICIES, names.APPROVALS),
                verbs=("get", "list", "watch"),
            ),
        ),
        labels=(("rbac.authorization.k8s.io/aggregate-to-view", "true"),),
    ),
    Person(
        "firedoor-responder",
        "Makes, changes, releases and deletes incidents. Whoever holds it in a namespace can cut off that namespace's "
        "pods; so it is part of no other role.",
        (
            Rule(
                groups=(names.GROUP,),
                resources=(names.INCIDENTS,),
                verbs=("get", "list", "watch", "create", "patch", "update", "delete"),
            ),
        ),
    ),
    Person(
        "firedoor-approver",
        "Decides about other people's incidents, where a ContainmentPolicy asks for a second person.",
        (
            Rule(groups=(names.GROUP,), resources=(names.INCIDENTS,), verbs=("get", "list", "watch")),
            Rule(groups=(names.GROUP,), resources=(names.APPROVALS,), verbs=("get", "list", "watch", "create")),
        ),
    ),
    Person(
        names.READER,
        "Lists and fetches evidence. To be bound in firedoor's home namespace alone; the admission policy of the same name "
        "keeps its holders from making any other pod there.",
        reader.RULES,
    ),
    Person(
        "firedoor-evidence-keeper",
        "Deletes evidence, which leaves a record. To be bound in firedoor's home namespace alone.",
        evidence_delete.RULES,
    ),
)
