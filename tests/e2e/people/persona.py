"""Somebody who holds one token and nothing else: kubectl as a ServiceAccount, with the roles that the chart has for people."""

import json
from pathlib import Path

from tests.e2e.conftest import Kubectl, Story


def bearing(kubectl: Kubectl, token: str, file: Path) -> Kubectl:
    """kubectl with this token alone: a client certificate beside it would be believed first."""
    config = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    file.write_text(json.dumps(config))
    return Kubectl(str(file))


class Persona:
    """A ServiceAccount of the story's namespace with one of the chart's roles there."""

    def __init__(self, story: Story, name: str, role: str, folder: Path) -> None:
        self.name = f"system:serviceaccount:{story.namespace}:{name}"
        account = {"kind": "ServiceAccount", "name": name, "namespace": story.namespace}
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"{name}-{role}", "namespace": story.namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [account],
        }
        metadata = {"name": name, "namespace": story.namespace}
        story.kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, binding)
        token = story.kubectl("-n", story.namespace, "create", "token", name).strip()
        self.kubectl = bearing(story.kubectl, token, folder / f"{name}.kubeconfig")
        self.story = Story(self.kubectl, story.namespace)
