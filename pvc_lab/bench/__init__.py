"""`pvc-lab bench`: how fast the product is, as ratios to a floor measured in the same run.

Absolute times depend on the machine and on what else it does; ratios hardly do.
"""
