"""A real PVC cluster on one machine, for the demo, the tests and the curious.

Each node is a set of Linux namespaces (network, mounts, host name, processes) on one bridge: real libvirtd,
QEMU, ZooKeeper and Redis, without a second machine. Killing the first process of a node is a power cut.

`pvc-lab up --without-product` starts the infrastructure only (ZooKeeper, Redis, libvirtd, no worker and no
API): what the contract tests of the store and of the hypervisor driver need.
"""
