"""What is stored: blogs with their history, new texts of live ones, pictures, imported authors.

Start with blogs: its TRANSITIONS say which way a blog may move.
"""

from weblog.models.blogs import Blog, Category, OldAddress
from weblog.models.imported_authors import ImportedAuthor
from weblog.models.new_texts import NewText
from weblog.models.pictures import Picture

__all__ = ["Blog", "Category", "ImportedAuthor", "NewText", "OldAddress", "Picture"]
