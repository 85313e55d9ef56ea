"""Sockets: RADIUS, CoA, Portal protocol, web listeners and timers."""
