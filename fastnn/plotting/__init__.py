"""Models as pictures: boxes for layers, in rows, with lines between them."""
