"""What the cluster knows of a suspect is in its bag: owners, identity, what led to it, where it ran; no secret's value."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Json, Story
from tests.e2e.evidence.bags import artifacts, fetch, judged

VALUE = "a-value-that-must-not-be-in-any-bag"


def told(bag: Path, about: str) -> Any:
    """What the artifact says that is about this."""
    (found,) = (one for one in artifacts(bag, "context") if one["source"]["about"] == about)
    assert found["status"] == "complete", found
    return json.loads((bag / found["path"]).read_bytes())


def names(found: list[Json]) -> list[str]:
    return [one["metadata"]["name"] for one in found]


def shop(story: Story) -> tuple[Json, ...]:
    """A Secret, an account with a role, a service and a policy, all of the web Deployment's."""
    space = story.namespace
    api = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "reads-maps", "namespace": space}}
    reads = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reads-maps"}
    subject = {"kind": "ServiceAccount", "name": "teller", "namespace": space}
    policy = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], "egress": [{}]}
    named = {"namespace": space}
    return (
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "till", **named}, "stringData": {"key": VALUE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "teller", **named}},
        api | {"kind": "Role", "rules": [reads]},
        api | {"kind": "RoleBinding", "roleRef": reference, "subjects": [subject]},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "front", **named},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "web-out", **named},
            "spec": policy,
        },
    )


def test_owners_account_rights_services_policies_node_and_images_are_in_the_bag_and_secrets_only_by_name(
    story: Story, tmp_path: Path
) -> None:
    story.kubectl.apply(*shop(story))
    story.deployment(replicas=1)
    variable = {"name": "TILL", "valueFrom": {"secretKeyRef": {"name": "till", "key": "key"}}}
    spec = {"serviceAccountName": "teller", "containers": [{"name": "web", "env": [variable]}]}
    patch = json.dumps({"spec": {"template": {"spec": spec}}})
    story.kubectl("-n", story.namespace, "patch", "deployment", "web", "-p", patch)
    story.kubectl("-n", story.namespace, "rollout", "status", "deployment/web", "--timeout=60s")
    suspect = next(pod for pod in story.pods() if pod["spec"].get("serviceAccountName") == "teller")

    story.incident(suspect["metadata"]["name"], containment={"network": "Isolate", "node": "None"}, evidence={"enabled": True})
    story.wait("EvidenceSealed", reason="Sealed", seconds=120)

    bag = fetch(story.kubectl, story.get("secinc", "incident"), tmp_path)
    judged(bag)
    assert [one["kind"] for one in told(bag, "owners")] == ["ReplicaSet", "Deployment"]
    assert names(told(bag, "owners"))[-1] == "web"
    assert told(bag, "service-account")["metadata"]["name"] == "teller"
    assert names(told(bag, "bindings")["bindings"])[0] == "reads-maps"
    (role,) = (one for one in told(bag, "bindings")["roles"] if one["metadata"]["name"] == "reads-maps")
    assert role["rules"][0]["resources"] == ["configmaps"]
    assert names(told(bag, "services")) == ["front"]
    assert told(bag, "node")["metadata"]["name"] == suspect["spec"]["nodeName"]
    ours = f"firedoor-{story.get('secinc', 'incident')['metadata']['uid'].replace('-', '')[:8]}"
    assert "web-out" in names(told(bag, "policies"))
    assert {"web-out", ours} <= set(names(told(bag, "policies.final")))
    (image,) = (one for one in told(bag, "images") if one["name"] == "web")
    assert image["imageID"]
    assert {"kind": "Secret", "name": "till", "key": "key"} in told(bag, "references")
    assert all(VALUE.encode() not in file.read_bytes() for file in bag.rglob("*") if file.is_file())
