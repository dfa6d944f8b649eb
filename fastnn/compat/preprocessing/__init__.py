"""What came before data sets and preprocessing layers: text, sequences and images turned into arrays."""

from fastnn.compat.preprocessing import image, sequence, text
from fastnn.utils import image_dataset_from_directory, text_dataset_from_directory, timeseries_dataset_from_array

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
