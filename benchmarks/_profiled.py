"""Run `zhuomai` with every thread under cProfile, and leave the figures in a file when it ends.

python benchmarks/_profiled.py FIGURES.pstats serve --config ...
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import threading


def main() -> None:
    """Profile the reactor's thread and each thread it starts; nothing of the product knows of it."""
    target, sys.argv[:] = sys.argv[1], ["zhuomai", *sys.argv[2:]]
    profiles: list[cProfile.Profile] = []
    run_thread = threading.Thread.run

    def run(self: threading.Thread) -> None:
        profile = cProfile.Profile()
        profiles.append(profile)
        profile.runcall(run_thread, self)

    threading.Thread.run = run  # type: ignore[method-assign]
    from zhuomai_appliance.tap import main as zhuomai

    reactor_thread = cProfile.Profile()
    try:
        reactor_thread.runcall(zhuomai)
    finally:
        reactor_thread.dump_stats(f"{target}.reactor")
        if profiles:
            total = pstats.Stats(profiles[0])
            for profile in profiles[1:]:
                total.add(profile)
            total.dump_stats(f"{target}.threads")


if __name__ == "__main__":
    main()
