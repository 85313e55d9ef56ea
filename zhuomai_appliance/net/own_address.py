"""Our own address as another machine reaches it."""

from __future__ import annotations

import socket


def own_address(towards: str, listening: str) -> str:
    """The address of ours that a machine would be answered from.

    Args:
        towards: literal address of the other machine. Nothing is sent to it: the kernel is asked for its route.
        listening: what we listen on; an address of its own is the answer already, a wildcard is none.

    Returns:
        The address, or ``listening`` where no route leads there.
    """
    if listening not in ("0.0.0.0", "::"):
        return listening
    family = socket.AF_INET6 if ":" in towards else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((towards, 9))
            return str(asked.getsockname()[0])
    except OSError:
        return listening
