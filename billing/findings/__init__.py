"""What does not look like people reading, found each night and decided by finance.

detection looks (day_keys and chance are its measures), decisions stores what it found and what
finance says to it, contested holds back views while their finding is open. Start with detection.
"""
