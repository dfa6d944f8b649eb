"""How fast: the C kernels and the one Cython file that checks what goes into them."""
