"""Pages a phone sees before it is online; light, and working without JavaScript."""
