"""What other policies would still allow a pod: all that select it, with whom and where."""

from firedoor.planner.grants import grants, named
from tests.builders import deny, policy

LABELS = {"app": "web", "tier": "front"}


def test_only_policies_that_select_the_pod_and_allow_something_are_named() -> None:
    found = grants(
        (
            policy("everyone", podSelector={}, ingress=[{}]),
            policy("not-there", podSelector={"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, egress=[{}]),
            policy("others", podSelector={"matchLabels": {"app": "db"}}, ingress=[{}]),
            policy("default-deny", podSelector={}, policyTypes=["Ingress", "Egress"]),
            policy("listed-but-not-typed", podSelector={}, policyTypes=["Ingress"], egress=[{}]),
            deny(),
        ),
        LABELS,
    )
    assert [(grant.name, grant.direction) for grant in found] == [("everyone", "Ingress"), ("not-there", "Egress")]


def test_peers_and_ports_are_told() -> None:
    rule = {
        "to": [
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
            {"podSelector": {"matchLabels": {"app": "db"}}},
            {"namespaceSelector": {}, "podSelector": {"matchExpressions": [{"key": "k8s-app", "operator": "Exists"}]}},
        ],
        "ports": [{"protocol": "UDP", "port": 53}, {"port": 8000, "endPort": 8080}],
    }
    (found,) = grants((policy("some", podSelector={}, egress=[rule], policyTypes=["Egress"]),), LABELS)
    peers = "10.0.0.0/8 but 10.1.0.0/16, pods [app=db] of the namespace, pods [k8s-app Exists] in namespaces [all]"
    assert (found.peers, found.ports) == (peers, "ports UDP/53 TCP/8000-8080")
    assert named((found,)) == f"NetworkPolicy some (egress: {peers}, ports UDP/53 TCP/8000-8080)"


def test_words_of_strangers_are_cut_to_the_size_of_the_status() -> None:
    rule = {"from": [{"ipBlock": {"cidr": f"10.0.{n}.0/24"}} for n in range(200)]}
    (found,) = grants((policy("long", podSelector={}, ingress=[rule]),), LABELS)
    assert len(found.peers) == 512
