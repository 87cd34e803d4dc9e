"""A dataset is written, backed up, wiped, restored and compared; the Evidence says how it went."""
