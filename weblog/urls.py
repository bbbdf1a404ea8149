from django.urls import path

from weblog.feeds import LatestBlogsFeed
from weblog.views import BlogDetailView, BlogListView, CategoryBlogsView

app_name = "weblog"

urlpatterns = [
    path("", BlogListView.as_view(), name="blog_list"),
    path("category/<slug:slug>/", CategoryBlogsView.as_view(), name="category_blogs"),
    path("blogs/<slug:slug>/", BlogDetailView.as_view(), name="blog_detail"),
    path("feed/", LatestBlogsFeed(), name="feed"),
]
