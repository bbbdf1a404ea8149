from weblog.models.blogs import Blog, Category, OldAddress
from weblog.models.pictures import Picture
from weblog.models.preferences import MailPreference
from weblog.models.revisions import BlogRevision

__all__ = ["Blog", "BlogRevision", "Category", "MailPreference", "OldAddress", "Picture"]
