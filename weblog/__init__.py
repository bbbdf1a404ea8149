"""Blogs: written, reviewed, published, read. It knows nothing of what a view is worth.

models holds them, workflow alone moves a blog, new_texts keeps new texts of live ones; views shows
them to readers and sends blog_viewed. admin is where people write. Start with models and workflow.
"""
