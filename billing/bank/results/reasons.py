"""Reason codes of banks, in words that a clerk and an author understand.

From ISO 20022's external code sets (ExternalStatusReason1Code and ExternalReturnReason1Code), those
that come with credit transfers. A bank's own code stays as it is.
"""

from collections.abc import Iterable

LONGEST = 500  # as billing.models.seals.REASON_LENGTH, which is out of reach here

WORDS = {
    "AB05": "The payee’s bank did not answer in time",
    "AB06": "The payee’s bank did not answer in time",
    "AB08": "The payee’s bank is offline",
    "AC01": "Wrong account number",
    "AC02": "Our account number is wrong",
    "AC03": "Wrong account number of the payee",
    "AC04": "Account closed",
    "AC05": "Our account is closed",
    "AC06": "Account blocked",
    "AC07": "Account of the payee closed",
    "AC13": "Wrong type of account",
    "AC14": "Wrong type of account of the payee",
    "AG01": "The account takes no such payments",
    "AG02": "The bank does not know this kind of payment",
    "AG03": "The bank does not make this kind of payment",
    "AG07": "The payment could not be delivered",
    "AGNT": "Wrong bank of the payee",
    "AM01": "The amount is zero",
    "AM02": "The amount is larger than the bank allows",
    "AM03": "The account takes no payments in this currency",
    "AM04": "Not enough money on our account",
    "AM05": "The bank took it for the same payment twice",
    "AM06": "The amount is smaller than the bank allows",
    "AM07": "The amount is blocked",
    "AM09": "Wrong amount",
    "AM10": "The amounts do not add up to the sum that the file names",
    "AM11": "Wrong or missing currency",
    "AM12": "Wrong or missing amount",
    "AM14": "The amount is larger than agreed with the bank",
    "AM18": "The number of payments is not as the file says",
    "AM21": "The amount is over the limit of our account",
    "BE01": "The name does not fit the account",
    "BE04": "The payee’s address is missing or wrong",
    "BE05": "The bank does not know who sent the payment",
    "BE06": "The payee is not known at this bank",
    "BE07": "Our address is missing or wrong",
    "BE08": "The bank made a mistake",
    "BE10": "Country of the payer missing or wrong",
    "BE11": "Country of the payee missing or wrong",
    "BE16": "The payer’s identification is wrong",
    "BE17": "The payee’s identification is wrong",
    "BE22": "The payee’s name is missing",
    "CH03": "The day of payment is too far ahead",
    "CH16": "The file does not have the form that the bank expects",
    "CH20": "The amount has too many decimals",
    "CNOR": "The payee’s bank is not reachable in this way",
    "CURR": "Wrong currency",
    "CUST": "The customer asked for it",
    "CUTA": "Cancelled, as nothing could be found out",
    "DNOR": "Our bank is not reachable in this way",
    "DS02": "Not signed by everybody who has to",
    "DS04": "The bank’s signature check refused the order",
    "DS0H": "Whoever signed may not sign for this account",
    "DT01": "Wrong date",
    "DT06": "The bank changed the day of payment",
    "DU01": "The file was sent before",
    "DU02": "A payment of the file was sent before",
    "DU03": "The payment was sent before",
    "DU04": "The payment’s reference was used before",
    "DUPL": "The payment was made twice",
    "ED05": "The settlement between the banks failed",
    "ERIN": "The bank can’t tell the reason",
    "FF01": "The file does not have the form that the bank expects",
    "FF05": "The kind of payment is missing or wrong",
    "FOCR": "Sent back, as we or our bank had asked for it",
    "FR01": "Suspected fraud",
    "FRAD": "Suspected fraud",
    "LEGL": "A legal decision",
    "MD06": "Sent back, as the payer asked for it",
    "MD07": "The payee has died",
    "MS02": "The payee refused it, without a reason",
    "MS03": "The bank gives no reason",
    "NARR": "Refused for a reason in the bank’s own words",
    "NOAS": "The payee did not answer",
    "NOCM": "Against the rules of the payee’s bank",
    "NOOR": "The payment that it belongs to was not found",
    "RC01": "Wrong bank code (BIC)",
    "RC03": "Wrong bank code of the payer",
    "RC04": "Wrong bank code of the payee",
    "RC07": "Wrong bank code (BIC) of the payee",
    "RF01": "The reference was used before",
    "RR01": "The law asks for our account or identification",
    "RR02": "The law asks for our name or address",
    "RR03": "The law asks for the payee’s name or address",
    "RR04": "Refused by law; the bank does not say more",
    "RR12": "The law asks for an identification",
    "SL01": "The bank does not do this for this account",
    "TA01": "The bank could not deliver the answer",
    "TD03": "The file is not complete, or damaged",
    "TECH": "A technical fault at the bank",
    "TM01": "Too late in the day for the bank",
    "TS01": "The bank could not take the file",
    "TS04": "The signed note to the file did not arrive",
    "UPAY": "Paid without being due",
}


def describe_reasons(reasons: Iterable) -> str:
    """Return the reasons of a message as a sentence: “Account closed (AC04): says the bank”."""
    told = [text for reason in reasons if (text := _describe(reason))]
    return "; ".join(dict.fromkeys(told))[:LONGEST]


def _describe(reason) -> str:
    choice = getattr(reason, "rsn", None)
    code = getattr(choice, "cd", None) or ""
    code = getattr(code, "value", code) or getattr(choice, "prtry", None) or ""
    words = WORDS.get(code)
    told = f"{words} ({code})" if words else code
    said = " ".join(" ".join(getattr(reason, "addtl_inf", None) or []).split())
    return ": ".join(filter(None, [told, said]))
