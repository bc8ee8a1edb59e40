"""The daemon of a hypervisor: an agent that watches, and a worker that executes jobs."""
