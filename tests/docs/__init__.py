"""
The documentation -> what is wrong with it, where more than `invoke validate` can tell (scripts/checks/docs) is asked for.

shell (a page's commands, run with stand-ins for every program -> calls), programs (a call -> what that program would
refuse), manifests (a YAML document -> what the tree does not know).
"""
