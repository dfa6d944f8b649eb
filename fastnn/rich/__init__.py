"""What notebooks show of models, layers, tensors and histories."""
