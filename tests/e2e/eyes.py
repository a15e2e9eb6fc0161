"""What stories look at: the API server's own answers, in the words of `kubectl get`, without a process for each look.

What people do, stories do with kubectl. But who waits looks ten times a second, and a kubectl each time cost more than
everything that was waited for.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pykube
import requests

LONGEST_SECONDS = 10.0
NOT_FOUND = 404
Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a kind is served."""

    version: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None, name: str) -> str:
        root = f"/api/{self.version}" if "/" not in self.version else f"/apis/{self.version}"
        inside = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{inside}/{self.plural}" + (f"/{name}" if name else "")


class Eyes:
    """Reads from one API server. An AssertionError says what could not be seen, as kubectl's would."""

    def __init__(self, kubeconfig: str) -> None:
        config = pykube.KubeConfig.from_file(kubeconfig)
        # A connection that was kept may have been cut since; a second one tells.
        adapter = pykube.http.KubernetesHTTPAdapter(config, max_retries=1)
        self._client = pykube.HTTPClient(config, http_adapter=adapter)
        self._places: dict[str, Place] = {}

    def get(self, *arguments: str) -> Json:
        """An object, or a list of them, without its managed fields unless they are asked for."""
        asked = _ASKED.parse_args(arguments)
        found = _body(self._look(asked.kind, asked))
        if not asked.managed:
            for one in found.get("items", [found]):
                one.get("metadata", {}).pop("managedFields", None)
        return found

    def sees(self, *arguments: str) -> bool:
        """Whether an object is there, or any of the kinds that are asked for, with commas between them."""
        asked = _ASKED.parse_args(arguments)
        answers = (self._look(kind, asked) for kind in asked.kind.split(","))
        return any(bool(asked.name or _body(answer)["items"]) for answer in answers if answer.status_code != NOT_FOUND)

    def _look(self, kind: str, asked: argparse.Namespace) -> requests.Response:
        path = self._place(kind).path(None if asked.everywhere else asked.namespace, asked.name)
        return self._answer(path, {"labelSelector": asked.labels} if asked.labels else {})

    def _place(self, kind: str) -> Place:
        if kind not in self._places:
            self._places = dict(self._served())
        if kind not in self._places:
            raise AssertionError(f'the server doesn\'t have a resource type "{kind}"')
        return self._places[kind]

    def _served(self) -> Iterator[tuple[str, Place]]:
        """Every word for every kind; the API server's own come last, and win."""
        groups = [group["preferredVersion"]["groupVersion"] for group in self._read("/apis")["groups"]]
        for version in (*reversed(groups), "v1"):
            listed = self._read(f"/api{'s' if '/' in version else ''}/{version}")["resources"]
            for one in (one for one in listed if "/" not in one["name"]):
                place = Place(version, one["name"], one["namespaced"])
                for word in (
                    one["name"],
                    one["singularName"],
                    *one.get("shortNames", ()),
                    f"{one['name']}.{version.split('/')[0]}",
                ):
                    yield word, place

    def _read(self, path: str) -> Json:
        return _body(self._answer(path, {}))

    def _answer(self, path: str, query: dict[str, str]) -> requests.Response:
        try:
            answer: requests.Response = self._client.session.get(self._client.url + path, params=query, timeout=LONGEST_SECONDS)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise AssertionError(f"{path}: {error}") from error
        return answer


def _body(answer: requests.Response) -> Json:
    if not answer.ok:
        raise AssertionError(f"{answer.url}: {answer.text.strip()}")
    found: Json = answer.json()
    return found


_ASKED = argparse.ArgumentParser()
_ASKED.add_argument("-n", dest="namespace", default="default")
_ASKED.add_argument("-A", dest="everywhere", action="store_true")
_ASKED.add_argument("-l", dest="labels", default="")
_ASKED.add_argument("--show-managed-fields", dest="managed", action="store_true")
_ASKED.add_argument("kind")
_ASKED.add_argument("name", nargs="?", default="")
