"""Filters of lists that people keep under a name of their own. `views` saves and forgets them."""
