"""Which of this machine's clusters is meant: CLUSTER= in the environment, a number from 1. Constants only.

Most know one alone; the tests raise more of the same make, so that stories which need a cluster to themselves
do not wait for each other.
"""

import os

MOST = 9
NUMBER = int(os.environ.get("CLUSTER") or "1")
SUFFIX = "" if NUMBER == 1 else f"-{NUMBER}"
if not 1 <= NUMBER <= MOST:
    raise SystemExit(f"CLUSTER={NUMBER} is none; it is a number from 1 to {MOST}.")
