"""One module for each contestant: `versions()`, and `prepare(task)`, which returns work and the steps in it."""
