"""Every benchmark of this folder but the large one; `make bench BENCH="store_writer"` runs only those named."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the scripts in a process each, so that none inherits another's memory; 1 if one failed or is unknown."""
    known = {path.stem: path for path in sorted(HERE.glob("[a-z]*.py"))}
    wanted = sys.argv[1:] or [name for name in known if name != "large"]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 1
    failed = []
    for name in wanted:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, known[name]], cwd=HERE.parent, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
