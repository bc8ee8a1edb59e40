"""/cluster"""

from pvc_api.resources.base import noun, offer
from pvc_core.model.operations import InitCluster

routes = noun("cluster", "The cluster itself")

offer(routes, InitCluster)
