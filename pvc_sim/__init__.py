"""A whole cluster in one process on a fake clock, for rehearsal and for tests."""
