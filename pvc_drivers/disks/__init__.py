"""The disks of a node, as far as OSDs are made of them."""
