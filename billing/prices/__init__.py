"""The prices of 1,000 views in each category, with their first days.

lookup finds the price in force on a day, in memory and in SQL. rules says which prices may still
change. tables shows prices to people. forecasts shows the effect of a price on a month before
somebody saves it. Start with lookup.
"""
