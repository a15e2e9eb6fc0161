"""Copies of a sealed bag where nobody who holds the cluster can delete them: an S3-compatible store, under Object Lock.

Runs as a Job of its own (`firedoor copy-bag`) with the bag read-only, the store's credentials and no token. The bag stays
as it was sealed; what is known of its copies stands on its claim and in the incident's status.
"""
