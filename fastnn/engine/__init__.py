"""How it runs: single operations, tapes, graphs, plans, the stepper, and explanations."""
