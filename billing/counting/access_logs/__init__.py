"""Web servers' access logs: the views that they hold come in as if readers had just come.

files opens a log, formats and lines read it, patterns tells which address is which blog, keys makes
the id by which a line is known again; importing counts. Start with importing.
"""
