"""
What VolSync 0.12.0 does with a ReplicationSource and a ReplicationDestination, as far as it can be seen from outside.

machine (when a sync starts, and what the status says) -> mover (one sync's steps): volume_handler (copies and images),
claims (volumes of its own), service_account, job, logs, cleanup; populator fills claims; operator runs them.

Held to its facts by tests/cluster/test_operator_double*.py.
"""
