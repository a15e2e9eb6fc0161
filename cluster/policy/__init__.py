"""A NetworkPolicy engine for the local cluster: test equipment, small on purpose, with the faults of real engines as modes.

One process a node watches pods, namespaces and policies and renders one nftables ruleset. It shares no code with
firedoor, because it is what firedoor's claims are held against; its own judge is cyclonus (`make conformance`).
"""
