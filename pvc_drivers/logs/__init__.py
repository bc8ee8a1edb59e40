"""The log files of a node."""
