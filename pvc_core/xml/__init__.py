"""libvirt domain XML: read the operator's own and edit it in place, never regenerate it."""
