"""The routes, one file per noun."""

from flask_restx import Namespace

from pvc_api.resources import cluster, health, node, status, storage, task, vm

NAMESPACES: tuple[Namespace, ...] = (
    cluster.routes,
    node.routes,
    vm.routes,
    storage.routes,
    task.routes,
    status.routes,
    health.routes,
)
