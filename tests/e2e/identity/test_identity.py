"""A suspect's token is frozen and given back: what it may no longer do, who is not hit, and several incidents on it."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import HOME, Story, eventually
from tests.e2e.people.persona import bearing

NO_CORDON = {"network": "Isolate", "node": "None"}
FREEZE = {**NO_CORDON, "identity": "Freeze"}
FREEZE_ACCOUNT = {**NO_CORDON, "identity": "FreezeServiceAccount"}
LIST = ("-n", HOME, "configmap", "firedoor-frozen")


class Thief:
    """Somebody who holds a pod's token and nothing else."""

    def __init__(self, story: Story, pod: str, folder: Path) -> None:
        self._namespace = story.namespace
        uid = story.get("pod", pod)["metadata"]["uid"]
        bound = ("--bound-object-kind=Pod", f"--bound-object-name={pod}", f"--bound-object-uid={uid}")
        token = story.kubectl("-n", story.namespace, "create", "token", "clerk", *bound).strip()
        self._kubectl = bearing(story.kubectl, token, folder / f"{pod}.kubeconfig")
        self._made = 0

    def writes(self) -> str:
        """Makes a ConfigMap; what the API server said."""
        self._made += 1
        said = self._kubectl("-n", self._namespace, "create", "configmap", f"note-{self._made}", check=False)
        self._kubectl("-n", self._namespace, "delete", "configmap", f"note-{self._made}", check=False)
        return said

    def may_write(self) -> bool:
        return "created" in self.writes()

    def may_read(self) -> bool:
        return "kube-root-ca.crt" in self._kubectl("-n", self._namespace, "get", "configmaps", check=False)

    def requests_a_token(self) -> str:
        return self._kubectl("-n", self._namespace, "create", "token", "clerk", check=False)

    def execs_into(self, pod: str) -> str:
        return self._kubectl("-n", self._namespace, "exec", pod, "--", "true", check=False)


@pytest.fixture
def shop(story: Story) -> Story:
    """A namespace whose ServiceAccount clerk may make ConfigMaps, exec and request tokens, with two pods that act as it."""
    rules = [
        {"apiGroups": [""], "resources": ["configmaps", "pods"], "verbs": ["get", "list", "create", "delete"]},
        {"apiGroups": [""], "resources": ["pods/exec", "serviceaccounts/token"], "verbs": ["get", "create"]},
    ]
    subject = {"kind": "ServiceAccount", "name": "clerk", "namespace": story.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "clerk"}
    metadata = {"name": "clerk", "namespace": story.namespace}
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"}
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": metadata}
    story.kubectl.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**metadata, "annotations": annotations}},
        {**rbac, "kind": "Role", "rules": rules},
        {**rbac, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]},
    )
    for name in ("suspect", "colleague"):
        story.pod(name, serviceAccountName="clerk")
    return story


def listed(story: Story) -> dict[str, Any]:
    found: dict[str, Any] = story.kubectl.json(*LIST).get("data", {})
    return found


def test_the_suspects_token_can_only_read_and_its_colleagues_is_not_touched(shop: Story, tmp_path: Path) -> None:
    thief, colleague = Thief(shop, "suspect", tmp_path), Thief(shop, "colleague", tmp_path)
    assert thief.may_write()
    shop.incident("suspect", containment=FREEZE)
    shop.wait("IdentityFrozen")

    eventually(lambda: not thief.may_write(), "the token no longer writes", seconds=5)
    for refused in (thief.writes(), thief.requests_a_token(), thief.execs_into("colleague")):
        assert "firedoor has frozen" in refused
    assert thief.may_read()
    assert colleague.may_write()
    said = " ".join(shop.get("secinc", "incident")["status"]["requiredActions"])
    assert "arn:aws:iam::1:role/shop" in said

    shop.release(mode="Restore")
    shop.wait("Released")
    eventually(thief.may_write, "the token writes again", seconds=5)
    assert shop.get("pod", "suspect")["metadata"]["uid"] not in listed(shop)


def test_a_frozen_serviceaccount_is_frozen_for_all_its_pods(shop: Story, tmp_path: Path) -> None:
    thief, colleague = Thief(shop, "suspect", tmp_path), Thief(shop, "colleague", tmp_path)
    shop.incident("suspect", containment=FREEZE_ACCOUNT)
    shop.wait("IdentityFrozen")

    eventually(lambda: not thief.may_write(), "the suspect's token no longer writes", seconds=5)
    assert "firedoor has frozen" in colleague.writes()
    assert colleague.may_read()

    shop.release(mode="Restore")
    shop.wait("Released")
    eventually(colleague.may_write, "the colleague's token writes again", seconds=5)


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_two_incidents_freeze_one_pod_and_the_last_one_gives_it_back(shop: Story, tmp_path: Path, order: tuple[str, str]) -> None:
    thief, uid = Thief(shop, "suspect", tmp_path), shop.get("pod", "suspect")["metadata"]["uid"]
    for name in ("first", "second"):
        shop.incident("suspect", name=name, containment=FREEZE)
        shop.wait("IdentityFrozen", name=name)
    assert len(listed(shop)[uid].split()) == 2

    earlier, later = order
    shop.release(name=earlier, mode="Restore")
    shop.wait("Released", name=earlier)
    assert len(listed(shop)[uid].split()) == 1
    assert "firedoor has frozen" in thief.writes()
    shop.release(name=later, mode="Restore")
    shop.wait("Released", name=later)

    assert uid not in listed(shop)
    eventually(thief.may_write, "the token writes again", seconds=5)


def test_a_pod_that_is_kept_cut_off_gets_its_identity_back(shop: Story, tmp_path: Path) -> None:
    thief = Thief(shop, "suspect", tmp_path)
    shop.incident("suspect", containment=FREEZE)
    shop.wait("IdentityFrozen")
    eventually(lambda: not thief.may_write(), "the token no longer writes", seconds=5)

    shop.release(mode="Keep")
    shop.wait("Released")

    eventually(thief.may_write, "the token writes again", seconds=5)
