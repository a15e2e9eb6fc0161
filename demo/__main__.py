"""`make demo`: raises a cluster, installs firedoor, breaks into a shop, contains one pod by kubectl and one by an alert.

Idempotent: what is there is used. `make demo-down` removes all of it.
"""

import base64
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster import build
from cluster.install import HOME, install
from cluster.providers import Provider, chosen
from demo import evidence, shop, terminal
from demo.shop import NAMESPACE, Kubectl

EXAMPLES = Path(__file__).parents[1] / "examples"
PORT = 18080


def main() -> int:
    """The whole demo; an error is one sentence."""
    try:
        provider = chosen()
        kubectl = prepare(provider)
        by_hand(kubectl)
        by_alert(kubectl, provider)
    except (RuntimeError, build.CannotBuild) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    terminal.title("That was it. `make demo-down` removes the cluster and everything in it.")
    return 0


def prepare(provider: Provider) -> Kubectl:
    """A cluster with firedoor and a shop in it."""
    terminal.title("A cluster, firedoor, and a shop")
    terminal.step(f"raise the cluster ({provider.name})")
    provider.up()
    terminal.step("build the operator's image and install it with Helm")
    install(provider)
    kubectl = Kubectl(provider)
    kubectl("-n", HOME, "get", "pods", show=True)
    terminal.step("start the shop: a Deployment of two pods and a database")
    kubectl("-n", NAMESPACE, "delete", "secinc", "--all", "--ignore-not-found", check=False)
    shop.start(kubectl, (EXAMPLES / "shop.yaml").read_text())
    kubectl("-n", NAMESPACE, "get", "pods", "-o", "wide", show=True)
    return kubectl


def by_hand(kubectl: Kubectl) -> None:
    """The first pod, contained with kubectl."""
    suspect, *others = shop.pods(kubectl)
    terminal.title(f"An intruder in {suspect}: contained by hand")
    terminal.step("the intruder drops a file and keeps a connection to the database open")
    shop.break_in(kubectl, suspect)
    terminal.wait(lambda: shop.beats(kubectl, suspect) > 0, "the open connection carries beats")
    connections(kubectl, suspect, others[0], open_ones=True)
    before = state(kubectl)

    terminal.step("the incident is made")
    document = (EXAMPLES / "incident.yaml").read_text().replace("POD_NAME", suspect)
    terminal.run(["true"], said=f"sed s/POD_NAME/{suspect}/ examples/incident.yaml | kubectl apply -f -")
    kubectl("apply", "-f", "-", text=document)
    contained(kubectl, NAMESPACE, "web-shell", suspect, others[0])

    terminal.step("the evidence, read from its volume, and what independent tools say of it")
    kubectl("-n", NAMESPACE, "wait", "--for=condition=EvidenceSealed", "secinc/web-shell", "--timeout=180s", show=True)
    evidence.judge(kubectl, kubectl.json("-n", NAMESPACE, "secinc", "web-shell"))
    release(kubectl, NAMESPACE, "web-shell")
    as_before(kubectl, before)


def by_alert(kubectl: Kubectl, provider: Provider) -> None:
    """The second pod, contained because Falco saw something."""
    suspect, *others = shop.pods(kubectl)
    terminal.title(f"An alert about {suspect}: contained by Falco's webhook")
    shop.break_in(kubectl, suspect)
    before = state(kubectl)
    terminal.step("curl posts examples/falco-alert.json to the receiver")
    name = post_alert(kubectl, provider, suspect)
    contained(kubectl, HOME, name, suspect, others[0])
    kubectl("-n", HOME, "wait", "--for=condition=EvidenceSealed", f"secinc/{name}", "--timeout=180s", show=True)
    release(kubectl, HOME, name)
    as_before(kubectl, before)


