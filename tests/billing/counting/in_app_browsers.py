# ruff: noqa: E501  (user agents are long)
"""User agents of people in apps, on phones and on television sets, which bare words of the COUNTER
list take for robots, or might. Of our own making, after the forms that these programs have.
"""

CHROME = (
    "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.7444.102 Mobile Safari/537.36"
)
MOBILE = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
DESKTOP = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
ANDROID = "Mozilla/5.0 (Linux; Android 15; {} Build/AP3A.240905.015; wv) " + CHROME
PHONE = "Mozilla/5.0 (Linux; Android 14; {}) " + MOBILE
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) " + WEBKIT
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + DESKTOP

# Instagram, Threads and Facebook name the phone: maker/brand; model; device; chip.
DEVICES = [
    "Google/google; Pixel 6; oriole; oriole",
    "Google/google; Pixel 8 Pro; husky; husky",
    "Google; Pixel XL; marlin; marlin",
    "Google/google; Pixel; sailfish; sailfish",
    "motorola; moto g54 5G; cancunf; mt6855",
    "motorola; moto g(7) power; ocean; qcom",
    "motorola; XT1068; titan_umtsds; qcom",
    "CUBOT; KINGKONG 9; KINGKONG_9; mt6789",
    "Xiaomi/Redmi; 2201122G; zeus; qcom",
    "Sony; H3113; pioneer; qcom",
    "Sony/docomo; SO-52C; SO-52C; qcom",
    "SHARP/docomo; SH-53D; SH-53D; qcom",
    "samsung; SM-A013G; a01core; mt6739",
    "samsung; SM-J260F; j2corelte; samsungexynos7570",
    "samsung/docomo; SC-51D; SC-51D; qcom",
    "CROSSCALL; Core-X5; Core-X5; qcom",
    "Unihertz; Titan Pocket; Titan_Pocket; mt6771",
    "Yandex/Yandex; YNDX-000SB; Amber; qcom",
    "HUAWEI/HUAWEI; JNY-LX1; HWJNY; kirin810",
]
INSTAGRAM = (
    " Instagram 408.0.0.51.78 Android (35/15; 420dpi; 1080x2400; {}; en_US; 812345678; IABMV/1)"
)
THREADS = " Barcelona 408.0.0.51.78 Android (35/15; 420dpi; 1080x2400; {}; en_US; 812345678)"

