"""Going home, and moving for good."""

from typing import ClassVar

from pvc_core.model.names import NodeName
from pvc_core.model.operations.transfer import TARGET, Transfer


class UnmigrateVm(Transfer):
    """Bring a VM home that was migrated away."""

    name: ClassVar[str] = "vm.unmigrate"
    url: ClassVar[str | None] = "/vm/<vm>/unmigrate"


class MoveVm(Transfer):
    """Move a VM to another node for good: that is its home from then on.

    Moving a VM to the node it was migrated to makes that migration permanent. Of a stopped VM only the record
    changes: it is started there the next time, as long as that node can take it.
    """

    name: ClassVar[str] = "vm.move"
    url: ClassVar[str | None] = "/vm/<vm>/move"

    target: NodeName | None = TARGET
