"""Honest comparisons: kernels against their NumPy references, training steps against NumPy and installed peers.

Every contestant works in a process of its own and needs nothing of this package but `worker`, `memory` and its module.
"""
