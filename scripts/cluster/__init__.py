"""
A Kubernetes API by the name of its context: typed failures, time-outs and retries that end.

kubeconfig (a context) -> credentials -> connection (one request) -> client (objects: listing, waiting, watch);
kinds says what the API calls them, failures what its refusals mean.
"""

from scripts.cluster.client import Cluster, connect
from scripts.cluster.connection import LIMITS, Limits
from scripts.cluster.kinds import Kind
from scripts.cluster.listing import Object
from scripts.cluster.watch import Change

__all__ = ["LIMITS", "Change", "Cluster", "Kind", "Limits", "Object", "connect"]
