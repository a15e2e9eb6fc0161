"""The prover's hand: a pod that tries to reach a suspect when the controller asks.

It has no rights, no token and no listening port but the canary's; questions come as lines of JSON on the standard input
of an exec session, so that the API server decides who may ask. It sends nothing to the suspect: it opens a connection
and leaves the kernel's keep-alives to find out whether it still passes. Imports nothing of ours but this package.
"""
