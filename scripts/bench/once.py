"""`python -m scripts.bench.once ROOT`: validate a tree once, and say what it took as JSON."""

import contextlib
import json
import os
import resource
import sys
from pathlib import Path

from scripts.validate import run


def main() -> None:
    """Validate, and print one JSON object; a tree that is not clean ends it with an exception."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        run(sys.argv[1])
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    processor_s = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    memory_kib = max(own.ru_maxrss, children.ru_maxrss)
    sys.stdout.write(json.dumps({"memory_mib": memory_kib // 1024, "processor_seconds": round(processor_s, 1)}))


if __name__ == "__main__":
    main()
