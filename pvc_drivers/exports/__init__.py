"""Exports of VMs: files in a directory of one machine, or in a bucket of S3."""
