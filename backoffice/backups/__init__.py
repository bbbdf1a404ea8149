"""Everything that an installation holds in one file, and back again.

Begin with making and restoring. registry takes from the apps what is left out and how it is proved
after restoring: of readers' salts and of money nothing is known here.
"""
