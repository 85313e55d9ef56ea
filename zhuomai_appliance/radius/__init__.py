"""RADIUS codecs (RFC 2865, 2866, 2869, 5176): octets to values and back, without sockets."""
