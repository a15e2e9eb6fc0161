"""Judges the local cluster's policy engine with cyclonus, which is not by the engine's author: `make conformance`.

`python -m cluster.conformance` is the way in. It judges mode `strict` of the local provider and refuses anything else.
"""
