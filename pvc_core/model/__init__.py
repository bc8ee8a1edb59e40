"""The nouns of a cluster, as frozen records."""
