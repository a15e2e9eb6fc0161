"""What a connection is made with, in a pod and outside of one."""

import subprocess
from pathlib import Path

import pytest

from firedoor.kube import credentials
from firedoor.kube.credentials import TokenFile, of_pod

IN_POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """A service account's files as the kubelet mounts them."""
    (tmp_path / "token").write_text("first\n")
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=ca"]
    command = ["openssl", "req", "-x509", *options, "-out", str(tmp_path / "ca.crt")]
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path


async def test_a_pod_trusts_its_clusters_ca_and_shows_its_token(account: Path) -> None:
    found = of_pod(IN_POD, account)
    assert found.server == "https://10.0.0.1:6443"
    assert await found.authorization() == "Bearer first"
    assert not isinstance(found.trust, bool)
    assert [ca["subject"] for ca in found.trust.get_ca_certs()] == [((("commonName", "ca"),),)]
    assert found.trust.check_hostname


def test_an_ipv6_address_is_bracketed(account: Path) -> None:
    assert of_pod({"KUBERNETES_SERVICE_HOST": "fd00::1"}, account).server == "https://[fd00::1]:443"


async def test_a_renewed_token_is_shown_after_a_minute(account: Path) -> None:
    times = iter((0.0, 0.0, 59.0, 61.0, 61.0))
    token = TokenFile(account / "token", lambda: next(times))
    assert await token() == "Bearer first"
    (account / "token").write_text("second")
    assert await token() == "Bearer first"
    assert await token() == "Bearer second"


async def test_a_kubeconfig_goes_before_the_pods_own_credentials(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(
        """{"clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": {"token": "mine"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}], "current-context": "x"}"""
    )
    found = await credentials.credentials({**IN_POD, "KUBECONFIG": str(file)})
    assert (found.server, found.trust) == ("http://127.0.0.1:1", False)
    assert await found.authorization() == "Bearer mine"
