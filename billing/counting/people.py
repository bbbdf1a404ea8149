"""Words of people that the robot lists take for robots.

Most lines of COUNTER's list are bare words, and the list is searched in any case and anywhere:
“bot” is in CUBOT, “google” in Channel/googleplay, “core” in a01core. What follows is taken out of a
user agent that a list has matched; it is a person's if no list matches what remains. So a robot
that writes such a word is a robot still, by its own name. It departs from COUNTER, which has no
exceptions: docs/counting.md says so, and so do the rules that are stored with a batch.
"""

import re

# What begins otherwise is no browser: only its own name is in it.
BROWSERS = ("Mozilla/", "Opera/", "DoCoMo/", "HbbTV/", "Instagram ", "Barcelona ")

PERSON = "Mobile"  # stands in their place, and on no list

# Whoever writes this into the place of a phone's name names a robot.
ROBOT_MARKS = re.compile(
    r"(?<!cu)bot\b|spider|crawl|https?:|www\.|@|compatible|fetch|monitor|scan|headless|python"
    r"|curl|archive|preview|google-|-google|lighthouse",
    re.IGNORECASE,
)

# What stands in brackets, with brackets in it as in “moto g(30)”.
_INNER = r"[^()]*(?:\([^()]*\)[^()]*)*"

# Parts that name a phone or a set and nothing else: makers, brands, models and the names of builds,
# such as motorola, CUBOT, Sony/docomo, Titan Pocket, Core-X5, zeus (Xiaomi 12 Pro), pioneer (Xperia
# XA2), sailfish (Pixel), a01core (Galaxy A01 Core).
DEVICES = re.compile(
    rf"\((?:Linux; |X11; )?(?:[^()]*; )?Andr(?:oid|0id)[ ;]{_INNER}\)"  # platform of a browser
    rf"|(?:Instagram|Barcelona) [0-9.]+ (?:Android )?\({_INNER}\)"
    rf"|(?:Snapchat|Telegram-Android)/[0-9.]+ \({_INNER}\)"
    r"|\bYahooMobile\w*/[0-9.]+(?: \([^()]*\)){0,2}"
    r"|\bFB[A-Z]{2}/[^;\[\]]*"  # Facebook and Messenger: FBMF, FBBD, FBDV; FBCR is the carrier
    rf"|HbbTV/[0-9.]+ \({_INNER}\)"  # ETSI TS 102 796, 7.3.2.4
    r"|TitanOS/[0-9.]+(?: \([^()]*\))?",  # sets of Philips and JVC
    re.IGNORECASE,
)

# {the bare word: programs, services and carriers that it takes for robots}
PROGRAMS = {
    "bot": r"\bCUBOT\b|\bBOTIM\b",
    "alexa": r"\bAlexa ?Toolbar\w*(?:/\S+)?",
    "arks": r"\b\w*(?:bookm|sp)arks?\b",
    "baidu": r"\b(?:bd_)?baidu_?(?:box|browser|hd|map|tieba|netdisk|wenku|input)\w*(?:/[\w.]+)?"
    r"|\(Baidu; P[0-9] [0-9.]+\)",
    "core": r"\b(?:HMS|GMS|U[0-9])Core[ /][0-9.]+|\b\w{0,20}Scores?(?:App|Center|Mobile)?\b",
    "Cortana": r"\bCortana [0-9.]+",  # the search box of Windows
    "cursor": r"\bCursor/[0-9.]+(?=.* Electron/)",  # windows of programs
    "custo": r"\bcustom(?:s|er|ers|ized)?\b",
    "daum(oa)?": r"\bDaum(?:Apps|Device|Cafe)/\S+|\(daum\)",
    "docomo": r"\b(?:NTT ?)?docomo\b",  # a carrier, and its phones
    "[^a]fish": r"\bSailfish(?:Browser)?[ /][0-9.]+",
    "google": r"\bChannel/\S+"  # the shop or the maker that TikTok came from
    r"|\bGoogle(?:App|NewsApp|Go|Maps|Earth|Photos|Home|Lens|Classroom|TV|Play)\b(?:/[\w.]+)?"
    r"|\bcom\.google\.[\w.]+(?:/[\w.]+)?|\bGoogle (?:Chrome|Pixel|Nexus|TV|Toolbar)\b"
    r"|\bGoogle/[0-9.]+(?= \(iP)|\(via translate\.google\.com\)",
    "Grammarly": r"\bGrammarly/[0-9.]+(?=.* Electron/)",
    "grub": r"\bgrubhub\w*",
    "mail\\.ru": r"\(mail\.ru\)|\bmail\.ru/[0-9.]+",
    "motor": r"\bmotorola\b|\bmotor(?:sport|trend|cycle)\w*",
    "myweb": r"\bMyWebSearch\b",
    "pioneer": r"\bPioneer\b(?=[^()]*\bTV\b)",
    "rss": r"\bQuiteRSS/[0-9.]+",
    "sogou": r"\bSogou(?:MSE|MobileBrowser|Search|Explorer|Input)\b(?:/[0-9.]+)?",
    "sunrise": r"\bSunrise ?TV\b",
    "Trello": r"\bTrello/[0-9.]+(?=.* Electron/)",
    "Wanadoo": r"\bWanadoo [0-9.]+",  # a provider
    "WhatsApp": r"\bWhatsApp/[0-9.]+",  # its preview does not call itself Mozilla
    "yahoo": r"\b(?:jp\.co|com)\.yahoo\.[\w.]+(?:/[0-9.]+)?"
    r"|\bYahoo(?:/[0-9.]+|! ?(?:Mail|Finance|Sports|News|Toolbar)\b)",
    "yandex": r"\bYandex(?:Search(?:WebView|Browser)?|\.?Browser)/[0-9.]+|\bYandex(?:/[0-9.]+)?$",
    # Of is-bot: “news” and “feed”.
    "news": r"\b(?:SmartNews|NewsArticle|NewsBreak|AppleNews|Feedly|Inoreader)/[0-9.]+",
}
_ANY_PROGRAM = re.compile("|".join(PROGRAMS.values()), re.IGNORECASE)


def take_out_people(user_agent: str) -> str:
    """Return what remains of a user agent without the words of people, or all of it."""
    if not user_agent.startswith(BROWSERS) or "+http" in user_agent:  # so robots name their page
        return user_agent
    return _ANY_PROGRAM.sub(PERSON, DEVICES.sub(_keep_marked, user_agent))


def _keep_marked(match: re.Match) -> str:
    return match[0] if ROBOT_MARKS.search(match[0]) else PERSON
