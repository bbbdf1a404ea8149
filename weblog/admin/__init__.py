"""The pages on which authors and editors work.

blogs, revisions, categories and pictures are the lists and forms; actions and revision_actions are
the buttons, dialogs what they ask; the other files are parts of these pages. What may happen, the
modules beside this folder decide. Start with blogs.
"""

from weblog.admin.blogs import BlogAdmin
from weblog.admin.categories import CategoryAdmin
from weblog.admin.pictures import PictureAdmin
from weblog.admin.revisions import BlogRevisionAdmin

__all__ = ["BlogAdmin", "BlogRevisionAdmin", "CategoryAdmin", "PictureAdmin"]
