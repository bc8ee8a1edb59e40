"""Every operation is complete: handler, task, test, document; tests/pure looks at route and command."""

from __future__ import annotations

import json
import re

import pytest
from source import ROOT

from pvc_core.model.operations import OPERATIONS, Operation
from pvc_core.model.operations.base import PATTERNS
from pvc_core.model.operations.document import render_document
from pvc_tasks.celery_app import make_app, register
from pvc_tasks.handler import ImmediateHandler
from pvc_tasks.registry import BY_OPERATION

each = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


@each
def test_has_a_handler_of_its_kind(operation: type[Operation]) -> None:
    handler = BY_OPERATION[operation.name]
    assert handler.operation is operation
    assert isinstance(handler, ImmediateHandler) is operation.immediate


@each
def test_has_a_summary_and_described_fields(operation: type[Operation]) -> None:
    assert operation.summary().endswith(".")
    undescribed = [name for name, field in operation.model_fields.items() if not field.description]
    assert undescribed == []


@each
def test_what_a_field_may_look_like_is_said_in_words(operation: type[Operation]) -> None:
    schema = json.dumps(operation.model_json_schema())
    patterns = {json.loads(found) for found in re.findall(r'"pattern": ("(?:[^"\\\\]|\\\\.)*")', schema)}
    assert patterns <= PATTERNS.keys()


@each
def test_is_exercised_by_a_test(operation: type[Operation]) -> None:
    rooms = [ROOT / "tests" / room for room in ("door", "scenario", "lab")]
    texts = [path.read_text() for room in rooms for path in room.rglob("*.py")]
    assert any(operation.__name__ in text for text in texts), f"no test mentions {operation.__name__}"


@each
def test_is_a_celery_task(operation: type[Operation]) -> None:
    from pvc_core.config import RedisSection

    app = make_app(RedisSection(host="nowhere", password_file=ROOT / "none"), "secret", 1.0)
    register(app, lambda job: None)
    assert operation.name in app.tasks


def test_the_document_is_true() -> None:
    assert (ROOT / "docs/operations.md").read_text() == render_document(), (
        "regenerate it: see CONTRIBUTING.md"
    )
