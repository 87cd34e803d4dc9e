"""The client, the operator's double and what is built on them, on a real Kubernetes API server."""
