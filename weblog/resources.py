from django.contrib.auth.models import User
from import_export.fields import Field
from import_export.widgets import ForeignKeyWidget

from backoffice.spreadsheets import GuardedResource
from weblog.models import Blog, Category


class BlogResource(GuardedResource):
    author = Field("author", "author", ForeignKeyWidget(User, "username"))
    category = Field("category", "category", ForeignKeyWidget(Category, "slug"))

    class Meta(GuardedResource.Meta):
        model = Blog
        fields = [
            "id",
            "title",
            "slug",
            "author",
            "category",
            "status",
            "publish_at",
            "summary",
            "created_at",
            "updated_at",
        ]
        export_order = fields
