"""The HTML of blogs: cleaned, counted, cut into blocks and excerpts.

cleaning.py decides what a text may hold and knows no Django; bounded.py runs it within bounds of
time and memory, and is what the application calls.
"""
