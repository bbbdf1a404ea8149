"""Findings: views that do not look human. A nightly job finds them and finance decides.

detection searches a month with the measures of day_keys and chance. decisions stores findings and
finance's decisions. contested holds back views while their finding is open. Start with detection.
"""
