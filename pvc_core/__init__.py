"""What the cluster is and what it decides."""
