"""Posts from other systems: WordPress, Ghost, Markdown.

formats tells which file it is; wordpress, ghost and markdown read it; plans works out what would
come of it, and imports writes that.
"""
