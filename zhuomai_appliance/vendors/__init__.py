"""What differs between access controllers: one small file of declarations per vendor."""
