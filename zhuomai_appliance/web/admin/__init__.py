"""The console of the school's staff."""
