"""What people fill in, on pages and in dialogs."""
