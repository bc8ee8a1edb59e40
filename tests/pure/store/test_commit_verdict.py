"""kazoo returns the failures of a transaction as values: what is made of them."""

from __future__ import annotations

from typing import Any

import pytest
from kazoo.exceptions import (
    BadVersionError,
    ConnectionLoss,
    MarshallingError,
    NoAuthError,
    NodeExistsError,
    RolledBackError,
    RuntimeInconsistency,
    SessionExpiredError,
)
from kazoo.handlers.threading import KazooTimeoutError

from pvc_core.errors import StoreConflict, StoreExists, StoreUnavailable
from pvc_core.store.port import Check, Create, Op, Put
from pvc_core.store.zookeeper_commit import settle

OPS: list[Op] = [Check("/a", 0), Put("/b", b"", 3), Create("/c")]


class Pending:
    """What kazoo hands out, with its answer already there."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get(self, timeout: float) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_results_without_failure_pass() -> None:
    settle(Pending([True, object(), "/c"]), OPS, 1)


def test_the_operation_at_fault_is_named_not_the_bystanders() -> None:
    with pytest.raises(StoreConflict) as caught:
        settle(Pending([RolledBackError(), BadVersionError(), RuntimeInconsistency()]), OPS, 1)
    assert caught.value.details["path"] == "/b"
    with pytest.raises(StoreExists) as caught:
        settle(Pending([RolledBackError(), RolledBackError(), NodeExistsError()]), OPS, 1)
    assert caught.value.details["path"] == "/c"


@pytest.mark.parametrize("error", [NoAuthError(), MarshallingError()])
def test_other_failures_are_never_taken_for_success(error: Exception) -> None:
    with pytest.raises(StoreUnavailable, match="/b"):
        settle(Pending([RolledBackError(), error, RuntimeInconsistency()]), OPS, 1)


def test_a_commit_rolled_back_without_reason_did_not_happen() -> None:
    with pytest.raises(StoreUnavailable, match="rolled"):
        settle(Pending([RolledBackError()] * 3), OPS, 1)


@pytest.mark.parametrize("error", [ConnectionLoss(), SessionExpiredError(), KazooTimeoutError()])
def test_without_answer_the_arrival_is_unknown(error: Exception) -> None:
    with pytest.raises(StoreUnavailable, match="unknown"):
        settle(Pending(error), OPS, 1)
