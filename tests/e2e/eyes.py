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
        self._client = pykube.HTTPClient(pykube.KubeConfig.from_file(kubeconfig))
        self._places: dict[str, Place] = {}

    def get(self, *arguments: str) -> Json:
        """An object, or a list of them, without its managed fields unless they are asked for."""
        asked = _ASKED.parse_args(arguments)
        place = self._place(asked.kind)
        namespace = None if asked.everywhere else asked.namespace
        found = self._read(place.path(namespace, asked.name), {"labelSelector": asked.labels} if asked.labels else {})
        if not asked.managed:
            for one in found.get("items", [found]):
                one.get("metadata", {}).pop("managedFields", None)
        return found

    def sees(self, *arguments: str) -> bool:
        """Whether an object is there, or any of the kinds that are asked for, with commas between them."""
        asked = _ASKED.parse_args(arguments)
        return any(self._sees(kind, asked) for kind in asked.kind.split(","))

    def _sees(self, kind: str, asked: argparse.Namespace) -> bool:
        path = self._place(kind).path(None if asked.everywhere else asked.namespace, asked.name)
        answer = self._answer(path, {"labelSelector": asked.labels} if asked.labels else {})
        if answer.status_code == requests.codes.not_found:
            return False
        return bool(asked.name or _body(path, answer)["items"])

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

    def _read(self, path: str, query: dict[str, str] | None = None) -> Json:
        return _body(path, self._answer(path, query or {}))

    def _answer(self, path: str, query: dict[str, str]) -> requests.Response:
        """A connection that was kept may have been cut since; a second one tells."""
        for tries_left in (1, 0):
            try:
                url = self._client.url + path
                answer: requests.Response = self._client.session.get(url, params=query, timeout=LONGEST_SECONDS)
                return answer
            except (requests.ConnectionError, requests.Timeout) as error:
                if not tries_left:
                    raise AssertionError(f"{path}: {error}") from error
        raise AssertionError(path)


def _body(path: str, answer: requests.Response) -> Json:
    if not answer.ok:
        raise AssertionError(f"{path}: {answer.text.strip()}")
    found: Json = answer.json()
    return found


_ASKED = argparse.ArgumentParser()
_ASKED.add_argument("-n", dest="namespace", default="default")
_ASKED.add_argument("-A", dest="everywhere", action="store_true")
_ASKED.add_argument("-l", dest="labels", default="")
_ASKED.add_argument("--show-managed-fields", dest="managed", action="store_true")
_ASKED.add_argument("kind")
_ASKED.add_argument("name", nargs="?", default="")
