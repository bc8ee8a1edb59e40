"""Operations on the cluster itself."""

from typing import ClassVar

from pvc_core.model.operations.base import Operation, Role


class InitCluster(Operation):
    """Lay out a fresh cluster's state and issue its first admin token.

    Accepted once, with the bootstrap token of the configuration.
    """

    name: ClassVar[str] = "cluster.init"
    url: ClassVar[str | None] = "/cluster/init"
    role: ClassVar[Role] = "admin"
    immediate: ClassVar[bool] = True
