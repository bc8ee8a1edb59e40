"""Block storage: the port, Ceph behind it, and a fake."""
