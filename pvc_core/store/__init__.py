"""The only door to ZooKeeper: the tree, its types, versioned saves, transactions, locks."""
