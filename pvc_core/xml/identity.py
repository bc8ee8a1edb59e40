"""Names and UUIDs: what is accepted, in which form it is kept."""

from __future__ import annotations

import re

from pvc_core.model.names import VM_NAME_PATTERN

NAME_HELP = "start with a letter or digit, then letters, digits, dot, dash and underscore, 63 in all"
# libvirt skips dashes and white space wherever they stand between two bytes.
UUID_TEXT = re.compile(r"[\s-]*(?:[0-9a-f]{2}[\s-]*){15}[0-9a-f]{2}\s*", re.IGNORECASE | re.ASCII)


def normal_uuid(text: str) -> str | None:
    """Lower case with dashes in the usual places; None when libvirt would not take it for a UUID."""
    if not UUID_TEXT.fullmatch(text):
        return None
    digits = re.sub(r"[\s-]", "", text).lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def good_name(name: str) -> bool:
    return re.fullmatch(VM_NAME_PATTERN, name) is not None and not name.endswith("\n")
