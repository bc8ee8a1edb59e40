"""The version of PVC that is running."""

from importlib.metadata import version

VERSION = version("pvc")
