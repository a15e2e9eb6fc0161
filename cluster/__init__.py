"""A real Kubernetes cluster from one command, for the demo, the tests and the benchmarks; not part of what is installed.

`python -m cluster` is the way in. Nothing here imports firedoor: the ground does not stand on the house.
"""
