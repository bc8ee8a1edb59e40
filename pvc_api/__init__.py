"""The HTTP door: every route of an operation is derived from the operation's own class."""