APPS = {
    "Instagram": [ANDROID.format("Pixel 6") + INSTAGRAM.format(each) for each in DEVICES]
    + [
        IPHONE + " Instagram 408.0.0.51.78 (iPhone14,5; iOS 18_5; en_US; en; scale=3.00; "
        "1170x2532; 812345678; IABMV/1)",
        "Instagram 408.0.0.51.78 Android (35/15; 420dpi; 1080x2400; Google/google; Pixel 6; "
        "oriole; oriole; en_US; 812345678)",
    ],
    "Threads": [ANDROID.format("Pixel 6") + THREADS.format(each) for each in DEVICES[:6]],
    "Facebook": [
        ANDROID.format("moto g54 5G") + " [FB_IAB/FB4A;FBAV/540.0.0.42.99;IABMV/1;]",
        ANDROID.format("motorola edge 40") + " [FB_IAB/FB4A;FBAV/540.0.0.42.99;]",
        ANDROID.format("Pixel 6")
        + " [FBAN/FB4A;FBAV/540.0;FBBV/8;FBDM/{density=2.6};FBLC/ja_JP;FBCR/NTT DOCOMO;"
        "FBMF/Google;FBBD/google;FBPN/com.facebook.katana;FBDV/Pixel 6;FBSV/15;FBOP/1;]",
        ANDROID.format("SC-51D")
        + " [FBAN/FB4A;FBAV/540.0;FBCR/docomo;FBMF/motorola;FBBD/motorola;FBDV/moto g;FBSV/15;]",
        IPHONE + " [FBAN/FBIOS;FBAV/540.0.0.35.89;FBBV/8;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;"
        "FBSV/18.5;FBSS/3;FBCR/docomo;FBID/phone;FBLC/ja_JP;FBOP/80]",
        IPHONE
        + " [FBAN/MessengerForiOS;FBAV/470.0;FBDV/iPhone14,5;FBCR/Wanadoo;FBLC/fr_FR;FBOP/5]",
        ANDROID.format("Pixel 6") + " [FB_IAB/Orca-Android;FBAV/470.0.0.33.108;]",
    ],
    "TikTok": [
        ANDROID.format("Pixel 7") + " trill_420205 Channel/googleplay AppName/musical_ly "
        "ByteLocale/en ByteFullLocale/en Region/US BytedanceWebview/d8a21c6",
        "Mozilla/5.0 (Linux; Android 13; SM-A515F) AppleWebKit/537.36 Chrome/119.0.0.0 Mobile "
        "Safari/537.36 musical_ly_2023205030 JsSdk/1.0 NetType/WIFI Channel/googleplay "
        "AppName/musical_ly app_version/32.5.3 ByteLocale/en Region/US",
        ANDROID.format("CUBOT P80") + " trill_420205 JsSdk/1.0 NetType/4G Channel/googleplay "
        "AppName/trill app_version/42.2.5 BytedanceWebview/d8a21c6",
        ANDROID.format("TECNO KJ5") + " musical_ly_2024 Channel/motorola AppName/musical_ly",
        IPHONE + " musical_ly_42.2.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/en "
        "Region/US FalconTag/3A9A BytedanceWebview/d8a21c6",
        IPHONE + " BytedanceWebview/d8a21c6",
        ANDROID.format("Pixel 7") + " lemon8 Channel/googleplay AppName/lemon8 Region/US",
    ],
    "Snapchat": [
        ANDROID.format("Pixel 7") + " Snapchat/13.60.0.45 (Pixel 7; Android 15#13455#35; gzip; )",
        ANDROID.format("moto g54")
        + " Snapchat/13.60.0.45 (motorola moto g54 5G; Android 15#1#35;)",
        IPHONE + " Snapchat/13.60.0.38 (like Safari/8621.2.5.10.10, panda)",
    ],
    "LINE, KakaoTalk, WeChat": [
        ANDROID.format("Pixel 7a") + " Line/15.17.0/IAB",
        ANDROID.format("docomo SO-52C") + " Line/15.17.0/IAB",
        IPHONE + " Safari Line/15.17.0",
        ANDROID.format("SM-S918N") + " KAKAOTALK/25.9.2 (INAPP)",
        ANDROID.format("SM-S918N") + ";KAKAOTALK 2602920",
        IPHONE + " KAKAOTALK 25.9.2 (INAPP)",
        ANDROID.format("SM-S918N") + " DaumApps/7.9.1 DaumDevice/mobile Daumapps/7.9.1 (daum)",
        IPHONE + " DaumApps/7.9.1 DaumDevice/mobile",
        ANDROID.format("V2309A") + " XWEB/1420053 MMWEBSDK/20250804 MMWEBID/2401 "
        "MicroMessenger/8.0.63.2920(0x28003F3A) WeChat/arm64 Weixin GPVersion/1 "
        "NetType/WIFI Language/en ABI/arm64",
        IPHONE + " MicroMessenger/8.0.63(0x18003f2c) NetType/WIFI Language/en",
        ANDROID.format("PJD110")
        + " MQQBrowser/6.2 TBS/046295 Mobile Safari/537.36 V1_AND_SQ_9.1.5 "
        "QQ/9.1.5 NetType/4G WebP/0.4.1 Pixel/1080",
        "Mozilla/5.0 (Linux; U; Android 14; zh-cn; 23013RK75C) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Version/4.0 Chrome/121.0 MQQBrowser/15.8 Mobile Safari/537.36 COVC/047601",
    ],
    "Pinterest, LinkedIn, Reddit, X, Telegram": [
        ANDROID.format("Pixel 7") + " [Pinterest/Android]",
        IPHONE + " [Pinterest/iOS]",
        ANDROID.format("moto g54") + " [LinkedInApp]/4.1.1099",
        IPHONE + " [LinkedInApp]/9.31.6421",
        IPHONE + " Twitter for iPhone/11.35",
        ANDROID.format("Pixel 7") + " TwitterAndroid",
        ANDROID.format("Pixel 7") + " Reddit/Version 2025.44.0/Build 2544000/Android 15",
        ANDROID.format("Google Pixel 7")
        + " Telegram-Android/12.1.1 (Google Pixel 7; Android 15; SDK 35; HIGH)",
        ANDROID.format("Pixel 6") + " WhatsApp/2.25.31.76",
        IPHONE + " WhatsApp/25.31.80",
        WINDOWS + " WhatsApp/2.2540.10 Electron/38.1.0",
        WINDOWS + " Trello/2.15 Electron/31.0",
    ],
    "Naver, Yahoo! Japan, Baidu, Sogou, Yandex, Rambler": [
        ANDROID.format("SM-S918N") + " NAVER(inapp; search; 2000; 12.14.31)",
        IPHONE + " NAVER(inapp; search; 2000; 12.14.31; 14)",
        ANDROID.format("SM-S918N") + " Whale/1.0.0.0 Crosswalk/29.103.0.16 NAVER(inapp; blog)",
        ANDROID.format("SO-52C") + " YJApp-ANDROID jp.co.yahoo.android.yjtop/3.199.0",
        ANDROID.format("SO-52C") + " YJApp-ANDROID jp.co.yahoo.android.news/4.51.0",
        IPHONE + " YJApp-IOS jp.co.yahoo.ipn.appli/4.210.0",
        IPHONE + " Yahoo! Mail/7.70 com.yahoo.Aerogram",
        ANDROID.format("V2309A") + " bd_baiduboxapp/13.90 baiduboxapp/13.90.0.10 (Baidu; P1 14)",
        IPHONE + " SP-engine/3.41.0 main/1.0 baiduboxapp/13.90.5.10 (Baidu; P2 18.5) NABar/1.0",
        ANDROID.format("V2309A") + " baidubrowser/7.19.13.0 (Baidu; P1 14)",
        IPHONE + " baidumap_IPHO/20.5.10 baidu_tieba/12.80",
        ANDROID.format("V2309A") + " T7/13.90 SearchCraft/3.9.1 (Baidu; P1 14)",
        ANDROID.format("V2309A") + " SogouMSE,SogouMobileBrowser/12.2.8",
        ANDROID.format("V2309A") + " SogouSearch Android1.0 version3.0",
        "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/80.0.3987.87 Safari/537.36 SE 2.X MetaSr 1.0",
        ANDROID.format("Pixel 6") + " YandexSearch/25.96 YandexSearchWebView/25.96",
        "Mozilla/5.0 (Linux; arm_64; Android 15; Pixel 6) "
        + DESKTOP
        + " YaBrowser/25.10.1.90.00 SA/3 Yandex",
        IPHONE + " YaBrowser/25.10.3.512.10 YaApp_iOS/2510.1 YaApp_iOS_Browser/2510.1 Yandex/1.0",
        WINDOWS + " YaBrowser/25.10.0.0 Yowser/2.5",
        WINDOWS + " Yandex.Browser/25.10",
    ],
    "Google": [
        IPHONE + " GSA/392.0.820 Mobile/15E148 Safari/604.1",
        ANDROID.format("Pixel 8") + " GSA/16.42.53.29.arm64",
        ANDROID.format("Pixel 8") + " GoogleApp/16.42.53.29.arm64",
        ANDROID.format("Pixel 8") + " com.google.android.googlequicksearchbox/301642",
        IPHONE + " GoogleApp/392.0 com.google.GoogleMobile/392.0.820",
        ANDROID.format("Pixel 8") + " com.google.android.apps.magazines/2025",
        ANDROID.format("Pixel 8") + " GoogleNewsApp/5.140 (com.google.android.apps.magazines)",
        WINDOWS + ",gzip(gfe) (via translate.google.com)",
        "Mozilla/5.0 (Linux; Android 14; Google TV Streamer Build/UTT1; wv) " + CHROME,
        "Mozilla/5.0 (X11; CrOS x86_64 16433.41.0) " + DESKTOP + " Google Chrome",
        PHONE.format("Google Pixel 9a"),
    ],
    "MIUI, Huawei, Samsung, UC, vivo, OPPO": [
        "Mozilla/5.0 (Linux; U; Android 14; en-us; 23013PC75G Build/UKQ1.230804.001) "
        "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0 Mobile Safari/537.36 "
        "XiaoMi/MiuiBrowser/14.25.0-gn",
        "Mozilla/5.0 (Linux; U; Android 12; zh-cn; zeus Build/SKQ1) "
        + MOBILE
        + " XiaoMi/MiuiBrowser/17.8.2",
        "Mozilla/5.0 (Linux; Android 12; JNY-LX1; HMSCore 6.15.0.302) AppleWebKit/537.36 (KHTML, "
        "like Gecko) Chrome/114.0.5735.196 HuaweiBrowser/16.0.6.300 Mobile Safari/537.36",
        "Mozilla/5.0 (Phone; OpenHarmony 5.0) " + MOBILE + " ArkWeb/4.1.6.1 HuaweiBrowser/5.0",
        PHONE.format("ANE-LX1") + " HMSCore/6.15.0.302 GMSCore/25.42",
        PHONE.format("SM-A013G Galaxy A01 Core").replace("Chrome", "SamsungBrowser/28.0 Chrome"),
        "Mozilla/5.0 (Linux; U; Android 13; en-US; RMX3630) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Version/4.0 Chrome/123.0 UCBrowser/14.5.0.1306 U4Core/1.0 Mobile Safari/537.36",
        PHONE.format("CPH2591").replace("Chrome", "HeyTapBrowser/45.12 Chrome"),
        PHONE.format("V2230").replace("Chrome", "VivoBrowser/14.5 Chrome"),
        PHONE.format("TECNO SPARK 20C") + " PHX/19.5",
    ],
    "phones": [
        *(
            PHONE.format(f"CUBOT {each}")
            for each in ("X30", "KINGKONG 9", "NOTE 50", "P80", "MAX 5")
        ),
        *(PHONE.format(each) for each in ("motorola edge 40", "motorola one vision", "Motorola G")),
        *(PHONE.format(each) for each in ("motorola razr 2023", "moto g(30)", "XT2345-3")),
        PHONE.format("CROSSCALL Core-X4"),
        PHONE.format("Core-M5"),
        PHONE.format("Titan Pocket"),
        PHONE.format("Titan"),
        PHONE.format("SAMSUNG Galaxy J2 Core"),
        PHONE.format("Galaxy J7 Core"),
        PHONE.format("Custom Phone"),
        PHONE.format("Nokia Strider"),
        PHONE.format("Pioneer P1"),
        PHONE.format("Zeus 5G"),
        PHONE.format("Docomo dtab d-52C"),
        PHONE.format("Voyager 2"),
        PHONE.format("STARFISH Go"),
        PHONE.format("Google Nexus 5X"),
        PHONE.format("YANDEX YNDX-000SB"),
        "Mozilla/5.0 (Linux; U; Android 4.4.2; en-us; CUBOT S308 Build/KOT49H) "
        "AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
        "Mozilla/5.0 (Android 14; Mobile; CUBOT X50; rv:144.0) Gecko/144.0 Firefox/144.0",
        "DoCoMo/2.0 N905i(c100;TB;W24H16)",
        "Mozilla/5.0 (Linux; U; Sailfish 4.0; Mobile; rv:91.0) Gecko/91.0 SailfishBrowser/1.0",
        "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
    ],
    "television sets": [
        "Mozilla/5.0 (Linux; Andr0id 9; BRAVIA 4K) " + DESKTOP + " OPR/46.0 HbbTV/1.5.1 "
        "(+DRM; Sony; KD-55XG8096; PKG6; Sony; ) FVC/4.0",
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        "108.0.5359.1/8.0 TV Safari/537.36 HbbTV/1.6.1 (+DRM;Samsung;SmartTV2024)",
        "Mozilla/5.0 (Web0S; Linux/SmartTV) "
        + DESKTOP
        + " HbbTV/1.5.1 (+DRM; LGE; 55UP; 03.1; W21)",
        "HbbTV/1.2.1 (;Pioneer;PLE-50;1.0;;)",
        "Opera/9.80 (Linux mips; U; HbbTV/1.1.1 (; Pioneer; 43; 1.0; 2013; ); en) Presto/2.10 "
        "Version/11.60",
        "Mozilla/5.0 (Linux armv7l) " + DESKTOP + " HbbTV/1.6.1 (+DRM;PHILIPS;PUS8319;1;TITANOS;) "
        "TitanOS/3.0 (Philips PUS8319)",
        "Mozilla/5.0 (Linux; Android 11; motorola Smart TV) "
        + DESKTOP
        + " HbbTV/1.5.1 (;Motorola;)",
        "Mozilla/5.0 (X11; Linux armv7l) " + DESKTOP + " Sunrise TV UPC_Horizon/1.0",
    ],
    "browsers and programs": [
        "Mozilla/5.0 (Windows NT 6.1; rv:41.0) Gecko/20100101 Firefox/41.0 AlexaToolbar/alxf-2.21",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Alexa Toolbar; Wanadoo 6.7)",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; FunWebProducts; MyWebSearch; yie8)",
        "Mozilla/4.0 (compatible; MSIE 9.0; Windows NT 6.1; docomo; Orange 8.0; Wanadoo 7.2)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Cortana 1.17.0.19041; 10.0.0.0.19045.3) "
        + DESKTOP,
        WINDOWS + " Cursor/1.7.54 Electron/34.5.8",
        WINDOWS + " Grammarly/1.2.180 Electron/37.2",
        WINDOWS + " coc_coc_browser/140.0",
        "Mozilla/5.0 (Windows NT 10.0; WOW64) " + DESKTOP + " CoRom/141.0",
        IPHONE + " DuckDuckGo/7 Safari/605.1.15",
        PHONE.format("K") + " OPR/91.0 EdgA/141.0",
        PHONE.format("Pixel 8").replace("Mobile Safari", "Mobile DuckDuckGo/5 Safari"),
        IPHONE + " Flipboard/4.3",
        ANDROID.format("Pixel 8") + " FlashScore/5.9 SofaScore",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + DESKTOP + " Slack_SSB/4.46",
    ],
}
