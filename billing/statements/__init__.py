"""Batches and payments as people read them."""
