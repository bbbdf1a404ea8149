"""How fast it is. Each module runs by itself: see README.md."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings_benchmarks")
django.setup()
