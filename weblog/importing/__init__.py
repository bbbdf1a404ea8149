"""Posts from other systems: WordPress, Ghost, Markdown.

formats recognises the file; wordpress, ghost and markdown read it; plans works out the result, and
imports writes it.
"""
