"""What the model is worth: against the evidence, and as a world in which methods are tried."""
