"""Following the logs of a node: the consoles of its guests, and its own."""
