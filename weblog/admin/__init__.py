"""The pages on which authors and editors work.

blogs, new_texts, categories and pictures are the lists and forms; actions and new_text_actions are
the buttons, dialogs what they ask; the other files are parts of these pages. What may happen, the
modules beside this folder decide. Start with blogs.
"""

from weblog.admin.blogs import BlogAdmin
from weblog.admin.categories import CategoryAdmin
from weblog.admin.imported_authors import ImportedAuthorAdmin
from weblog.admin.new_texts import NewTextAdmin
from weblog.admin.pictures import PictureAdmin

__all__ = ["BlogAdmin", "CategoryAdmin", "ImportedAuthorAdmin", "NewTextAdmin", "PictureAdmin"]
