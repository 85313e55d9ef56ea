"""A virtual campus (access controllers, phones, gateways) with its own tables, to test the box from outside."""
