"""Pictures of blogs: prepared for readers, fetched from other sites, used, taken down.

preparing.py is where an upload begins; encoding.py and fetching.py run in processes of their own.
"""
