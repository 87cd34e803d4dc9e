"""Desired and observed state of MinIO and 1Password -> Plan -> the same, applied and proved."""
