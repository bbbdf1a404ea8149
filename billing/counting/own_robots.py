"""Robots that neither COUNTER's list nor is-bot finds: our own list, with its sources.

The Code asks for them: “usage by other robots and crawlers that can be identified” (7.8). A pattern
names one program; it is searched in any case. Change DATE with the list.
"""

DATE = "2026-11-27"

# {pattern: where its maker says so}
PATTERNS = {
    # Monitors and tests of speed
    r"\bkube-probe/": "kubernetes.io, Configure Liveness, Readiness and Startup Probes",
    r"\bGTmetrix\b": "gtmetrix.com, FAQ, “What user agent does GTmetrix use”",
    r"\bDebugBear\b": "debugbear.com/docs, “Allowlisting DebugBear”",
    r"\bPTST/[0-9]": "docs.webpagetest.org, Scripting, setUserAgent",
    r"\bChrome-Lighthouse\b": "github.com/GoogleChrome/lighthouse, constants",
    r"\bCheckly\b": "checklyhq.com/docs, “Allowlisting”",
    r"\bThousandEyes\b": "docs.thousandeyes.com, “User agents of tests”",
    r"\bUptrends\b": "uptrends.com/support, “User agent of checkpoints”",
    r"\b(?:Ruxit|Dynatrace)Synthetic\b": "docs.dynatrace.com, Synthetic, “User agent”",
    r"\bDatadog/?Synthetics\b": "docs.datadoghq.com, Synthetics, “Identify test bots”",
    r"\bCloudWatchSynthetics\b": "docs.aws.amazon.com, CloudWatch Synthetics canaries",
    r"\bNewRelic(?:Pinger| ?Synthetics)\b": "docs.newrelic.com, Synthetics, “Identify requests”",
    r"\bSpeedCurve\b": "support.speedcurve.com, “User agent”",
    r"\bCatchpoint\b": "docs.catchpoint.com, “Identify synthetic traffic”",
    r"\bCalibre(?:app)?$": "calibreapp.com/docs, “Identify Calibre”",
    r"\bYLT\b": "github.com/YellowLabTools/YellowLabTools",
    r"\bMiniature\.io\b": "miniature.io",
    r"\bBrowserless\b": "docs.browserless.io",
    r"\bSucuri\b": "docs.sucuri.net, scanner and firewall",
    r"\bExpanse, a Palo Alto Networks\b": "paloaltonetworks.com, Cortex Xpanse, scanning",
    # Office programs look at what a link leads to before, or instead of, a browser
    r"\bms-office\b|\bMSOffice\b": "learn.microsoft.com, Office, “hyperlinks go through a server”",
    r"\bMicrosoft Office\b|\bMicrosoft (?:Outlook|Word|Excel|PowerPoint)\b": "the same page",
    r"\b(?:Word|Excel|PowerPoint|OneNote|Outlook)/1[0-9]\.": "the same page; Office for Mac",
    r"\bOutlook-(?:iOS|Android)/": "learn.microsoft.com, Exchange, Outlook for iOS and Android",
    r"\b(?:LibreOffice|OpenOffice)\b": "git.libreoffice.org, ucb, WebDAV user agent",
    r"^Dalvik/[0-9]": "developer.android.com, HttpURLConnection: apps, no browser",
    # Fetchers that read for an assistant, and agents that browse by themselves
    r"\b[a-z]+(?:-[a-z]+)*-User/[0-9]": "platform.openai.com/docs/bots, docs.perplexity.ai, "
    "docs.mistral.ai/robots, developer.amazon.com/amazonbot (Amzn-User), support.claude.com",
    r"\bcohere-(?:ai|training)\b": "docs.cohere.com",
    r"\b(?:anthropic-ai|claude-code|claude-web)\b": "support.claude.com",
    r"\bNovaAct\b": "docs.aws.amazon.com, Nova Act",
    r"\b(?:Devin|Manus)/[0-9]": "docs.devin.ai, manus.im",
    r"\bGemini-Deep-Research\b": "developers.google.com, user-triggered fetchers",
    r"\bChatGPT[ -]Agent\b": "help.openai.com, ChatGPT agent allowlisting",
    r"\bModelContextProtocol/": "github.com/modelcontextprotocol/servers, fetch",
    r"\b(?:crawl4ai|firecrawl|tavily|jinaai|jina-reader|phindai|bigsur\.ai)\b": "their own pages",
    r"\bmeta-(?:externalagent|externalfetcher|webindexer)\b": "developers.facebook.com, crawlers",
}
