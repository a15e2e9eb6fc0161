"""The nouns of firedoor: frozen models of every kind, names and labels, and the way from models to CRDs.

Everyone may import this package; it imports nothing of ours and does no I/O.
"""
