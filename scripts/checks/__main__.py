"""`python -m scripts.checks`: the table of rules -> docs/reference/rules.md."""

import sys

from scripts.checks.page import page

sys.stdout.write(page())
