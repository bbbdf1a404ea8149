"""Posts from other systems: WordPress, Ghost, Markdown.

formats recognises the file; wordpress, ghost and markdown read it; plans works out the result,
choices whose account and which category a post gets, and imports writes it.
"""
