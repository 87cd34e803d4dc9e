"""
Stand-ins for what runs on a cluster beside its API server, each a small controller on the real API.

hub (one watch a kind) -> controller (a queue of names to look at) -> control_plane (namespaces, garbage, claims in use),
jobs, workloads, volumes and snapshots (the CSI driver), node (scheduler and kubelet), external_secrets, flux.
VolSync's own double is tests.cluster.operator_double.
"""
