"""Policies of other kinds that lead past a deny are found on the real server by discovery, and named; and when they go, they go.

The kinds are made by the story as small as they can be, under the groups and versions of the real ones; a cluster that has
one of them already is left alone.
"""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Json, Kubectl, Story, eventually

FOUND_SECONDS = 60.0
"""Which kinds the cluster serves is looked up every half minute, and what there is of them every ten seconds."""
ALLOW: Json = {"ingress": [{"action": "Allow"}], "egress": [{"action": "Allow"}]}
PEERS: Json = {"namespaces": {}}
KINDS = {
    ("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", "Namespaced"): {
        "endpointSelector": {},
        "ingress": [{"fromEntities": ["all"]}],
    },
    ("crd.projectcalico.org", "v1", "GlobalNetworkPolicy", "globalnetworkpolicies", "Cluster"): {"selector": "all()", **ALLOW},
    ("policy.networking.k8s.io", "v1alpha1", "AdminNetworkPolicy", "adminnetworkpolicies", "Cluster"): {
        "priority": 1,
        "subject": {"namespaces": {}},
        "ingress": [{"action": "Allow", "from": [PEERS]}],
    },
    ("policy.networking.k8s.io", "v1alpha2", "ClusterNetworkPolicy", "clusternetworkpolicies", "Cluster"): {
        "tier": "Admin",
        "priority": 1,
        "subject": {"namespaces": {}},
        "egress": [{"action": "Accept", "to": [PEERS]}],
    },
}
Kind = tuple[str, str, str, str, str]


def definition(kind: Kind) -> Json:
    group, version, name, plural, scope = kind
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, made by a test for its own time"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": name, "plural": plural, "singular": name.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


def policy(kind: Kind, spec: Json, namespace: str) -> Json:
    """A policy of this kind that allows the suspect something; those of the cluster choose every namespace."""
    group, version, name, _, scope = kind
    metadata = {"name": f"lets-{name.lower()}"} | ({"namespace": namespace} if scope == "Namespaced" else {})
    return {"apiVersion": f"{group}/{version}", "kind": name, "metadata": metadata, "spec": spec}


@pytest.fixture
def foreign(kubectl: Kubectl) -> Iterator[list[str]]:
    """The kinds, served; gone with everything of theirs when the story is over."""
    names = [definition(kind)["metadata"]["name"] for kind in KINDS]
    if there := [name for name in names if kubectl.exists("crd", name)]:
        pytest.skip(f"this cluster has {', '.join(there)} of its own")
    try:
        kubectl.apply(*(definition(kind) for kind in KINDS))
        kubectl("wait", "--for=condition=Established", *(f"crd/{name}" for name in names), "--timeout=30s")
        yield names
    finally:
        kubectl("delete", "crd", *names, "--ignore-not-found", "--timeout=60s")


@pytest.mark.alone
def test_policies_of_every_foreign_kind_are_named_until_they_are_gone(story: Story, foreign: list[str]) -> None:
    story.pod()
    story.incident("suspect", containment={"network": "Isolate", "node": "None"})
    story.wait("Isolated")
    story.kubectl.apply(*(policy(kind, spec, story.namespace) for kind, spec in KINDS.items()))

    def named() -> set[str]:
        isolation = story.get("secinc", "incident").get("status", {}).get("isolation", {})
        return {grant["kind"] for grant in isolation.get("overlapping", ())}

    eventually(lambda: named() == {kind[2] for kind in KINDS}, "every kind is named", FOUND_SECONDS)
    told = story.wait("Isolated", "False", "OverlappingAllowPolicies")
    assert "lets-ciliumnetworkpolicy" in told["message"]

    story.kubectl("delete", "crd", *foreign, "--timeout=60s")
    story.wait("Isolated", seconds=FOUND_SECONDS)
