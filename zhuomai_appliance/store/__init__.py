"""The only place with SQL: typed values in and out, one writer, both engines."""
