"""Which of its homes an export has, by its name: `NAME` in a directory, `s3:NAME` in the bucket."""

from __future__ import annotations

from pvc_core.config import StorageSection
from pvc_core.model.export import is_in_s3
from pvc_drivers.exports.directory import DirectoryExports
from pvc_drivers.exports.port import Exports
from pvc_drivers.exports.s3_errors import S3NotConfigured


def check_place(storage: StorageSection, place: str) -> None:
    """Raises S3NotConfigured."""
    if is_in_s3(place) and storage.s3 is None:
        raise S3NotConfigured(f"{place} cannot be found: no S3 place is configured (storage.s3)")


def open_exports(storage: StorageSection, place: str) -> Exports:
    """Raises S3NotConfigured; asks nobody yet."""
    check_place(storage, place)
    if not is_in_s3(place) or storage.s3 is None:
        return DirectoryExports(storage.export_directory)
    # boto3 takes half a second, and memory: only from who exports or imports.
    from pvc_drivers.exports.s3 import S3Exports

    return S3Exports(storage.s3)
