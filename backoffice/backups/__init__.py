"""Backups: all data of an installation in one file, and its restoration.

Start with making and restoring. Apps tell registry what to leave out, and how a restored backup is
proved. This package knows nothing about readers' salts or money.
"""
