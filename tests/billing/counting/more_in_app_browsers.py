# ruff: noqa: E501  (user agents are long)
"""More user agents of people, by apps that came up later. Of our own making as well."""

from tests.billing.counting.in_app_browsers import (
    ANDROID,
    APPS,
    CHROME,
    DESKTOP,
    IPHONE,
    MOBILE,
    PHONE,
    WEBKIT,
    WINDOWS,
)

ALL_APPS = APPS | {
    "many more": [
        ANDROID.format("Pixel 8") + " KAKAOSTORY/7.20",
        ANDROID.format("SM-S918N") + " BAND/20.5.0 (Android OS 14;SM-S918N)",
        ANDROID.format("RMX3630") + " Zalo android/24110 ZaloTheme/light ZaloLanguage/vi",
        IPHONE + " Zalo iOS/511 ZaloTheme/light",
        ANDROID.format("Pixel 8")
        + " VKAndroidApp/8.100-22222 (Android 14; SDK 34; arm64-v8a; Google Pixel 8; ru; 2400x1080)",
        ANDROID.format("zeus")
        + " VKAndroidApp/8.100-22222 (Android 14; SDK 34; arm64-v8a; Xiaomi 2201122G; ru; 3200x1440)",
        ANDROID.format("motorola") + " OKApp OKAndroid/24.11.1 b24111 OS/14 (motorola edge 40)",
        WINDOWS + " discord/1.0.9175 Electron/32.2.7",
        WINDOWS + " Teams/1.6.00.4472 Electron/19.1.8",
        WINDOWS + " Skype/8.128.0.207 Electron/31",
        WINDOWS + " Notion/3.14.0 Electron/30",
        WINDOWS + " obsidian/1.7.7 Electron/33",
        WINDOWS + " Code/1.96 Electron/32",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "
        + DESKTOP
        + " Trae/1.107.1 Electron/39.2.7",
        WINDOWS + " ZoomWebKit/537",
        ANDROID.format("SO-51B") + " Line/15.17.0/IAB LIFF",
        ANDROID.format("Pixel")
        + " YahooMobileMail/1.0 (Android Mail; 7.40) (sailfish;google;Pixel;15;2560x1440;)",
        ANDROID.format("SO-51B") + " SmartNews/25.1",
        IPHONE + " Feedly/96.0",
        ANDROID.format("Pixel 8") + " GoogleLens/1.17",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/144.0 Mobile/15E148 Safari/605.1.15",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1 (Ecosia ios@11.2.0.1)",
        PHONE.format("K") + " (Ecosia android@136.0.0.0)",
        PHONE.format("Puffin") + " Puffin/10.4.0.51691AP",
        PHONE.format("KFTRWI") + " Silk/140.1",
        ANDROID.format("V2309A") + " Quark/7.4.5.680",
        ANDROID.format("V2309A")
        + " NebulaSDK/1.8.100112 Nebula AliApp(AP/10.6.8.8000) AlipayClient/10.6.8.8000 Language/zh-Hans",
        ANDROID.format("V2309A") + " AliApp(TB/10.30.0) WindVane/8.5.0 1080X2400 UCBS/2.11.1.1",
        ANDROID.format("V2309A") + " DingTalk/7.6.10",
        IPHONE + " Weibo (iPhone14,5__weibo__14.1.1__iphone__os18.5)",
        ANDROID.format("V2309A")
        + " NewsArticle/9.8.1 ToutiaoMicroApp/2.0 TTWebView/123 Channel/huawei",
        ANDROID.format("V2309A")
        + " aweme_310200 JsSdk/1.0 NetType/WIFI Channel/xiaomi AppName/aweme",
        ANDROID.format("V2309A") + " Kwai/12.4 Kwai_Pro ISLP/0",
        IPHONE + " xhsdiscover/8.60 XHS/1",
        ANDROID.format("V2309A") + " BiliApp/8010400 mobi_app/android channel/google",
        ANDROID.format("V2309A")
        + " ZhihuHybrid osee2unifiedRelease/4318 com.zhihu.android/Futureve/10.2",
        "jdapp;android;13.1.0;;;network/wifi;Mozilla/5.0 (Linux; Android 14; V2309A; wv) " + CHROME,
        ANDROID.format("V2309A") + " phh_android_version/7.30.0 pversion/0",
        ANDROID.format("RMX3630") + " Shopee/3.20 language/id app_type=1",
        ANDROID.format("RMX3630") + " AliApp(LA/7.50) Lazada",
        "Opera/9.80 (Android; Opera Mini/36.2.2254/191.303; U; ru) Presto/2.12.423 Version/12.16",
        PHONE.format("JioPhone") + " JioPages/3.0",
        "Mozilla/5.0 (PlayStation; PlayStation 5/8.20) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15",
        "Mozilla/5.0 (Nintendo Switch; WebApplet) AppleWebKit/613.0 (KHTML, like Gecko) NF/6.0.3.27.2 NintendoBrowser/5.1.0.13343",
        "Mozilla/5.0 (Windows; U; Windows NT 10.0; en-US; Valve Steam GameOverlay/1700; ) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.183 Safari/537.36",
        "Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.7103.92 Safari/537.36 Tesla/2025.14.3-abc",
        "Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) AppleWebKit/531.2+ (KHTML, like Gecko) Version/5.0 Safari/533.2+ Kindle/3.0+",
        "Mozilla/5.0 (Linux; U; Android 2.0; en-us;) AppleWebKit/538.1 (KHTML, like Gecko) Version/4.0 Mobile Safari/538.1 (Kobo Touch 0373/4.38.23171)",
        "Mozilla/5.0 (Linux; Android 12; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) OculusBrowser/35.0 SamsungBrowser/4.0 Chrome/126.0 VR Safari/537.36",
        "Mozilla/5.0 (Linux; U; Linux; en-us) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90 Safari/537.36 VIDAA/6.0 (Hisense;SmartTV;55A6;MTK9602)",
        "Mozilla/5.0 (X11; Linux armv7l) " + DESKTOP + " CrKey/1.56.500000",
        "Opera/9.80 (Linux armv7l; HbbTV/1.2.1 (; Philips; 40; ; PHILIPSTV; CE-HTML/1.0 NETTV/4.4.1 SmartTvA/3.0.0 Firmware/ en) ) Presto/2.12.407 Version/12.50",
        "Mozilla/5.0 (Linux; Android 10; Redmi Note 8 MIUI/V12.0.3.0.QCOMIXM) " + MOBILE,
        "Mozilla/5.0 (Linux; Android 9; ONEPLUS A6003) "
        + MOBILE
        + ' OcIdWebView ({"os":"Android","osVersion":"28","app":"com.google.android.gms","appVersion":"226","style":2,"isDarkTheme":false})',
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) "
        + WEBKIT
        + ' OcIdWebView ({"os":"iOS","osVersion":"18.5","app":"com.google.Gmail","appVersion":"6.0.25","style":2})',
        IPHONE + " Snapchat/13.60.0.38 (iPhone14,5; iOS 18.5; gzip)",
        IPHONE + " [Pinterest/iOS] motorola",
        ANDROID.format("moto g(60)") + " [Pinterest/Android]",
        ANDROID.format("CUBOT MAX 3") + " [LinkedInApp]",
        ANDROID.format("CUBOT MAX 3") + " Line/15.1.0/IAB",
        ANDROID.format("Nokia 8110")
        + " Barcelona 300.0.0.29.110 Android (30/11; 280dpi; 720x1439; HMD Global/Nokia; Nokia 2.4; WSP_sprout; mt6762; de_DE; 525)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 300.0.0.29.110 (iPhone12,1; iOS 16_0; ja_JP; ja; scale=2.00; 828x1792; 500000000)",
        ANDROID.format("Pixel 6")
        + " Instagram 300.0.0.29.110 Android (33/13; 420dpi; 1080x2205; Google/google; Pixel 6; oriole; oriole; en_US; 12345) NV/1",
        ANDROID.format("SM-G990B")
        + " Instagram 300.0.0.29.110 Android (33/13; 420dpi; 1080x2205; samsung; SM-G990B; r9q; qcom; en_US; google/12345)",
        ANDROID.format("Redmi")
        + " [FB_IAB/FB4A;FBAV/400.0.0.37.76;FBBK/1;FBDV/Redmi;FBMF/Xiaomi;FBCR/Google Fi;]",
        ANDROID.format("Pixel 6") + " [FB_IAB/MESSENGER;FBAV/400;FBCR/Google Fi] FBNV/1",
        ANDROID.format("Pixel 6")
        + " FBAN/EMA;FBBV/531;FBAV/380.0.0.9.107;FBDV/Pixel 6;FBLC/en_US;FBMF/Google;FBBD/google;FBCR/Google Fi",
        ANDROID.format("Moto G Play")
        + " FBAN/EMA;FBBV/531;FBAV/380.0;FBDV/moto g play;FBLC/en_US;FBMF/motorola;FBBD/motorola;FBCR/;",
        ANDROID.format("Pixel 6") + " MetaIAB Facebook",
        ANDROID.format("Pixel 6") + " Flipboard/4.2.100/5261,4.2.100.5261",
        ANDROID.format("Pixel 6") + " Google Pixel 6/SQ3A OS/15",
        ANDROID.format("SH-53D") + " NTTDOCOMO/SH-53D",
        "Mozilla/5.0 (Linux; Android 13; SH-53D Build/S1234; wv) " + CHROME + " d-menu docomo/1.0",
        ANDROID.format("SM-S918N") + " NAVER(higgs; search; 2000; 12.14.31)",
        ANDROID.format("SM-S918N") + " NAVER(inapp; cafe; 500; 4.1) Pixel",
        "Mozilla/5.0 (Mobile; LYF/F90M/LYF-F90M-000-02-28-121118; Android; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        "Mozilla/5.0 (Linux; Android 7.1.2; Redmi 4X) "
        + MOBILE
        + " YaApp_Android/10.91 YaSearchBrowser/10.91",
        "Mozilla/5.0 (Linux; Android 10; YNDX-000SB) " + MOBILE + " YandexBrowser/25",
        "Mozilla/5.0 (Linux; Android 10; Mi Box; Google Cast) " + DESKTOP + " CrKey/1.5",
        "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/55 Safari/537.36 MRCHROME SOC CHANNEL_mail",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + DESKTOP + " Atom/26 (mail.ru)",
        ANDROID.format("moto e7") + " mail.ru/15.40 (motorola; moto e7)",
        "Mozilla/5.0 (Linux; Android 8.0.0; Nexus 5X) " + MOBILE + " GoogleGo/3.5",
        ANDROID.format("Nokia 1") + " com.google.android.apps.searchlite/4",
        "Mozilla/5.0 (Linux; Android 14; CUBOT_NOTE_S) " + MOBILE,
        "Mozilla/5.0 (Linux; Android 7.0; CUBOT_MAX Build/NRD90M) " + MOBILE,
        "Mozilla/5.0 (Linux; Android 6.0; CUBOT DINOSAUR Build/MRA58K; wv) "
        + CHROME
        + " [FB_IAB/FB4A;FBAV/300;]",
        "Mozilla/5.0 (Linux; Android 13; moto g pure Build/S3RH32.20-42-10-9; wv) "
        + CHROME
        + " GSA/15.2.36.28.arm64",
        "Mozilla/5.0 (Linux; U; Android 4.4; en-us; Motorola DROID RAZR Build/9.8.2O-72) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
        "MOT-V3r/08.BD.43R MIB/2.2.1",
        "Mozilla/5.0 (Linux; Android 5.1; core33g) " + MOBILE,
        "SAMSUNG-GT-S5620/S5620XEJI1 SHP/VPP/R5 Dolfin/2.0 NexPlayer/3.0 SMM-MMS/1.2.0 profile/MIDP-2.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) QuiteRSS/0.19.4 Version/10.0 Safari/538.1",
        "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119 Mobile Safari/537.36 Ecosia",
        "Mozilla/5.0 (compatible; MSIE 9.0; Windows Phone OS 7.5; Trident/5.0; IEMobile/9.0; NOKIA; Lumia 800)",
        "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0 Mobile Safari/537.36 Edge/15.14977",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; WOW64; Trident/6.0; Google Toolbar; GTB7.5; SearchToolbar 1.2)",
        "Mozilla/5.0 (Windows NT 5.1; rv:12.0) Gecko/20100101 Firefox/12.0 (via Google Chrome Frame)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; yie11; rv:11.0) like Gecko",
        "Mozilla/5.0 (Windows NT 6.1; Win64; x64; Yahoo! toolbar) " + DESKTOP,
        IPHONE + " YahooMobile/1.0 (mail; 5.1)",
        IPHONE + " Yahoo/1.0 (sports)",
        ANDROID.format("Pixel 6") + " YJApp-ANDROID jp.co.yahoo.android.ybrowser/3.28.1",
        IPHONE + " jp.co.yahoo.ipn.appli/4.156.1 YJApp-IOS",
        ANDROID.format("V2309A") + " baiduboxapp/13.5 bdhonorbrowser/8",
        ANDROID.format("V2309A") + " lite baiduboxapp/6.10 (Baidu; P1 12)",
        ANDROID.format("V2309A") + " tieba/12.50.1 skin/default",
        ANDROID.format("V2309A") + " BDTB baidumap_ANDR/19",
        ANDROID.format("HLK-AL00") + " HMSCore 6.13.0.302 HuaweiBrowser/15",
        "Mozilla/5.0 (Linux; Android 10; LIO-AL00 Build/HUAWEILIO-AL00; HMSCore 6.11.0.302; wv) "
        + CHROME,
        "Mozilla/5.0 (Linux; Android 14; Google Pixel 6 Build/AP2A) " + MOBILE + " Viber/21.5",
        ANDROID.format("Pixel 8") + " TelegramBrowser",
        ANDROID.format("Pixel 8") + " SearchCraft/3.6 Gmail",
        IPHONE + " Google/392 (iPhone; iOS)",
    ]
}

ALL = [agent for agents in ALL_APPS.values() for agent in agents]
