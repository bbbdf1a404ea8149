"""Web servers' access logs: their lines, their formats, and the import of the views they hold."""
