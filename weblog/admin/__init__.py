from weblog.admin.blogs import BlogAdmin
from weblog.admin.categories import CategoryAdmin
from weblog.admin.pictures import PictureAdmin
from weblog.admin.revisions import BlogRevisionAdmin

__all__ = ["BlogAdmin", "BlogRevisionAdmin", "CategoryAdmin", "PictureAdmin"]
