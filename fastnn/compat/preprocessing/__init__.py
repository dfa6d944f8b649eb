"""What came before data sets and preprocessing layers: text, sequences and images turned into arrays."""

from fastnn.compat.preprocessing import image, sequence, text

__all__ = ["image", "sequence", "text"]
