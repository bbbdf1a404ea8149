"""What 1000 views of a category cost, and from which day.

rules says which price is in force and what may still be changed; tables shows prices to people;
forecasts says, before a price is saved, what it would do to a month. Start with rules.
"""
