"""A VM's metadata on its way from a request into its record."""

from __future__ import annotations

from typing import Any

from pvc_core.config import Config
from pvc_core.model.metadata import Metadata, Tagged

FIELDS = {**Metadata.model_fields, **Tagged.model_fields}


def metadata_of(asked: Metadata, config: Config) -> dict[str, Any]:
    """All of it, for a new VM: what was not said is the configuration's or empty."""
    return {**defaults(config), **given(asked)}


def given(asked: Metadata) -> dict[str, Any]:
    """Only what was said."""
    return {name: getattr(asked, name) for name in FIELDS if name in asked.model_fields_set}


def defaults(config: Config) -> dict[str, Any]:
    """What each field is when nobody says anything."""
    configured = {"node_selector": config.vm.node_selector, "migration_method": config.vm.migration_method}
    return {name: field.default for name, field in FIELDS.items()} | configured
