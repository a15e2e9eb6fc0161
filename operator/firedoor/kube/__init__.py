"""The only road to the API server: connection, typed verbs, exec and log streams, and one tree of errors.

Everyone who talks to Kubernetes does it through `client.Kube`. It carries raw JSON, knows no kinds of ours, decides
nothing and never retries a write: whoever calls is level-triggered and looks again.
"""
