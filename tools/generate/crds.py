"""CRDs as files: one to apply as it is, and the chart's copy, which can be left out and is kept on uninstall."""

from firedoor.api.crd import crd
from firedoor.api.kinds import Kind
from tools.generate.text import HEADER, dumped, when


def manifest(kind: Kind) -> str:
    """The CRD for `kubectl apply`."""
    return HEADER + dumped(crd(kind))


def template(kind: Kind) -> str:
    """The CRD for the chart. Incidents are records: uninstalling keeps them unless the values say otherwise."""
    whole = crd(kind)
    head = {"apiVersion": whole["apiVersion"], "kind": whole["kind"]}
    metadata = (
        f'metadata:\n  name: {whole["metadata"]["name"]}\n  labels:\n    {{{{- include "firedoor.labels" . | nindent 4 }}}}\n'
    )
    keep = when(".Values.crds.keep", "  annotations:\n    helm.sh/resource-policy: keep\n")
    return HEADER + when(".Values.crds.enabled", dumped(head) + metadata + keep + dumped({"spec": whole["spec"]}))
