"""What people fill in, on pages and in dialogs: a module for each page of billing.admin.

A form asks the same function that will act whether it may, so that the page says why not.
"""
