"""
The documentation -> what is wrong with it.

markdown (a page -> headings, links, blocks), shell (a page's commands, run with stand-ins for every program -> calls),
programs (a call -> what that program would refuse), manifests (a YAML document -> what the tree does not know).
"""
