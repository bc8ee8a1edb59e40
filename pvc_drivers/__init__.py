"""Ports to the outside world, each with a real home and a fake."""
