"""Huawei Portal protocol 1.0 and 2.0: octets to values and the login dialogue, without sockets."""
