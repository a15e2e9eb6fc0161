"""Certificates and kubeconfigs of the local cluster, made with openssl once and kept with its state.

The control plane calls it. Elliptic-curve keys, good for ten years: a test cluster, not an example to copy.
"""

import base64
import subprocess
from pathlib import Path

from cluster.local.layout import ADMIN, API, NODES, PKI, SERVER, SERVICE

NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")


def make() -> None:
    """Makes whatever is not there yet."""
    PKI.mkdir(parents=True, exist_ok=True)
    PKI.chmod(0o700)
    _authority("ca")
    _signed("apiserver", "/CN=kube-apiserver", _alternatives())
    _signed("apiserver-kubelet", "/O=system:masters/CN=kube-apiserver-kubelet-client")
    _signed("etcd", "/CN=etcd", "subjectAltName=IP:127.0.0.1")
    _key("service-accounts")
    _user("admin", "/O=system:masters/CN=firedoor-admin")
    _user("controller-manager", "/CN=system:kube-controller-manager")
    _user("scheduler", "/CN=system:kube-scheduler")
    _user("proxy", "/CN=system:kube-proxy")
    for node in NODES:
        _user(f"kubelet-{node.name}", f"/O=system:nodes/CN=system:node:{node.name}")
        _signed(f"serving-{node.name}", f"/CN={node.name}", f"subjectAltName=IP:{node.address},DNS:{node.name}")
    ADMIN.chmod(0o600)


def _alternatives() -> str:
    addresses = (SERVER, SERVICE, "127.0.0.1")
    return "subjectAltName=" + ",".join([*(f"DNS:{name}" for name in NAMES), *(f"IP:{a}" for a in addresses)])


def _key(name: str) -> None:
    path = PKI / f"{name}.key"
    if not path.exists():
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(path))
        _openssl("pkey", "-in", str(path), "-pubout", "-out", str(PKI / f"{name}.pub"))


def _authority(name: str) -> None:
    certificate = PKI / f"{name}.crt"
    if certificate.exists():
        return
    _key(name)
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"]
    key = ["-key", str(PKI / f"{name}.key"), "-subj", "/CN=firedoor-cluster", "-days", "3650"]
    _openssl("req", "-x509", "-new", *key, *usage, "-out", str(certificate))


def _signed(name: str, subject: str, alternatives: str = "") -> None:
    certificate = PKI / f"{name}.crt"
    if certificate.exists():
        return
    _key(name)
    request, extensions = PKI / f"{name}.csr", PKI / f"{name}.ext"
    extensions.write_text(f"extendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n{alternatives}\n")
    _openssl("req", "-new", "-key", str(PKI / f"{name}.key"), "-subj", subject, "-out", str(request))
    authority = ["-CA", str(PKI / "ca.crt"), "-CAkey", str(PKI / "ca.key"), "-CAcreateserial", "-days", "3650"]
    _openssl("x509", "-req", "-in", str(request), *authority, "-extfile", str(extensions), "-out", str(certificate))


def _user(name: str, subject: str) -> None:
    _signed(name, subject)
    path = PKI / f"{name}.kubeconfig"
    if not path.exists():
        path.write_text(_kubeconfig(name))


def _kubeconfig(name: str) -> str:
    def embedded(file: str) -> str:
        return _base64(PKI / file)

    return f"""apiVersion: v1
kind: Config
clusters:
- name: firedoor
  cluster: {{server: {API}, certificate-authority-data: {embedded("ca.crt")}}}
users:
- name: {name}
  user: {{client-certificate-data: {embedded(f"{name}.crt")}, client-key-data: {embedded(f"{name}.key")}}}
contexts:
- name: firedoor
  context: {{cluster: firedoor, user: {name}}}
current-context: firedoor
"""


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
