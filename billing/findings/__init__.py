"""What does not look human: finding it, and what people decide about it."""
