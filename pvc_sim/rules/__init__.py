"""What must hold after every step: one module per kind of truth; each function raises Breach."""
