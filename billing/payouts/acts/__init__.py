"""Acts: what people did, since the batch before was submitted, that changed what a batch pays.

What is taken away counts like what is added: a withdrawn price, a released hold. The acts are
derived from histories and from what rows say of their makers: prices, amounts and views have a
module each. gathering puts them together and keeps them with the batch; four_eyes asks for them.

The effect of an act is exact, and says how much of the batch the act touched:

    a price, a blog that moved, an      the sum of the batch's lines that it touches
    exception to the robot lists
    an adjustment                       its amount; withdrawn, the same with the other sign
    a hold, a payment in full,          the sum of the author's lines; kept back, with a minus
    an account switched off or on
    a payment recorded as failed        the sum that the batch pays again
    a decision on a finding             its views at their price; excluded, with a minus
    an imported log                     its counted views at their prices

An act that touches nothing in the batch is none.
"""
