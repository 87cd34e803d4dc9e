"""Resource -> Finding, pure; one module per subject."""
