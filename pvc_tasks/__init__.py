"""Jobs: submitting them, carrying them, executing them."""
