"""A Job of firedoor's made anew after it has failed, from its own order: that outlives the incident which gave it.

A collector goes on with the bag that is there and seals it, however short the time; a signature is laid that was made already.
The one that failed stays to be read, until Kubernetes removes it.
"""

from firedoor.api import names
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import JOBS

KUBERNETES_OWN = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")
"""Labels that the API server gives a Job's pods (kubernetes.io, Jobs); it refuses those of another Job."""


async def again(kube: Kube, home: str, job: str, name: str, number: int) -> None:
    """Makes the Job of this name after that of another; one that exists already is well. Gone: there is none to make it from."""
    await kube.ensure(JOBS, anew(await kube.get(JOBS, job, home), name, number))


def anew(job: Obj, name: str, number: int) -> Obj:
    """The same Job under another name, without what the API server has put into it."""
    metadata, spec = job["metadata"], job["spec"]
    template = spec["template"]
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key not in KUBERNETES_OWN}
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": {key: value for key, value in metadata["labels"].items() if key not in KUBERNETES_OWN},
            "annotations": {**metadata.get("annotations", {}), names.TRY: str(number)},
        },
        "spec": {
            **{key: value for key, value in spec.items() if key != "selector"},
            "template": {"metadata": {"labels": labels}, "spec": template["spec"]},
        },
    }