def contained(kubectl: Kubectl, namespace: str, name: str, suspect: str, witness: str) -> None:
    """Waits for the containment and shows what it is."""
    kubectl("-n", namespace, "wait", "--for=condition=Contained", f"secinc/{name}", "--timeout=90s", show=True)
    terminal.step("what happened")
    kubectl("-n", namespace, "get", "secinc", name, show=True)
    conditions = kubectl.json("-n", namespace, "secinc", name)["status"]["conditions"]
    terminal.show("\n".join(f"{c['type']:15} {c['status']:8} {c['reason']:20} {c['message'][:90]}" for c in conditions))
    connections(kubectl, suspect, witness, open_ones=False)
    kubectl("get", "nodes", show=True)
    kubectl("-n", NAMESPACE, "get", "pods", "-o", "wide", "--show-labels", show=True)
    terminal.verdict(len(shop.pods(kubectl)) == 2, "the Deployment has two pods again: a replacement is up")


def connections(kubectl: Kubectl, suspect: str, witness: str, *, open_ones: bool) -> None:
    """New connections both ways and the open one, before or after the door closes."""
    terminal.step("connections before" if open_ones else "connections after")
    expected = "pass" if open_ones else "do not pass"
    inward = shop.reaches(kubectl, witness, shop.address(kubectl, suspect))
    outward = shop.reaches(kubectl, suspect, shop.database(kubectl))
    first = shop.beats(kubectl, suspect)
    time.sleep(2)
    alive = shop.beats(kubectl, suspect) > first
    terminal.verdict(inward is open_ones, f"new connections to the suspect {expected}")
    terminal.verdict(outward is open_ones, f"new connections from the suspect {expected}")
    terminal.verdict(alive is open_ones, f"the connection that was open {'passes' if open_ones else 'is cut'}")


def release(kubectl: Kubectl, namespace: str, name: str) -> None:
    """Gives everything back."""
    terminal.step("release")
    patch = '{"spec":{"release":{"reason":"the demo is over"}}}'
    kubectl("-n", namespace, "patch", "secinc", name, "--type=merge", "-p", patch, show=True)
    kubectl("-n", namespace, "wait", "--for=condition=Released", f"secinc/{name}", "--timeout=90s", show=True)
    kubectl("-n", namespace, "get", "secinc", name, show=True)


def state(kubectl: Kubectl) -> Any:
    """What must be the same before and after: schedulability, replicas, policies."""
    nodes = {n["metadata"]["name"]: n["spec"].get("unschedulable", False) for n in kubectl.json("nodes")["items"]}
    replicas = kubectl.json("-n", NAMESPACE, "deployment", "web")["spec"]["replicas"]
    policies = [p["metadata"]["name"] for p in kubectl.json("-n", NAMESPACE, "networkpolicies")["items"]]
    return {"unschedulable": nodes, "replicas": replicas, "policies": policies, "web pods": len(shop.pods(kubectl))}


def as_before(kubectl: Kubectl, before: Any) -> None:
    """Shows that everything is as it was."""
    terminal.wait(lambda: bool(state(kubectl) == before), "everything is as it was", seconds=30)
    terminal.verdict(True, f"everything is as it was: {before}")
    claims = kubectl("-n", HOME, "get", "pvc", "-o", "name").split()
    terminal.verdict(bool(claims), f"the evidence is kept: {', '.join(claims)}")


def post_alert(kubectl: Kubectl, provider: Provider, suspect: str) -> str:
    """Posts the example alert about the suspect; the incident's name."""
    token = base64.b64decode(kubectl.json("-n", HOME, "secret", "firedoor-tokens")["data"]["falco"]).decode()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    body = (EXAMPLES / "falco-alert.json").read_text().replace("POD_NAME", suspect).replace("NOW", now)
    url = f"http://127.0.0.1:{PORT}/v1/alerts/falco"
    curl = ["curl", "-sS", "--max-time", "20", "-H", f"Authorization: Bearer {token}", "--data-binary", "@-", url]
    with _forwarded(provider):
        said = f'curl -H "Authorization: Bearer $TOKEN" --data @examples/falco-alert.json {url}'
        answer = terminal.run(curl, body, said=said)
    terminal.show(answer)
    return answer.partition('"name":"')[2].partition('"')[0]


@contextmanager
def _forwarded(provider: Provider) -> Iterator[None]:
    forward = [f"--kubeconfig={provider.kubeconfig()}", "-n", HOME, "port-forward", "service/firedoor-receiver", f"{PORT}:80"]
    with subprocess.Popen([str(build.program("kubectl")), *forward], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
