"""A trial: a suspect that talks with a partner on each node without end, an incident about it, and everything that was claimed.

The suspect's and the partners' own words are the evidence, read from their logs: those come from the node, past every policy.
"""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.conftest import HOME, Json, Kubectl, Story, eventually
from tests.e2e.truth.judging import EVERYTHING, Byte, Claim, Way, isolated_while_bytes_passed, passing

PROGRAM = (Path(__file__).parent / "traffic.py").read_text()
PORT = 8080
ISOLATED = '{.status.conditions[?(@.type=="Isolated")].status} {.status.conditions[?(@.type=="Isolated")].reason}{"\\n"}'
SEEN_SECONDS = 3.0
"""How long is looked whether anything comes through."""


class Trial:
    """One suspect, its partners, what came through, and what was claimed meanwhile."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.claims: list[Claim] = []
        self.broken: list[float] = []
        self._partners: list[str] = []
        self._watch: subprocess.Popen[str] | None = None
        self._noting = threading.Thread(target=self._note_claims, daemon=True)

    def suspect(self) -> None:
        """The suspect and a partner on each node, all of whom hear each other on every way."""
        nodes = nodes_of(self.story.kubectl)
        image = image_of_firedoor(self.story.kubectl)
        self._run(talker(self.story.namespace, "suspect", nodes[0], image, ""))
        address = self.story.get("pod", "suspect")["status"]["podIP"]
        for node in nodes:
            self._run(talker(self.story.namespace, f"partner-{node}", node, image, address))
            self._partners.append(f"partner-{node}")
        eventually(
            lambda: all(passing(self._of(name), 0.0) == EVERYTHING for name in self._partners), "everybody hears everybody"
        )

    def accuse(self, **spec: Any) -> None:
        """An incident about the suspect; from now on every claim is noted down."""
        self.story.incident("suspect", **{"containment": {"network": "Isolate", "node": "None"}, **spec})
        asked = ("-n", self.story.namespace, "get", "secinc", "incident", "--watch", "-o", f"jsonpath={ISOLATED}")
        self._watch = self.story.kubectl.following(*asked)
        self._noting.start()

    def breaks(self, act: Callable[[], object]) -> None:
        """Something that breaks an isolation, by the story's own hand."""
        self.broken.append(time.time())
        act()

    def passing(self, seconds: float = SEEN_SECONDS) -> frozenset[Way]:
        """The ways on which anything comes through from now on."""
        since = time.time()
        time.sleep(seconds)
        return passing(self.came(), since)

    def came(self) -> list[Byte]:
        """Every byte that came through so far, at either end."""
        return [byte for name in ("suspect", *self._partners) for byte in self._of(name)]

    def false_claims(self) -> int:
        """The bytes that came through while the suspect was said to be isolated."""
        return isolated_while_bytes_passed(tuple(self.claims), self.came(), self.broken)

    def record(self) -> str:
        """What was claimed and what broke it, in seconds, and what firedoor stands on, for whoever has to find out why."""
        began = min((claim.at for claim in self.claims), default=0.0)
        claims = [f"{claim.at - began:.1f} {claim.status} {claim.reason}" for claim in self.claims]
        broken = [f"{moment - began:.1f}" for moment in self.broken]
        stands = json.dumps(self.story.get("secinc", "incident").get("status", {}).get("isolation"))
        late = [byte for byte in self.came() if self.broken and byte.at > self.broken[-1]]
        ways = {way: f"{min(b.at for b in late if b.way == way) - began:.1f}" for way in {byte.way for byte in late}}
        return f"\nclaims: {claims}\nbroken: {broken}, came since: {ways}\nisolation: {stands}"

    def end(self) -> None:
        """Stops noting down."""
        if self._watch is not None:
            self._watch.kill()
            self._noting.join()
            self._watch.wait()

    def _note_claims(self) -> None:
        assert self._watch is not None
        assert self._watch.stdout is not None
        for line in self._watch.stdout:
            status, _, reason = line.strip().partition(" ")
            if not self.claims or (self.claims[-1].status, self.claims[-1].reason) != (status, reason):
                self.claims.append(Claim(time.time(), status, reason))
        self._watch.stdout.close()

    def _of(self, pod: str) -> list[Byte]:
        words = self.story.kubectl("-n", self.story.namespace, "logs", pod, check=False)
        said = [json.loads(line) for line in words.splitlines() if line.startswith("{") and line.endswith("}")]
        return [Byte(word["at"], Way(word["direction"], word["kind"])) for word in said]

    def _run(self, pod: Json) -> None:
        self.story.kubectl.apply(pod)
        name = pod["metadata"]["name"]
        self.story.kubectl("-n", self.story.namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")


def talker(namespace: str, name: str, node: str, image: str, partner: str) -> Json:
    """A pod that runs the program in the operator's own image, as any restricted pod would."""
    container = {
        "name": "talker",
        "image": image,
        "command": ["python3", "-c", PROGRAM],
        "env": [{"name": "PARTNER", "value": partner}],
        "ports": [{"containerPort": PORT}, {"containerPort": PORT, "protocol": "UDP"}],
    }
    spec = {"nodeName": node, "terminationGracePeriodSeconds": 0, "enableServiceLinks": False, "containers": [container]}
    about = {"name": name, "namespace": namespace, "labels": {"app": name.partition("-")[0]}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec}


def nodes_of(kubectl: Kubectl) -> list[str]:
    return [node["metadata"]["name"] for node in kubectl.json("nodes")["items"]]


def image_of_firedoor(kubectl: Kubectl) -> str:
    containers = kubectl.json("-n", HOME, "deployment", "firedoor-controller")["spec"]["template"]["spec"]["containers"]
    return str(containers[0]["image"])
