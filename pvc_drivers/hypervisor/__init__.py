"""The hypervisor port: domains of one node, and live migration away from it."""
