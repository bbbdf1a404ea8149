"""The 125 columns of DATEV's Buchungsstapel, format version 13, as its second line names them."""

FIRST = """
Umsatz (ohne Soll/Haben-Kz)
Soll/Haben-Kennzeichen
WKZ Umsatz
Kurs
Basis-Umsatz
WKZ Basis-Umsatz
Konto
Gegenkonto (ohne BU-Schlüssel)
BU-Schlüssel
Belegdatum
Belegfeld 1
Belegfeld 2
Skonto
Buchungstext
Postensperre
Diverse Adressnummer
Geschäftspartnerbank
Sachverhalt
Zinssperre
Beleglink
"""

COSTS = """
KOST1 - Kostenstelle
KOST2 - Kostenstelle
Kost-Menge
EU-Land u. UStID (Bestimmung)
EU-Steuersatz (Bestimmung)
Abw. Versteuerungsart
Sachverhalt L+L
Funktionsergänzung L+L
BU 49 Hauptfunktionstyp
BU 49 Hauptfunktionsnummer
BU 49 Funktionsergänzung
"""

LAST = """
Stück
Gewicht
Zahlweise
Forderungsart
Veranlagungsjahr
Zugeordnete Fälligkeit
Skontotyp
Auftragsnummer
Buchungstyp
USt-Schlüssel (Anzahlungen)
EU-Land (Anzahlungen)
Sachverhalt L+L (Anzahlungen)
EU-Steuersatz (Anzahlungen)
Erlöskonto (Anzahlungen)
Herkunft-Kz
Buchungs GUID
KOST-Datum
SEPA-Mandatsreferenz
Skontosperre
Gesellschaftername
Beteiligtennummer
Identifikationsnummer
Zeichnernummer
Postensperre bis
Bezeichnung SoBil-Sachverhalt
Kennzeichen SoBil-Buchung
Festschreibung
Leistungsdatum
Datum Zuord. Steuerperiode
Fälligkeit
Generalumkehr (GU)
Steuersatz
Land
Abrechnungsreferenz
BVV-Position
EU-Land u. UStID (Ursprung)
EU-Steuersatz (Ursprung)
Abw. Skontokonto
"""


def _repeat(*names: str, times: int) -> list[str]:
    return [f"{name} {number}" for number in range(1, times + 1) for name in names]


COLUMNS = [
    *FIRST.strip().splitlines(),
    *_repeat("Beleginfo - Art", "Beleginfo - Inhalt", times=8),
    *COSTS.strip().splitlines(),
    *_repeat("Zusatzinformation - Art", "Zusatzinformation- Inhalt", times=20),
    *LAST.strip().splitlines(),
]
