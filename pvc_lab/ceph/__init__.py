"""A real Ceph cluster in the lab: monitors and OSDs in the nodes, a manager beside them."""
