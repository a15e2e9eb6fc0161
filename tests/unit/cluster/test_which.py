"""Several clusters of one make on a machine: what one of them calls its own is no other's."""

import json
import os
import subprocess
import sys
from ipaddress import ip_network

ASK = """
import json
from cluster.local import layout as one
folders = [str(folder) for folder in (one.STATE, one.RUN, one.ADMIN, *(node.netns for node in one.NODES))]
names = [one.BRIDGE, one.SERVER, one.API, one.ETCD, one.ETCD_PEER]
names += [word for node in one.NODES for word in (node.name, node.address, node.veth)]
print(json.dumps({"own": folders + names, "networks": [one.PODS, one.SERVICES, f"{one.NETWORK}.0/{one.PREFIX}"]}))
"""


def asked(number: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ASK]
    return subprocess.run(command, env=os.environ | {"CLUSTER": number}, capture_output=True, text=True, check=False)


def test_no_two_clusters_share_a_name_a_folder_or_an_address() -> None:
    answers = [json.loads(asked(str(number)).stdout) for number in (1, 2, 9)]
    own = [word for answer in answers for word in answer["own"]]
    assert len(set(own)) == len(own)
    networks = [ip_network(network) for answer in answers for network in answer["networks"]]
    assert not any(one.overlaps(other) for index, one in enumerate(networks) for other in networks[:index])


def test_the_first_is_where_it_has_always_been() -> None:
    own = json.loads(asked("").stdout)["own"]
    assert {"/var/lib/firedoor-cluster", "/run/firedoor-cluster", "firedoor-a", "firedoor-b"} <= set(own)


def test_a_number_that_is_none_is_refused_with_the_range() -> None:
    assert "a number from 1 to 9" in asked("10").stderr
