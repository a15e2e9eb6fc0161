"""The policy engine's rules: which pods get a chain, and what passes through it."""

from typing import Any

from cluster.policy.model import Pod, World
from cluster.policy.rules import ruleset

SUSPECT = Pod("shop", "web", "10.0.0.2", "a", {"app": "web"}, {("http", "TCP"): 8080})
FRIEND = Pod("shop", "db", "10.0.1.3", "b", {"app": "db"}, {("sql", "TCP"): 5432})
STRANGER = Pod("bank", "db", "10.0.1.4", "b", {"app": "db"}, {})


def world(**spec: Any) -> World:
    policy = {"metadata": {"namespace": "shop", "name": "p"}, "spec": {"podSelector": {"matchLabels": {"app": "web"}}, **spec}}
    namespaces = {"shop": {"team": "shop"}, "bank": {"team": "bank"}}
    return World((SUSPECT, FRIEND, STRANGER), namespaces, (policy,))


def chain(text: str, name: str) -> list[str]:
    body = text.partition(f"chain {name} {{\n")[2].partition("  }\n")[0]
    return [line.strip() for line in body.splitlines()]


def test_a_deny_drops_everything_but_the_pods_own() -> None:
    rules = ruleset(world(policyTypes=["Ingress", "Egress"]), "a", "strict")
    assert chain(rules, "in_10_0_0_2") == ["ct original ip saddr 10.0.0.2 return", "drop"]
    assert chain(rules, "out_10_0_0_2") == ["ct reply ip saddr 10.0.0.2 return", "drop"]


def test_pods_of_other_nodes_get_no_chain() -> None:
    assert "10_0_0_2" not in ruleset(world(policyTypes=["Ingress"]), "b", "strict")


def test_peers_ports_and_names_are_resolved() -> None:
    ingress = [{"from": [{"podSelector": {"matchLabels": {"app": "db"}}}], "ports": [{"port": "http"}]}]
    rules = chain(ruleset(world(policyTypes=["Ingress"], ingress=ingress), "a", "strict"), "in_10_0_0_2")
    assert "ct original ip saddr { 10.0.1.3 } meta l4proto tcp ct reply proto-src 8080 return" in rules


def test_a_name_that_two_protocols_share_is_two_ports() -> None:
    containers = [{"ports": [{"name": "dns", "protocol": p, "containerPort": n}]} for p, n in (("UDP", 53), ("TCP", 5353))]
    pod = {"metadata": {"namespace": "shop", "name": "dns"}, "spec": {"containers": containers}, "status": {"podIP": "10.0.0.9"}}
    read = Pod.read(pod)
    assert read
    assert read.ports == {("dns", "UDP"): 53, ("dns", "TCP"): 5353}


def test_a_named_port_is_open_for_its_own_protocol_only() -> None:
    ingress = [{"ports": [{"port": "http", "protocol": "UDP"}]}]
    rules = chain(ruleset(world(policyTypes=["Ingress"], ingress=ingress), "a", "strict"), "in_10_0_0_2")
    assert rules == ["ct original ip saddr 10.0.0.2 return", "drop"]


def test_a_namespace_selector_reaches_other_namespaces() -> None:
    egress = [{"to": [{"namespaceSelector": {"matchLabels": {"team": "bank"}}}]}]
    rules = chain(ruleset(world(policyTypes=["Egress"], egress=egress), "a", "strict"), "out_10_0_0_2")
    assert "ct reply ip saddr { 10.0.1.4 } return" in rules


def test_blocks_keep_their_exceptions() -> None:
    ingress = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}}]}]
    rules = chain(ruleset(world(policyTypes=["Ingress"], ingress=ingress), "a", "strict"), "in_10_0_0_2")
    assert "ct original ip saddr 10.0.0.0/8 ct original ip saddr != { 10.9.0.0/16 } return" in rules


def test_the_modes_differ_in_what_stays_open() -> None:
    deny = world(policyTypes=["Ingress"])
    assert "ct state established,related accept" in ruleset(deny, "a", "established")
    assert "ct state established,related accept" not in ruleset(deny, "a", "strict")
    assert "chain" not in ruleset(deny, "a", "off")


def test_in_mode_ingress_everything_gets_out() -> None:
    rules = ruleset(world(policyTypes=["Ingress", "Egress"]), "a", "ingress")
    assert "in_10_0_0_2" in rules
    assert "out_10_0_0_2" not in rules
