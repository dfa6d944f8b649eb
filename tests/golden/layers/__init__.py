"""Layers in many configurations, written once for Keras and fastnn; beside each family the numbers that Keras gave."""
