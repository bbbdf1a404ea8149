"""What is stored: blogs with their history, new texts of live ones, pictures, preferences.

Start with blogs: its TRANSITIONS say which way a blog may move.
"""

from weblog.models.blogs import Blog, Category, OldAddress
from weblog.models.new_texts import NewText
from weblog.models.pictures import Picture

__all__ = ["Blog", "Category", "NewText", "OldAddress", "Picture"]
