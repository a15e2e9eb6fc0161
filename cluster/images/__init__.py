"""Images without a registry: test images written as OCI archives, and the operator's own image built from its Dockerfile."""
